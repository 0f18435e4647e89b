"""Curves along a series of pictures: one number per picture for pixels, structures and regions.

One picture is read after the other, and of it only what the groups need: memory holds one picture's values, however long
the series is. Knows numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.series import Axis
from napari_udt.spectral.moments import Moments, RunningMoments
from napari_udt.spectral.spectra import Floats, Normalisation, structure_running_moments
from napari_udt.spectral.unmixing import unmix_spectra

Progress = Callable[[int, int], None]
Quantity = float | Literal["oxygenation"]
# A pixel (row, column), a picture of the pixels that belong to it (rows, columns), or the number of a structure.
Group = tuple[int, int] | NDArray[np.bool_] | int

QUARTILES = (0.25, 0.75)
_BLOCK_PIXELS = 16384

_Box = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class SeriesCurve:
    """Centre and spread of a group of pixels in each picture.

    Parameters
    ----------
    median, lower, upper : array, shape (n,)
        Median and two quantiles of the values; NaN where no pixel has one.
    count : integer array, shape (n,)
        Pixels with a value.
    """

    median: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OverSeries:
    """Curves of groups over the pictures of a series.

    Parameters
    ----------
    axis : {"time", "depth"}
    unit : str
        Of the coordinates: "s" or "mm", "frame" or "slice" where positions are not known.
    pictures : integer array, shape (n,)
        Which pictures of the series, counted from 0.
    coordinates : array, shape (n,)
        Where they lie.
    quantity : str
        What the values are, with the unit.
    curves : dict of str to SeriesCurve
        By the name of the group.
    """

    axis: Axis
    unit: str
    pictures: NDArray[np.intp]
    coordinates: NDArray[np.float64]
    quantity: str
    curves: dict[str, SeriesCurve]


def over_series(
    cube: SpectralCube,
    groups: Mapping[str, Group],
    quantity: Quantity,
    *,
    quantiles: tuple[float, float] = QUARTILES,
    pictures: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> OverSeries:
    """Follow groups of pixels along the series that a cube belongs to.

    Parameters
    ----------
    cube : SpectralCube
        Any picture of the series.
    groups : mapping of str to group
        By name: a pixel ``(row, column)``, a boolean picture (rows, columns), or the number of a structure, which each
        picture's own labels place.
    quantity : float or "oxygenation"
        A wavelength in nm, of which the nearest channel is taken, or the oxygen saturation of haemoglobin (0-1) that
        :func:`~napari_udt.spectral.unmixing.unmix_spectra` finds as the viewer asks it to.
    quantiles : (float, float)
        Ends of the spread, as fractions.
    pictures : sequence of int, optional
        Only these pictures, in this order; by default all.
    progress : callable, optional
        ``progress(done, total)``, in pictures, before the first and after each; what it raises ends the work.

    Returns
    -------
    OverSeries

    Raises
    ------
    CubeError
        When the cube belongs to no series, a group does not fit the picture, or there are too few wavelengths for
        haemoglobin.
    """
    series = cube.series
    if series is None:
        raise CubeError(f"{cube.name}: it is a single picture; curves over time or depth need a series.")
    for name, group in groups.items():
        _check(cube, name, group)
    chosen = np.arange(len(series)) if pictures is None else np.asarray(pictures, np.intp).reshape(-1)
    found: dict[str, list[tuple[NDArray[np.float64], int]]] = {name: [] for name in groups}
    if progress is not None:
        progress(0, len(chosen))
    for done, index in enumerate(chosen, 1):
        for name, values in _values(series[int(index)], groups, quantity):
            found[name].append(_summary(values, quantiles))
        if progress is not None:
            progress(done, len(chosen))
    return OverSeries(
        series.axis,
        series.unit,
        chosen,
        series.coordinates[chosen],
        _quantity_text(cube, quantity),
        {name: _curve(rows) for name, rows in found.items()},
    )


def volume_moments(
    cube: SpectralCube,
    transform: Normalisation | Callable[[Floats], Floats] = "none",
    *,
    bad_bands: bool = False,
    progress: Progress | None = None,
) -> dict[int, Moments]:
    """Mean and standard deviation of every labelled structure over all pictures of a cube's series.

    What :func:`~napari_udt.spectral.spectra.structure_moments` is for one picture: read block by block, one picture after
    the other, the blocks merged without loss of digits. Pictures without labels are left out; ``progress`` and errors are
    those of :func:`over_series`.

    Returns
    -------
    dict of label to Moments
        One for each number that occurs in any picture.
    """
    series = cube.series
    if series is None:
        raise CubeError(f"{cube.name}: it is a single picture; statistics of a volume need a series.")
    found: dict[int, RunningMoments] = {}
    if progress is not None:
        progress(0, len(series))
    for done, picture in enumerate(series, 1):
        if picture.labels is not None:
            labels, running = structure_running_moments(picture, transform, bad_bands=bad_bands)
            for place, label in enumerate(labels):
                one = found.setdefault(int(label), RunningMoments.empty(1, picture.shape[2]))
                one.merge(running.of_class(place))
        if progress is not None:
            progress(done, len(series))
    if not found:
        raise CubeError(f"{cube.name}: no picture has labels; statistics of structures need a label image.")
    return {label: found[label].moments(0) for label in sorted(found)}


def _check(cube: SpectralCube, name: str, group: Group) -> None:
    rows, columns, _ = cube.shape
    if isinstance(group, tuple) and not (0 <= group[0] < rows and 0 <= group[1] < columns):
        raise CubeError(f"{cube.name}: {name}, pixel {group}, lies outside the {rows} x {columns} picture.")
    if isinstance(group, np.ndarray) and group.shape != (rows, columns):
        raise CubeError(f"{cube.name}: {name} has the shape {group.shape}; expected {(rows, columns)}.")


def _values(
    cube: SpectralCube, groups: Mapping[str, Group], quantity: Quantity
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Go through the groups with the values of their pixels in one picture, shape (n,)."""
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, group in groups.items():
        if isinstance(group, tuple):
            row, column = group
            box = slice(row, row + 1), slice(column, column + 1)
            yield name, _map(cube, box, quantity).reshape(-1)
        elif isinstance(group, np.ndarray):
            masks[name] = group
        elif cube.labels is None:
            yield name, np.empty(0)
        else:
            masks[name] = cube.labels == group
    if not masks:
        return
    box = _box(np.logical_or.reduce(list(masks.values())))
    values = _map(cube, box, quantity)
    for name, mask in masks.items():
        yield name, values[mask[box]]


