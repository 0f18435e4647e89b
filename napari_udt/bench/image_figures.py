"""What is measured of image networks, and the picture that it is measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_udt.bench.machine import in_turn, matrix_peak_gflops, timed, watch_memory
from napari_udt.models.conditions import Conditions

CHANNELS = 16
CLASSES = 7
PICTURE = (128, 256)
# A float64 pass over the whole picture would take longer than all the rest.
ERROR_PICTURE = (64, 128)


@dataclass(frozen=True)
class ImageResult:
    """Figures of one network; see :func:`napari_udt.bench.image.bench_image`."""

    network: str
    engine_s: float
    plain_s: float
    first_s: float
    ratio: float
    gflop: float
    gflops: float
    plain_gflops: float
    peak_gflops: float
    peak_memory_mb: float
    weights_mb: float
    max_error_of_range: float
    plain_error_of_range: float


def smooth_picture(shape: tuple[int, int], scales: int = 0) -> tuple[Tensor, Conditions, Tensor]:
    """Return a smooth picture in a network's units, the maker of its conditions, and labels in horizontal bands."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(1, CHANNELS, 8, 16, generator=generator)
    x = nn.functional.interpolate(coarse, shape, mode="bilinear")
    labels = torch.arange(shape[0])[:, None] * CLASSES // shape[0] * torch.ones(shape, dtype=torch.long)
    return x, Conditions(CLASSES, label_noise_level=0.2, scales=scales), labels[None]


def compare_engines(
    name: str,
    network: nn.Module,
    ways: tuple[Callable[[], Tensor], Callable[[], Tensor]],
    gflop: float,
    errors: Callable[[], tuple[float, float]],
    repeats: int,
) -> ImageResult:
    """Time our engine and the plain network in turn.

    Parameters
    ----------
    name : str
    network : Module
    ways : pair of callable
        One transfer of one picture by the engine, and by the plain network.
    gflop : float
        Floating point operations of a transfer, in 10^9.
    errors : callable
        Returns the largest errors of both against float64, over the output's range; called last, because it prepares the weights.
    repeats : int
    """
    ours, plain = ways
    with watch_memory() as memory:
        first_s = timed(ours)
    peak = matrix_peak_gflops()
    engine_s, plain_s = in_turn(ours, plain, repeats=repeats)
    peak = max(peak, matrix_peak_gflops())
    error, plain_error = errors()
    return ImageResult(
        network=name,
        engine_s=engine_s,
        plain_s=plain_s,
        first_s=first_s,
        ratio=plain_s / engine_s,
        gflop=gflop,
        gflops=gflop / engine_s,
        plain_gflops=gflop / plain_s,
        peak_gflops=peak,
        peak_memory_mb=memory.above_start_mb,
        weights_mb=sum(p.nbytes for p in network.parameters()) / 1e6,
        max_error_of_range=error,
        plain_error_of_range=plain_error,
    )
