"""Spectral networks: our engine against the plain implementation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from napari_udt.bench.machine import in_turn, matrix_peak_gflops, timed, watch_memory
from napari_udt.bench.plain import PlainSpectralCINN
from napari_udt.inference.spectral_engine import SpectralPlan
from napari_udt.inference.spectral_steps import coupling_blocks, last_conditional
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

    @classmethod
    def of(
        cls,
        network: str,
        device: str,
        counts: tuple[int, int],
        seconds: tuple[float, float],
        *,
        flop_per_spectrum: int,
        peak_gflops: float,
        peak_memory_mb: float,
        errors: tuple[float, float],
    ) -> SpectralResult:
        """Return the figures that follow from what was measured; pairs are (engine, plain)."""
        (spectra, plain_spectra), (engine_s, plain_s) = counts, seconds
        gflops = flop_per_spectrum * spectra / engine_s / 1e9
        return cls(
            network=network,
            device=device,
            spectra=spectra,
            engine_s=engine_s,
            plain_s=plain_s,
            plain_spectra=plain_spectra,
            ratio=(plain_s / plain_spectra) / (engine_s / spectra),
            spectra_per_s=spectra / engine_s,
            gflops=gflops,
            share_of_peak=gflops / peak_gflops,
            peak_gflops=peak_gflops,
            peak_memory_mb=peak_memory_mb,
            max_error_of_range=errors[0],
            plain_error_of_range=errors[1],
        )

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
    rivals = _Rivals(network, device)
    errors = rivals.errors()
    return [_case(name, rivals, count, repeats, errors) for count in counts]


def _case(
    name: str, rivals: _Rivals, count: int, repeats: int, errors: tuple[float, float]
) -> SpectralResult:
    x, entries = rivals.spectra(count)
    some, device = min(count, PLAIN_SHARE), rivals.device
    part, conditions = x[:some].to(device), rivals.conditions(entries[:some])
    peak = matrix_peak_gflops(device)
    seconds = in_turn(
        lambda: rivals.plan(x, entries, narrow=count == 1),
        lambda: rivals.plain.transfer(part, *conditions),
        repeats=repeats if count >= CUBE else 10 * repeats,
        device=device,
    )
    peak = max(peak, matrix_peak_gflops(device))
    with watch_memory() as memory:
        timed(lambda: rivals.plan(x, entries), device)
    return SpectralResult.of(
        name,
        device,
        (count, some),
        (seconds[0], seconds[1]),
        flop_per_spectrum=flop_per_spectrum(rivals.network),
        peak_gflops=peak,
        peak_memory_mb=max(0.0, memory.above_start_mb - x.nbytes / 1e6),  # without the result itself
        errors=errors,
    )


class _Rivals:
    """The two ways through one network, under the same conditions."""

    def __init__(self, network: SpectralCINN, device: str) -> None:
        torch.manual_seed(1)
        self.network, self.device = network, device
        width = coupling_blocks(network)[0].condition_channels
        self._source, self._target = (torch.rand(TISSUES, width) for _ in range(2))
        if network.transport is not None:
            self._source, self._target = (_conditions(width, real) for real in (0.05, 0.95))
        self.plain = PlainSpectralCINN(network).to(device)
        self.plan = SpectralPlan(network, self._source, self._target, device=device)

    def spectra(self, count: int) -> tuple[Tensor, Tensor]:
        """Draw spectra (count, 100) and their tissue entries; what whitens first gets such as it expects."""
        x, entries = torch.randn(count, 100), torch.randint(TISSUES, (count,))
        if self.network.transport is not None:
            with torch.no_grad():
                x, _ = self.network.cpu().inverse(x, self._source[entries])
        return x, entries

    def conditions(self, entries: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the plain way needs for spectra of these tissue entries."""
        return self._source[entries].to(self.device), self._target[entries].to(self.device)

    def errors(self) -> tuple[float, float]:
        """Return the largest errors (engine, plain) against float64, over the output's range."""
        x, entries = self.spectra(CHECKED)
        source, target = self._source[entries].double(), self._target[entries].double()
        exact = PlainSpectralCINN(self.network).double().transfer(x.double(), source, target)
        theirs = self.plain.transfer(x.to(self.device), *self.conditions(entries)).cpu()
        return error_of_range(self.plan(x, entries), exact), error_of_range(theirs, exact)


def _conditions(width: int, real: float) -> Tensor:
    """Conditions (tissues, width) in one domain: every class, then none known."""
    classes = torch.full((TISSUES, width - 2), 1 / max(width - 2, 1))
    for index in range(min(width - 2, TISSUES)):
        classes[index] = torch.eye(width - 2)[index]
    return torch.cat((torch.tensor([[1 - real, real]]).expand(TISSUES, 2), classes), dim=1)


def error_of_range(result: Tensor, exact: Tensor) -> float:
    """Return the largest deviation from the exact values, in parts of their range."""
    return float((result - exact).abs().max() / (exact.max() - exact.min()))


def flop_per_spectrum(network: SpectralCINN) -> int:
    """Floating-point operations of the matrix products that a transfer cannot avoid."""
    blocks = coupling_blocks(network)[: last_conditional(network)]
    one_way = sum(2 * b.passive_count * _width(b) + 2 * _width(b) * 2 * b.active_count for b in blocks)
    if network.transport is not None:
        one_way += 2 * network.transport.colouring.shape[-1] ** 2
    return 2 * one_way


def _width(block: CouplingBlock) -> int:
    return int(block.subnet[0].out_features)  # type: ignore[index]