def _map(cube: SpectralCube, box: _Box, quantity: Quantity) -> NDArray[np.float64]:
    """Return the values in a box, shape (its rows, its columns); some rows of spectra are read at a time."""
    rows, columns = box
    if quantity != "oxygenation":
        channel = cube.nearest_channel(quantity)
        return np.asarray(cube.data[rows, columns, channel], dtype=np.float64)
    step = max(1, _BLOCK_PIXELS // max(columns.stop - columns.start, 1))
    found = np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan)
    for start in range(rows.start, rows.stop, step):
        block = slice(start, min(start + step, rows.stop))
        spectra = np.asarray(cube.data[block, columns], dtype=np.float32)
        unmixed = unmix_spectra(spectra, cube.wavelengths_nm, cube.modality, bad_bands=cube.bad_bands)
        found[start - rows.start : block.stop - rows.start] = unmixed.oxygenation
    return found


def _box(mask: NDArray[np.bool_]) -> _Box:
    """Return the smallest box of rows and columns that holds all of a mask; an empty one of an empty mask."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _summary(values: NDArray[np.float64], quantiles: tuple[float, float]) -> tuple[NDArray[np.float64], int]:
    known = values[np.isfinite(values)]
    if not known.size:
        return np.full(3, np.nan), 0
    return np.quantile(known, (0.5, *quantiles)), known.size


def _curve(rows: Sequence[tuple[NDArray[np.float64], int]]) -> SeriesCurve:
    median, lower, upper = np.array([numbers for numbers, _ in rows]).reshape(-1, 3).T
    return SeriesCurve(median, lower, upper, np.array([count for _, count in rows], np.int64))


def _quantity_text(cube: SpectralCube, quantity: Any) -> str:
    if quantity == "oxygenation":
        return "oxygen saturation by unmixing"
    return f"{cube.quantity} at {cube.wavelengths_nm[cube.nearest_channel(quantity)]:g} nm"
