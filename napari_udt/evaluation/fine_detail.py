"""Fine detail of photoacoustic pictures beside that of the target: roughness, scales, and how much of a gap is closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval
from napari_udt.evaluation.texture import edge_sharpness, heterogeneity, median_of_known

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

LEVELS = 4
_RESAMPLES = 500
_SMALLEST = 1e-12


@dataclass(frozen=True)
class GapClosed:
    """Share of the way from the simulated pictures to the target's that a transfer goes in one property.

    Parameters
    ----------
    name : str
    simulated, target, own : float
        Medians over pictures.
    share : float
        0: as simulated; 1: as the target; above 1: past it; negative: away from it.
    low, high : float
        95 % bootstrap interval of the share over pictures.
    """

    name: str
    simulated: float
    target: float
    own: float
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Roughness:
    """Difference of pixels from the mean of their four neighbours, over that in the target's pictures.

    Parameters
    ----------
    over_target : tuple of float
        One for each wavelength.
    wavelengths_nm : tuple of float
    """

    over_target: tuple[float, ...]
    wavelengths_nm: tuple[float, ...]

    @property
    def worst_over_rest(self) -> float:
        """The roughest wavelength's over the median one's: 1 where all wavelengths are alike."""
        return float(max(self.over_target) / np.median(self.over_target))

    @property
    def roughest_nm(self) -> float:
        """The roughest wavelength."""
        return self.wavelengths_nm[int(np.argmax(self.over_target))]


def neighbour_difference(
    images: Floats, labels: NDArray[Any] | None = None, tissue: Sequence[int] = ()
) -> Array:
    r"""Median over pixels of \|x - mean of the four neighbours\| over \|x\|, at each wavelength.

    Parameters
    ----------
    images : array, shape (n, C, H, W)
    labels : integer array, shape (n, H, W), optional
        All pixels count where there are none.
    tissue : sequence of int
        Classes whose pixels count.

    Returns
    -------
    array, shape (C,)
        NaN where no pixel counts.
    """
    inner = np.asarray(images[:, :, 1:-1, 1:-1], np.float64)
    around = (
        images[:, :, :-2, 1:-1] + images[:, :, 2:, 1:-1] + images[:, :, 1:-1, :-2] + images[:, :, 1:-1, 2:]
    ) / 4.0
    chosen = np.ones(inner[:, 0].shape, bool) if labels is None else np.isin(labels[:, 1:-1, 1:-1], tissue)
    relative = np.abs(inner - around) / np.maximum(np.abs(inner), _SMALLEST)
    if not chosen.any():
        return np.full(images.shape[1], np.nan)
    return np.array([np.median(relative[:, channel][chosen]) for channel in range(images.shape[1])])


def roughness(own: Array, target: Array, wavelengths_nm: Iterable[float]) -> Roughness:
    """Compare neighbour differences (C,) with the target's."""
    ratio = own / np.maximum(target, _SMALLEST)
    return Roughness(tuple(map(float, ratio)), tuple(map(float, wavelengths_nm)))


def haar_energies(pictures: Floats, levels: int = LEVELS) -> Array:
    """Mean square of the Haar details at each scale, relative to the mean square of the pictures.

    Parameters
    ----------
    pictures : array, shape (n, H, W)
    levels : int
        Scales of 2, 4, 8 ... pixels.

    Returns
    -------
    array, shape (n, levels)
        One row for each picture.
    """
    coarse = np.asarray(pictures, np.float64)
    whole = np.maximum(np.square(coarse).mean(axis=(1, 2)), _SMALLEST)
    found = []
    for _ in range(levels):
        height, width = coarse.shape[1] // 2 * 2, coarse.shape[2] // 2 * 2
        blocks = coarse[:, :height, :width].reshape(len(coarse), height // 2, 2, width // 2, 2)
        means = blocks.mean(axis=(2, 4))
        details = blocks - means[:, :, None, :, None]
        found.append(np.square(details).mean(axis=(1, 2, 3, 4)) / whole)
        coarse = means
    return np.stack(found, axis=1)


def band_error(own: Array, target: Array) -> float:
    """Root mean square over scales of log2(energy / target's), from the medians over pictures: 1 is a factor of two."""
    ratio = np.log2(
        np.maximum(np.median(own, axis=0), _SMALLEST) / np.maximum(np.median(target, axis=0), _SMALLEST)
    )
    return float(np.sqrt(np.mean(np.square(ratio))))


@dataclass(frozen=True, eq=False)
class Detail:
    """Properties of each picture at one wavelength.

    Parameters
    ----------
    skin, background, edges : array, shape (n,)
        Standard deviation of the logarithm in skin and in background; slope of vessel edges, per pixel, mean over the
        picture's vessels. NaN where a picture lacks them.
    energies : array, shape (n, levels)
        See `haar_energies`.
    """

    skin: Array
    background: Array
    edges: Array
    energies: Array


def detail(
    pictures: Floats,
    labels: NDArray[Any],
    skin: Sequence[int],
    background: Sequence[int],
    vessels: Sequence[int],
) -> Detail:
    """Measure every picture (n, H, W) with labels of the same shape; the classes are labels of tissues."""
    pictures = np.asarray(pictures, np.float64)
    pairs = list(zip(pictures, labels, strict=True))
    return Detail(
        skin=np.array([heterogeneity(p[np.isin(kinds, skin)]) for p, kinds in pairs]),
        background=np.array([heterogeneity(p[np.isin(kinds, background)]) for p, kinds in pairs]),
        edges=np.array([_mean(edge_sharpness(p, np.isin(kinds, vessels))) for p, kinds in pairs]),
        energies=haar_energies(pictures),
    )


def gaps_closed(own: Detail, simulated: Detail, target: Detail, rng: np.random.Generator) -> list[GapClosed]:
    """Return how much of each gap between simulated and target pictures is closed.

    Parameters
    ----------
    own : Detail
        Of the transferred pictures, in the order of the simulated ones: both are drawn again together.
    simulated, target : Detail
    rng : numpy random generator
        Of the bootstrap.
    """
    names = {"skin": "skin variation", "background": "background variation", "edges": "vessel edge slope"}
    return [
        _gap(name, getattr(own, key), getattr(simulated, key), getattr(target, key), rng)
        for key, name in names.items()
    ]


def _gap(name: str, own: Array, simulated: Array, target: Array, rng: np.random.Generator) -> GapClosed:
    paired = len(own) == len(simulated)
    found = []
    for _ in range(_RESAMPLES):
        first, last = (
            rng.integers(len(simulated), size=len(simulated)),
            rng.integers(len(target), size=len(target)),
        )
        moved = first if paired else rng.integers(len(own), size=len(own))
        found.append(
            _share(
                median_of_known(own[moved]), median_of_known(simulated[first]), median_of_known(target[last])
            )
        )
    values = (median_of_known(own), median_of_known(simulated), median_of_known(target))
    return GapClosed(name, values[1], values[2], values[0], _share(*values), *percentile_interval(found))


def _share(own: float, simulated: float, target: float) -> float:
    return (own - simulated) / (target - simulated) if target != simulated else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
