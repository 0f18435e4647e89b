"""Texture of photoacoustic images: heterogeneity of tissue, sharpness of vessels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

_FEWEST_PIXELS = 10
_EDGE_SIGMA = 1.0  # pixels over which a gradient is taken
_BAND = 3  # pixels on either side of an outline
_QUANTILE = 0.95


@dataclass(frozen=True)
class Texture:
    """Medians over images at one wavelength.

    Parameters
    ----------
    skin, background : float
        Standard deviation of the logarithm of the signal inside the epidermis, and inside muscle and fat: for small
        values the coefficient of variation of the signal.
    sharpness_per_pixel : float
        Steepest gradient near a vessel's outline over the range of the signal there; median over vessels.
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
    pairs = list(zip(pictures, labels, strict=True))
    tissue = np.isin(labels, [*skin, *background])
    return Texture(
        skin=median_of_known(heterogeneity(p[np.isin(kinds, skin)]) for p, kinds in pairs),
        background=median_of_known(heterogeneity(p[np.isin(kinds, background)]) for p, kinds in pairs),
        sharpness_per_pixel=median_of_known(
            value for p, kinds in pairs for value in edge_sharpness(p, np.isin(kinds, vessels))
        ),
        dark_share=float(np.mean(pictures[tissue] <= 0)) if tissue.any() else float("nan"),
    )


def heterogeneity(values: Floats) -> float:
    """Return the standard deviation of ln(values) over the positive ones; NaN for fewer than ten."""
    positive = values[values > 0]
    return float(np.std(np.log(positive))) if len(positive) >= _FEWEST_PIXELS else float("nan")


def edge_sharpness(picture: Array, mask: NDArray[np.bool_]) -> list[float]:
    """Sharpness of every region of ``mask`` with at least ten pixels, per pixel.

    The steepest gradient (95 % quantile, taken with Gaussians of one pixel) within three pixels of the outline,
    over the range of the signal there (5 to 95 %). The band forgives an image that lies beside its labels, as the
    wrong speed of sound makes it. An ideal step gives about 0.36, a blurred one less; noise counts as edges. A
    region without any range gives NaN.
    """
    from scipy.ndimage import label

    regions, count = label(mask)
    gradient = np.linalg.norm(_gradient(picture), axis=0)
    found = []
    for region in range(1, count + 1):
        inside = regions == region
        if inside.sum() >= _FEWEST_PIXELS:
            band = _band(inside)
            low, high = np.quantile(picture[band], [1 - _QUANTILE, _QUANTILE])
            steepest = np.quantile(gradient[band], _QUANTILE)
            found.append(float(steepest / (high - low)) if high > low else float("nan"))
    return found


def _band(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels within three of the region's outline, on both sides."""
    from scipy.ndimage import binary_dilation, binary_erosion

    return binary_dilation(region, iterations=_BAND) & ~binary_erosion(region, iterations=_BAND)


def _gradient(picture: Array) -> Array:
    from scipy.ndimage import gaussian_filter

    return np.stack([gaussian_filter(picture, _EDGE_SIGMA, order=order) for order in ((1, 0), (0, 1))])


def median_of_known(values: Iterable[float]) -> float:
    """Return the median of the finite values; NaN where there are none."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")
