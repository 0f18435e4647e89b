"""Texture of photoacoustic images: how uneven tissue looks, and how sharp vessels stand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

_FEWEST_PIXELS = 10
_EDGE_SIGMA = 1.0  # pixels over which a gradient is taken


@dataclass(frozen=True)
class Texture:
    """Medians over images at one wavelength.

    Parameters
    ----------
    skin, background : float
        Standard deviation of the logarithm of the signal inside the epidermis, and inside muscle and fat: for small
        values the coefficient of variation of the signal.
    sharpness_per_pixel : float
        Gradient of the signal at the vessels' outlines over the difference of their levels inside and outside.
    dark_share : float
        Share of the skin and background pixels that are not positive and were left out.
    """

    skin: float
    background: float
    sharpness_per_pixel: float
    dark_share: float


def texture(
    pictures: Floats,
    labels: NDArray[Any],
    skin: Sequence[int],
    background: Sequence[int],
    vessels: Sequence[int],
) -> Texture:
    """Measure the texture of pictures (n, H, W) of one wavelength with labels of the same shape.

    Parameters
    ----------
    pictures, labels : array, shape (n, H, W)
    skin, background, vessels : sequence of int
        Labels of the tissues.
    """
    pictures = np.asarray(pictures, dtype=np.float64)
    tissue = np.isin(labels, [*skin, *background])
    return Texture(
        skin=_median([heterogeneity(p[np.isin(k, skin)]) for p, k in zip(pictures, labels, strict=True)]),
        background=_median(
            [heterogeneity(p[np.isin(k, background)]) for p, k in zip(pictures, labels, strict=True)]
        ),
        sharpness_per_pixel=_median(
            [edge_sharpness(p, np.isin(k, vessels)) for p, k in zip(pictures, labels, strict=True)]
        ),
        dark_share=float(np.mean(pictures[tissue] <= 0)) if tissue.any() else float("nan"),
    )


def heterogeneity(values: Floats) -> float:
    """Standard deviation of ln(values) over the positive ones; NaN for fewer than ten."""
    positive = values[values > 0]
    return float(np.std(np.log(positive))) if len(positive) >= _FEWEST_PIXELS else float("nan")


def edge_sharpness(picture: Array, mask: NDArray[np.bool_]) -> float:
    """Median gradient across the outline of ``mask`` over the step between both sides, per pixel.

    The gradient is taken along the outline's normal, with Gaussians of one pixel; the step is between the median
    inside and the median in a rim of three pixels around. An ideal step edge gives about 0.35, a blurred one less.
    NaN where there is no region or no step.
    """
    from scipy.ndimage import binary_dilation, binary_erosion

    outline = mask & ~binary_erosion(mask)
    rim = binary_dilation(mask, iterations=4) & ~binary_dilation(mask)
    if mask.sum() < _FEWEST_PIXELS or not rim.any():
        return float("nan")
    step = np.median(picture[mask]) - np.median(picture[rim])
    normal = _gradient(mask.astype(np.float64))
    length = np.linalg.norm(normal, axis=0)
    across = (_gradient(picture) * normal).sum(axis=0)[outline] / length[outline]
    return float(np.median(across) / step) if step else float("nan")


def _gradient(picture: Array) -> Array:
    from scipy.ndimage import gaussian_filter

    return np.stack([gaussian_filter(picture, _EDGE_SIGMA, order=order) for order in ((1, 0), (0, 1))])


def _median(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")
