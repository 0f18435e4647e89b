"""UNIT and CycleGAN on spectra: their linear stacks multiplied out against the stacks as they are."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from napari_udt.bench.machine import in_turn, matrix_peak_gflops, timed, watch_memory
from napari_udt.bench.spectral import CHECKED, SpectralResult, error_of_range
from napari_udt.models.autoencoders import spectral_pair

# (hidden width, latent width, linear layers before the activation) of the published configurations
PUBLISHED = {"published UNIT size": (500, 20, 4), "published CycleGAN size": (1000, 100, 8)}
CHANNELS = 100
_BATCH = 8192


class PlainAutoencoder(nn.Module):
    """Encoder and decoder layer by layer, as the authors' configuration builds them (see the method's notes)."""

    def __init__(self, hidden: int, latent: int, layers: int) -> None:
        super().__init__()
        stack = [nn.Linear(CHANNELS, hidden), *(nn.Linear(hidden, hidden) for _ in range(layers - 1))]
        self.before = nn.Sequential(*stack, nn.ReLU())
        self.mean, self.spread = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        back = [nn.Linear(latent, hidden), *(nn.Linear(hidden, hidden) for _ in range(layers - 2))]
        self.after = nn.Sequential(*back, nn.Linear(hidden, CHANNELS))
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Transfer spectra (n, channels)."""
        h = self.before(x)
        out: Tensor = self.after(self.mean(h) + self.spread(h))
        return out


def multiplied_out(plain: PlainAutoencoder) -> nn.Module:
    """Return the same function as Linear - ReLU - Linear - Linear, multiplied in float64."""
    latent = plain.mean.out_features
    pair = spectral_pair(CHANNELS, 0, hidden=plain.mean.in_features, latent=latent, activation="relu")
    encoder, decoder = pair.encoders["simulated"], pair.decoders["real"]
    assert isinstance(encoder, nn.Sequential)
    _set(encoder[0], *_product(list(plain.before)[:-1]))
    mean, spread = _product([plain.mean]), _product([plain.spread])
    _set(encoder[2], mean[0] + spread[0], mean[1] + spread[1])
    _set(decoder, *_product(list(plain.after)))
    return nn.Sequential(encoder, decoder).requires_grad_(False)


def _product(layers: list[nn.Module]) -> tuple[Tensor, Tensor]:
    first, *rest = (layer for layer in layers if isinstance(layer, nn.Linear))
    weight, bias = first.weight.double(), first.bias.double()
    for layer in rest:
        weight, bias = layer.weight.double() @ weight, layer.weight.double() @ bias + layer.bias.double()
    return weight, bias


def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    layer.load_state_dict({"weight": weight.float(), "bias": bias.float()})


@torch.inference_mode()
def bench_autoencoder(name: str, count: int, device: str = "cpu", repeats: int = 3) -> SpectralResult:
    """Time one published size on ``count`` spectra."""
    torch.manual_seed(0)
    hidden, latent, layers = PUBLISHED[name]
    plain = PlainAutoencoder(hidden, latent, layers)
    ours = multiplied_out(plain)
    errors = _errors(plain, ours, device)
    ours, plain = ours.to(device), plain.to(device)
    parts = torch.randn(count, CHANNELS, device=device).split(_BATCH)
    peak = matrix_peak_gflops(device)
    seconds = in_turn(
        lambda: [ours(part) for part in parts],
        lambda: [plain(part) for part in parts],
        repeats=repeats,
        device=device,
    )
    with watch_memory() as memory:
        timed(lambda: [ours(part) for part in parts], device)
    return SpectralResult.of(
        name,
        device,
        (count, count),
        (seconds[0], seconds[1]),
        flop_per_spectrum=2 * (CHANNELS * hidden + hidden * latent + latent * CHANNELS),
        peak_gflops=peak,
        peak_memory_mb=memory.above_start_mb,
        errors=errors,
    )


def _errors(plain: PlainAutoencoder, ours: nn.Module, device: str) -> tuple[float, float]:
    x = torch.randn(CHECKED, CHANNELS)
    exact = copy.deepcopy(plain).double()(x.double())
    found = (copy.deepcopy(net).to(device)(x.to(device)).cpu() for net in (ours, plain))
    engine, other = (error_of_range(values, exact) for values in found)
    return engine, other
