"""UNIT and CycleGAN on spectra: their linear stacks multiplied out against the stacks as they are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_udt.bench.machine import in_turn, matrix_peak_gflops, watch_memory
from napari_udt.bench.spectral import CHECKED, SpectralResult
from napari_udt.models.autoencoders import spectral_pair

# (hidden width, latent width, linear layers before the activation) of the published configurations
PUBLISHED = {"published UNIT size": (500, 20, 4), "published CycleGAN size": (1000, 100, 8)}
CHANNELS = 100


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
    ours = multiplied_out(plain).to(device)
    checked = torch.randn(CHECKED, CHANNELS)
    exact = PlainAutoencoder(hidden, latent, layers).double()
    exact.load_state_dict(plain.state_dict())
    truth = exact(checked.double())
    spread = float(truth.max() - truth.min())
    errors = [
        float((net(checked.to(device)).cpu() - truth).abs().max()) / spread
        for net in (ours, plain.to(device))
    ]
    x = torch.randn(count, CHANNELS, device=device)
    peak = matrix_peak_gflops(device)
    engine_s, plain_s = in_turn(
        lambda: [ours(part) for part in x.split(8192)],
        lambda: [plain(part) for part in x.split(8192)],
        repeats=repeats,
        device=device,
    )
    with watch_memory() as memory:
        [ours(part) for part in x.split(8192)]
    gflops = 2 * (CHANNELS * hidden + hidden * latent + latent * CHANNELS) * count / engine_s / 1e9
    return SpectralResult(
        network=name,
        device=device,
        spectra=count,
        engine_s=engine_s,
        plain_s=plain_s,
        plain_spectra=count,
        ratio=plain_s / engine_s,
        spectra_per_s=count / engine_s,
        gflops=gflops,
        share_of_peak=gflops / peak,
        peak_gflops=peak,
        peak_memory_mb=memory.above_start_mb,
        max_error_of_range=errors[0],
        plain_error_of_range=errors[1],
    )
