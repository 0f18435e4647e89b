"""Spectral networks: our engine against the plain implementation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from napari_udt.bench.machine import in_turn, matrix_peak_gflops, timed, watch_memory
from napari_udt.bench.plain import PlainSpectralCINN
from napari_udt.inference.spectral_engine import SpectralPlan, coupling_blocks, last_conditional
from napari_udt.models.coupling import CouplingBlock
from napari_udt.models.spectral_cinn import SpectralCINN

CUBE = 480 * 640
# The plain implementation is timed on this many spectra of a cube: its cost is linear, and a minute is long.
PLAIN_SHARE = 20_000
CHECKED = 2_000
TISSUES = 11


@dataclass(frozen=True)
class SpectralResult:
    """Figures of one case. Times are medians; rates and ratios follow from them."""

    network: str
    device: str
    spectra: int
    engine_s: float
    plain_s: float
    plain_spectra: int
    ratio: float
    spectra_per_s: float
    gflops: float
    share_of_peak: float
    peak_gflops: float
    peak_memory_mb: float
    max_error_of_range: float
    plain_error_of_range: float

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return asdict(self)


def published_network() -> SpectralCINN:
    """Return the published HSI architecture with PyTorch's usual random weights (method: 40 blocks, width 512)."""
    torch.manual_seed(0)
    network = SpectralCINN(100, 12, blocks=40, conditional_blocks=30, width=512, clamp=1.0, initial_scale=0.7)
    for module in network.modules():
        if isinstance(module, torch.nn.Linear):
            module.reset_parameters()
    return network.requires_grad_(False)


def bench_network(
    name: str,
    network: SpectralCINN,
    device: str = "cpu",
    repeats: int = 3,
    counts: tuple[int, ...] = (1, 1000, CUBE),
) -> list[SpectralResult]:
    """Time one network for several numbers of spectra."""
    torch.manual_seed(1)
    width = coupling_blocks(network)[0].condition_channels
    source, target = (torch.rand(TISSUES, width) for _ in range(2))
    plain = PlainSpectralCINN(network).to(device)
    plan = SpectralPlan(network, source, target, device=device)
    errors = _errors(network, plain, plan, source, target, device)
    return [
        _case(name, network, device, count, repeats, plain, plan, source, target, errors) for count in counts
    ]


def _case(
    name: str,
    network: SpectralCINN,
    device: str,
    count: int,
    repeats: int,
    plain: PlainSpectralCINN,
    plan: SpectralPlan,
    source: Tensor,
    target: Tensor,
    errors: tuple[float, float],
) -> SpectralResult:
    x, entries = torch.randn(count, 100), torch.randint(TISSUES, (count,))
    some = min(count, PLAIN_SHARE)
    part, conditions = (
        x[:some].to(device),
        (source[entries[:some]].to(device), target[entries[:some]].to(device)),
    )
    repeats = repeats if count >= CUBE else 10 * repeats
    peak = matrix_peak_gflops(device)
    engine_s, plain_s = in_turn(
        lambda: plan(x, entries, narrow=count == 1),
        lambda: plain.transfer(part, *conditions),
        repeats=repeats,
        device=device,
    )
    peak = max(peak, matrix_peak_gflops(device))
    with watch_memory() as memory:
        timed(lambda: plan(x, entries), device)
    gflops = flop_per_spectrum(network) * count / engine_s / 1e9
    return SpectralResult(
        network=name,
        device=device,
        spectra=count,
        engine_s=engine_s,
        plain_s=plain_s,
        plain_spectra=some,
        ratio=(plain_s / some) / (engine_s / count),
        spectra_per_s=count / engine_s,
        gflops=gflops,
        share_of_peak=gflops / peak,
        peak_gflops=peak,
        peak_memory_mb=max(0.0, memory.above_start_mb - x.nbytes / 1e6),  # without the result itself
        max_error_of_range=errors[0],
        plain_error_of_range=errors[1],
    )


def flop_per_spectrum(network: SpectralCINN) -> int:
    """Floating-point operations of the matrix products that a transfer cannot avoid."""
    blocks = coupling_blocks(network)[: last_conditional(network)]
    one_way = sum(2 * b.passive_count * _width(b) + 2 * _width(b) * 2 * b.active_count for b in blocks)
    return 2 * one_way


def _width(block: CouplingBlock) -> int:
    return int(block.subnet[0].out_features)  # type: ignore[index]


def _errors(
    network: SpectralCINN,
    plain: PlainSpectralCINN,
    plan: SpectralPlan,
    source: Tensor,
    target: Tensor,
    device: str,
) -> tuple[float, float]:
    """Largest error of the engine and of the plain implementation against float64, over the output's range."""
    x, entries = torch.randn(CHECKED, 100), torch.randint(TISSUES, (CHECKED,))
    exact = (
        PlainSpectralCINN(network)
        .double()
        .transfer(x.double(), source[entries].double(), target[entries].double())
    )
    spread = float(exact.max() - exact.min())
    theirs = plain.transfer(x.to(device), source[entries].to(device), target[entries].to(device)).cpu()
    ours, base = (float((result - exact).abs().max()) / spread for result in (plan(x, entries), theirs))
    return ours, base
