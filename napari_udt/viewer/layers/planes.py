"""Stacks of pictures, one per wavelength, computed when napari reads them. No napari, no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.viewer.layers.layer_data import contrast_limits, unit_of
from napari_udt.viewer.layers.stacks import even_grid

DifferenceKind = Literal["absolute", "relative", "added"]
Plane = Callable[[int, Any, Any], NDArray[np.float32]]

_SAME_NM = 0.05  # cameras quote 0.1 nm at best
_LIMIT_PERCENTILE = 99.0
_LIMIT_PLANES = 7
_LIMIT_PIXELS = 10_000
_DARK = 0.01  # of the brightest: what is darker has no meaningful relative difference


class PlaneStack:
    """What napari takes for an array (planes, rows, columns), computed plane by plane.

    Parameters
    ----------
    plane : callable
        ``plane(index, rows, columns)`` gives a part of one plane.
    shape : (int, int, int)
        Planes, rows, columns.
    """

    ndim = 3
    dtype = np.dtype(np.float32)

    def __init__(self, plane: Plane, shape: tuple[int, int, int]) -> None:
        self._plane = plane
        self.shape = shape

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        key = key if isinstance(key, tuple) else (key,)
        planes, rows, columns = key + (slice(None),) * (self.ndim - len(key))
        indices = np.arange(len(self))[planes]
        if np.ndim(indices) == 0:
            return self._plane(int(indices), rows, columns)
        return np.stack([self._plane(int(i), rows, columns) for i in indices])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or np.float32, copy=bool(copy))


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference of two aligned cubes over their common wavelengths.

    Parameters
    ----------
    unit : str
        That of the cubes, or "% of" the subtrahend's name.
    data : PlaneStack, shape (planes, rows, columns)
        NaN where a relative difference means nothing.
    start_nm, step_nm : float
        Wavelength of the first plane, and from plane to plane.
    limit : float
        The values at the ends of the colour bar are minus and plus this.
    gain : float
        What the subtrahend was multiplied by.
    """

    unit: str
    data: PlaneStack
    start_nm: float
    step_nm: float
    limit: float
    gain: float = 1.0


def difference(
    minuend: SpectralCube, subtrahend: SpectralCube, kind: DifferenceKind, names: tuple[str, str]
) -> Difference:
    """Return ``minuend - subtrahend``, or with "relative" that in % of the subtrahend.

    With "added" the subtrahend is first multiplied by the one gain for all pixels and wavelengths that leaves least (least squares): a
    transfer out of a domain of another gain has added what is left.

    At the wavelengths of the minuend within the range of the subtrahend, which is interpolated linearly where its own
    wavelengths differ. A relative difference is unknown where the subtrahend is darker than 1 % of its brightest.

    Raises
    ------
    CubeError
        When the pictures differ in size or the cubes share no wavelength.
    """
    first, second = minuend, subtrahend
    if first.shape[:2] != second.shape[:2]:
        raise CubeError(f"{names[0]} and {names[1]} differ in size; choose cubes of the same pixels.")
    common = first.wavelengths_nm[
        (first.wavelengths_nm >= second.wavelengths_nm[0] - _SAME_NM)
        & (first.wavelengths_nm <= second.wavelengths_nm[-1] + _SAME_NM)
    ]
    if not len(common):
        raise CubeError(f"{names[0]} and {names[1]} share no wavelength; choose cubes whose ranges overlap.")
    start, step, channels = even_grid(common)
    shape = (len(channels), *first.shape[:2])
    floor = _DARK * _brightest(second)

    def both(index: int, rows: Any, columns: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        nm = float(common[channels[index]])
        return _part(first, nm, rows, columns), _part(second, nm, rows, columns)

    gain = _common_gain(both, shape) if kind == "added" else 1.0

    def plane(index: int, rows: Any, columns: Any) -> NDArray[np.float32]:
        seen, base = both(index, rows, columns)
        if kind == "added":
            return seen - np.float32(gain) * base
        change = seen - base
        if kind == "absolute":
            return change
        known = np.abs(base) > floor
        return np.where(known, 100 * change / np.where(known, base, 1.0), np.nan).astype(np.float32)

    data = PlaneStack(plane, shape)
    unit = f"% of {names[1]}" if kind == "relative" else unit_of(first)
    return Difference(unit, data, start, step, _limit(data), gain)


def beyond(planes: Any, column: int) -> PlaneStack:
    """Return the columns of a stack from ``column`` on, read from it when looked at."""
    depth, rows, columns = planes.shape

    def plane(index: int, some_rows: Any, some_columns: Any) -> NDArray[np.float32]:
        right = np.asarray(planes[index, :, column:], dtype=np.float32)
        return right[some_rows][..., some_columns]

    return PlaneStack(plane, (depth, rows, columns - column))


def _part(cube: SpectralCube, nm: float, rows: Any, columns: Any) -> NDArray[np.float32]:
    """Return a part of the picture at a wavelength, interpolated between two channels where it has none there."""
    nearest = cube.nearest_channel(nm)
    if abs(cube.wavelengths_nm[nearest] - nm) <= _SAME_NM:
        return np.asarray(cube.data[rows, columns, nearest], dtype=np.float32)
    above = int(np.searchsorted(cube.wavelengths_nm, nm))
    low, high = cube.wavelengths_nm[above - 1 : above + 1]
    weight = np.float32((nm - low) / (high - low))
    below, over = (
        np.asarray(cube.data[rows, columns, channel], dtype=np.float32) for channel in (above - 1, above)
    )
    return (1 - weight) * below + weight * over


def _few(shape: tuple[int, int, int]) -> tuple[list[int], slice]:
    """Return a few planes and a step through the pixels: all would take seconds."""
    stride = max(1, int(np.sqrt(shape[1] * shape[2] / _LIMIT_PIXELS)))
    picks = np.unique(np.linspace(0, shape[0] - 1, _LIMIT_PLANES).astype(int))
    return [int(pick) for pick in picks], slice(None, None, stride)


def _common_gain(
    both: Callable[[int, Any, Any], tuple[NDArray[np.float32], NDArray[np.float32]]],
    shape: tuple[int, int, int],
) -> float:
    """Return the factor of the second picture that leaves least of the first, from a few planes and pixels; 1 for a dark one."""
    picks, few = _few(shape)
    first, second = (
        np.stack(part).astype(float) for part in zip(*(both(i, few, few) for i in picks), strict=True)
    )
    known = np.isfinite(first) & np.isfinite(second)
    power = float(np.square(second[known]).sum())
    return float((first[known] * second[known]).sum() / power) if power > 0 else 1.0


def _limit(data: PlaneStack) -> float:
    """Return the 99th percentile of the absolute values of a few planes and pixels."""
    picks, few = _few(data.shape)
    values = np.abs([data[i, few, few] for i in picks])
    values = values[np.isfinite(values)]
    limit = float(np.percentile(values, _LIMIT_PERCENTILE)) if values.size else 0.0
    return limit if limit > 0 else 1.0


def _brightest(cube: SpectralCube) -> float:
    return max(abs(limit) for limit in contrast_limits(cube))
