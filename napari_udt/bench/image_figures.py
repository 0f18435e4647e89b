"""What is measured of image networks, and the picture that it is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
