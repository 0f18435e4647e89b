"""Arithmetic on spectra: normalisation, windows of pixels, and statistics of groups.

Knows numpy only. Missing values (NaN or infinite) are left out of every sum; the last axis of an array of
spectra is always the wavelength.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.labels import present
from napari_udt.spectral.moments import Moments, RunningMoments, all_finite

Normalisation = Literal["none", "l1", "l2", "max"]
Centre = Literal["mean", "median"]
Spread = Literal["std", "quantiles", "quartiles", "none"]
OverTrainings = Literal[
    "trainings", "trainings_range"
]  # one standard deviation around the mean, or from smallest to largest
Floats = NDArray[np.floating[Any]]

NORMALISATIONS: tuple[Normalisation, ...] = ("none", "l1", "l2", "max")
QUANTILES: Mapping[str, tuple[float, float]] = {"quantiles": (0.05, 0.95), "quartiles": (0.25, 0.75)}

# About 0.8 MB of 100-channel float32 spectra: a block and its temporaries stay in a core's cache.
_BLOCK_PIXELS = 2048


@dataclass(frozen=True, eq=False)
class SpectralStatistics:
    """Centre and spread of a group of spectra.

    Parameters
    ----------
    centre, lower, upper : array, shape (channels,)
        Mean or median, and the band around it; NaN at wavelengths where no spectrum has a value.
    count : int
        Number of spectra with at least one value.
    """

    centre: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: int


def norms(spectra: Floats, normalisation: Normalisation) -> Floats:
    """Return the number that each spectrum is divided by, shape (..., 1).

    ``l1`` is the sum of the absolute values, ``l2`` the square root of the sum of squares, ``max`` the largest
    absolute value. It is 1 for ``none`` and for spectra without a value other than zero.
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(
            f"normalisation {normalisation!r} is unknown; expected one of {', '.join(NORMALISATIONS)}."
        )
    if normalisation == "none":
        return np.ones((*spectra.shape[:-1], 1), dtype=spectra.dtype)
    finite = spectra if all_finite(spectra) else np.where(np.isfinite(spectra), spectra, 0)
    match normalisation:
        case "l1":
            size = np.sum(np.abs(finite), axis=-1)
        case "l2":
            size = np.sqrt(np.einsum("...i,...i->...", finite, finite))
        case "max":
            size = np.max(np.abs(finite), axis=-1)
    return np.where(size > 0, size, 1).astype(spectra.dtype)[..., np.newaxis]


def normalise(spectra: Floats, normalisation: Normalisation) -> Floats:
    """Divide each spectrum by its norm; a spectrum of zeros stays as it is.

    Parameters
    ----------
    spectra : array, shape (..., channels)
    normalisation : {"none", "l1", "l2", "max"}

    Returns
    -------
    array, shape (..., channels)
    """
    return spectra if normalisation == "none" else spectra / norms(spectra, normalisation)


def window_spectra(
    cube: SpectralCube, row: int, column: int, side: int = 1, *, bad_bands: bool = False
) -> NDArray[np.float32]:
    """Spectra of the square of ``side`` x ``side`` pixels around a pixel, cut off at the picture's edge.

    Parameters
    ----------
    cube : SpectralCube
    row, column : int
        The pixel in the middle.
    side : int
        Odd number of pixels.
    bad_bands : bool
        Keep the values of bad bands, which are NaN otherwise.

    Returns
    -------
    array, shape (n, channels)

    Raises
    ------
    CubeError
        When the pixel lies outside the picture.
    """
    known = (lambda spectra: spectra) if bad_bands else cube.without_bad_bands
    if side == 1:
        return known(cube.spectrum(row, column)[np.newaxis])
    rows, columns, channels = cube.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise CubeError(f"{cube.name}: pixel ({row}, {column}) lies outside the {rows} x {columns} picture.")
    reach = side // 2
    block = cube.data[
        max(row - reach, 0) : row + reach + 1,
        max(column - reach, 0) : column + reach + 1,
    ]
    return known(np.asarray(block, dtype=np.float32).reshape(-1, channels))


def group_statistics(spectra: Floats, centre: Centre = "mean", spread: Spread = "std") -> SpectralStatistics:
    """Return centre and spread of a group of spectra.

    Parameters
    ----------
    spectra : array, shape (n, channels)
        At least one spectrum.
    centre : {"mean", "median"}
    spread : {"std", "quantiles", "quartiles", "none"}
        Centre plus and minus one standard deviation (ddof = 0), the 5 % and 95 % or the 25 % and 75 % quantiles
        (linear interpolation), or no band (lower = upper = centre).
    """
    values = np.asarray(spectra)
    if len(values) == 1:  # the most frequent call, once per mouse move and domain
        return _statistics_of_one(values[0].astype(np.float64))
    moments = _group_moments(values)
    limits = QUANTILES.get(spread)
    if centre == "median" or limits:
        median, *edges = _quantiles(values, (0.5, *(limits or ())))  # one selection for all three
    middle = moments.mean if centre == "mean" else median
    match spread:
        case "std":
            lower, upper = middle - moments.std, middle + moments.std
        case "quantiles" | "quartiles":
            lower, upper = edges
        case _:
            lower = upper = middle
    return SpectralStatistics(middle, lower, upper, moments.count)


def structure_moments(
    cube: SpectralCube,
    transform: Normalisation | Callable[[Floats], Floats] = "none",
    *,
    bad_bands: bool = False,
) -> dict[int, Moments]:
    """Mean and standard deviation of every labelled structure, in one pass over the cube.

    The cube is read block by block, so a lazy one never lies in memory as a whole. Blocks are merged with the
    pairwise update of Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance": unlike a
    sum of squares it keeps small spreads around large means.

    Parameters
    ----------
    cube : SpectralCube
        With labels.
    transform : {"none", "l1", "l2", "max"} or callable
        Normalisation of each spectrum, or anything else that takes spectra of shape (n, channels) to as many.
    bad_bands : bool
        Take bad bands into account; otherwise their values are NaN.

    Returns
    -------
    dict of label to Moments
        One for each number that occurs in ``cube.labels``.

    Raises
    ------
    CubeError
        When the cube has no labels.
    """
    labels, merged = structure_running_moments(cube, transform, bad_bands=bad_bands)
    return {int(label): merged.moments(index) for index, label in enumerate(labels)}


def structure_running_moments(
    cube: SpectralCube,
    transform: Normalisation | Callable[[Floats], Floats] = "none",
    *,
    bad_bands: bool = False,
) -> tuple[NDArray[np.integer[Any]], RunningMoments]:
    """Return the numbers in ``cube.labels`` and the moments of each, which those of further cubes can be merged into.

    Parameters and errors are those of :func:`structure_moments`.
    """
    labels, classes = present(_labels_of(cube))
    merged = RunningMoments.empty(len(labels), cube.shape[2])
    for stored, block_classes in _blocks(cube, classes.reshape(-1)):
        spectra = stored if bad_bands else cube.without_bad_bands(stored)
        found = transform(spectra) if callable(transform) else normalise(spectra, transform)
        merged.add(found, block_classes)
    return labels, merged


def structure_spectra(cube: SpectralCube, label: int, *, bad_bands: bool = False) -> NDArray[np.float32]:
    """All spectra of one structure, shape (n, channels); reads only the rows that hold it.

    Values at bad bands are NaN unless ``bad_bands`` is true.

    Raises
    ------
    CubeError
        When the cube has no labels.
    """
    mask = _labels_of(cube) == label
    found = [cube.rows(start, stop)[mask[start:stop]] for start, stop in _runs(mask.any(axis=1))]
    spectra = np.concatenate(found) if found else np.empty((0, cube.shape[2]), dtype=np.float32)
    return spectra if bad_bands else cube.without_bad_bands(spectra)


def resample(wavelengths_nm: Floats, spectrum: Floats, onto_nm: Floats) -> Floats:
    """Spectrum at other wavelengths by linear interpolation; NaN outside its own range.

    Parameters
    ----------
    wavelengths_nm, spectrum : array, shape (channels,)
    onto_nm : array, shape (m,)

    Returns
    -------
    array, shape (m,)
    """
    if np.array_equal(wavelengths_nm, onto_nm):
        return spectrum
    return np.interp(onto_nm, wavelengths_nm, spectrum, left=np.nan, right=np.nan)


def _statistics_of_one(spectrum: NDArray[np.float64]) -> SpectralStatistics:
    known = np.where(np.isfinite(spectrum), spectrum, np.nan)
    return SpectralStatistics(known, known, known, int(not np.isnan(known).all()))


def _group_moments(spectra: Floats) -> Moments:
    merged = RunningMoments.empty(1, spectra.shape[1])
    for start in range(0, len(spectra), _BLOCK_PIXELS):
        block = spectra[start : start + _BLOCK_PIXELS]
        merged.add(block, np.zeros(len(block), dtype=np.intp))
    return merged.moments(0)


def _quantiles(spectra: Floats, probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Quantiles over the spectra, shape (probabilities, channels); NaN where a wavelength has no value."""
    by_channel = np.ascontiguousarray(spectra.T)  # selecting along contiguous memory is several times faster
    if all_finite(spectra):
        return np.asarray(np.quantile(by_channel, probabilities, axis=-1), dtype=np.float64)
    found = np.full((len(probabilities), len(by_channel)), np.nan)
    for index, channel in enumerate(by_channel):
        known = channel[np.isfinite(channel)]
        if len(known):
            found[:, index] = np.quantile(known, probabilities)
    return found


def _labels_of(cube: SpectralCube) -> NDArray[np.integer[Any]]:
    if cube.labels is None:
        raise CubeError(f"{cube.name}: it has no labels; statistics of structures need a label image.")
    return cube.labels


def _blocks(
    cube: SpectralCube, classes: NDArray[np.integer[Any]]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.integer[Any]]]]:
    """Spectra (n, channels) of some whole rows at a time, with the class of each."""
    rows, columns, channels = cube.shape
    step = max(1, _BLOCK_PIXELS // columns)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        yield cube.rows(start, stop).reshape(-1, channels), classes[start * columns : stop * columns]


def _runs(wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive True entries."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
