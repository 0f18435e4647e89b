"""Pictures of a cube as napari takes them for arrays: wavelength first, before it time or depth; read plane by plane. No napari."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import ArrayLike3D, SpectralCube
from napari_udt.io.access import coarse_picture, is_shown_coarsely
from napari_udt.io.layout import Layout
from napari_udt.viewer.series.pictures import CubeSeries

_UNIFORM_TOLERANCE = 1e-3
_MOST_PLANES = 2000
_PLANES_PER_PICTURE = 4  # on the even grid over uneven positions, so that each picture has one
_MOST_STEPS = 100_000  # of a slider over several series


class WavelengthStack:
    """A cube seen band first, on an even grid of wavelengths, read plane by plane.

    Parameters
    ----------
    data : array, shape (rows, columns, channels)
        The cube's spectra, in memory or lazily in a file.
    channels : integer array, shape (planes,)
        Which channel each plane shows. Uneven wavelengths get an even grid whose planes show the nearest one.

    Attributes
    ----------
    source : array
        ``data``.
    whole : callable, optional
        ``whole(data, channel, layout)`` gives the whole picture of a file in which it is slow to read, or None while it is being
        read: then a coarse one is given, and without it always.
    """

    ndim = 3

    def __init__(self, data: NDArray[Any] | ArrayLike3D, channels: NDArray[np.intp]) -> None:
        self.source = self._data = data
        self.whole: Callable[[Any, int, Layout], NDArray[np.float32] | None] | None = None
        self._coarse: tuple[int, NDArray[np.float32]] | None = None  # channel, picture
        self._channels = channels
        self.shape = (len(channels), int(data.shape[0]), int(data.shape[1]))
        self.dtype = np.dtype(np.float32)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            key = key[:at] + (slice(None),) * (self.ndim - len(key) + 1) + key[at + 1 :]
        planes, rows, columns = key + (slice(None),) * (self.ndim - len(key))
        channels = self._channels[planes]
        if np.ndim(channels) == 0:
            return self._plane(int(channels), rows, columns)
        if len(channels) == 1:  # napari asks for the plane that it shows as a slice of one
            return self._plane(int(channels[0]), rows, columns)[np.newaxis]
        first = int(channels.min(initial=len(self._channels)))
        read = self._data[rows, columns, first : int(channels.max(initial=first)) + 1]
        return np.moveaxis(np.asarray(read, dtype=np.float32)[..., channels - first], -1, 0)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or np.float32, copy=bool(copy))

    def _plane(self, channel: int, rows: Any, columns: Any) -> NDArray[np.float32]:
        """Read a plane; coarsely where its file would hold the window up for seconds."""
        layout = getattr(self._data, "layout", None)
        whole = all(isinstance(key, slice) and key == slice(None) for key in (rows, columns))
        if whole and isinstance(layout, Layout) and is_shown_coarsely(layout):
            picture = None if self.whole is None else self.whole(self._data, channel, layout)
            return self._coarsely(channel, layout) if picture is None else picture
        return np.asarray(self._data[rows, columns, channel], dtype=np.float32)

    def _coarsely(self, channel: int, layout: Layout) -> NDArray[np.float32]:
        if self._coarse is None or self._coarse[0] != channel:
            self._coarse = channel, coarse_picture(self._data, channel, layout)
        return self._coarse[1]


def even_grid(
    positions: NDArray[np.float64], *, most: int = _MOST_PLANES
) -> tuple[float, float, NDArray[np.intp]]:
    """Return an even grid over increasing positions: its start and step, and which of them each plane shows.

    Even positions (wavelengths in nm, times, depths) give themselves; uneven ones the grid of their smallest distance, of no more
    planes than ``most``.
    """
    start = float(positions[0])
    if len(positions) == 1:
        return start, 1.0, np.zeros(1, dtype=np.intp)
    steps = np.diff(positions)
    span = float(positions[-1]) - start
    mean = span / len(steps)
    if np.allclose(steps, mean, rtol=_UNIFORM_TOLERANCE, atol=0):
        return start, mean, np.arange(len(positions), dtype=np.intp)
    planes = min(most, round(span / float(steps.min())) + 1)
    grid = np.linspace(start, start + span, planes)
    above = np.clip(np.searchsorted(positions, grid), 1, len(positions) - 1)
    nearest = above - (grid - positions[above - 1] <= positions[above] - grid)
    return start, span / (planes - 1), nearest.astype(np.intp)


def stack(cube: SpectralCube) -> tuple[Any, float, float]:
    """Return the cube band first as napari shows it, and start and step of its wavelength axis in nm."""
    start, step, channels = even_grid(cube.wavelengths_nm)
    even = len(channels) == cube.shape[2]
    if even and isinstance(cube.data, np.ndarray):
        return np.moveaxis(cube.data, -1, 0), start, step  # a view: spectra stay contiguous in memory
    return WavelengthStack(cube.data, channels), start, step


def plane_of(cube: SpectralCube, plane: int) -> NDArray[np.float32]:
    """Return a plane of a cube as :func:`stack` counts them, shape (rows, columns)."""
    return np.asarray(stack(cube)[0][plane], dtype=np.float32)


def not_yet(_series: CubeSeries, _index: int) -> None:
    """Give no picture: for a stack whose shown picture is to stand in for all until it is said which one is wanted."""


class SeriesStack:
    """The pictures of a series on an even grid of times or depths, each wavelength first.

    Parameters
    ----------
    series : Series of SpectralCube
    shown : SpectralCube
        The picture that is given in the place of one that is not read yet.

    Attributes
    ----------
    step : float
        From place to place on the grid, in the series' unit.
    ask : callable, optional
        ``ask(series, index)`` gives a picture, or None while it is being read; without it each is read at once.
    whole : callable, optional
        ``whole(stack, plane)`` gives a plane of all pictures, shape (pictures, rows, columns); without it they are read at once.
    stands_in : bool
        Whether ``shown`` was given in the place of another picture.
    """

    ndim = 4
    dtype = np.dtype(np.float32)

    def __init__(self, series: CubeSeries, shown: SpectralCube) -> None:
        self.series, self.shown = series, shown
        most = max(_MOST_PLANES, _PLANES_PER_PICTURE * len(series))
        self._start, self.step, self._own = even_grid(series.coordinates, most=most)
        self._before, self.pictures = 0, self._own  # which picture each place shows
        self._planes = stack(shown)[0].shape
        self.ask: Callable[[CubeSeries, int], SpectralCube | None] | None = None
        self.whole: Callable[[SeriesStack, int], NDArray[np.float32]] | None = None
        self.stands_in = False

    @property
    def start(self) -> float:
        """Position of the first place of the grid."""
        return self._start - self._before * self.step

    @property
    def own_range(self) -> tuple[float, float]:
        """Positions of the first and the last picture on the grid."""
        return self._start, self._start + (len(self._own) - 1) * self.step

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Places along the series, planes, rows, columns."""
        planes, rows, columns = self._planes
        return len(self.pictures), planes, rows, columns

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return len(self.pictures)

    def reach(self, low: float, high: float) -> bool:
        """Show the first and the last picture as far as positions go, those of other series; return whether that is new."""
        first, last = self.own_range
        before, after = (
            int(np.clip(np.ceil(distance / self.step - _UNIFORM_TOLERANCE), 0, _MOST_STEPS))
            for distance in (first - low, high - last)
        )
        if (before, before + len(self._own) + after) == (self._before, len(self)):
            return False
        self._before, self.pictures = before, np.pad(self._own, (before, after), mode="edge")
        return True

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in key:
            at = key.index(Ellipsis)
            key = key[:at] + (slice(None),) * (self.ndim - len(key) + 1) + key[at + 1 :]
        rest = key[1:] + (slice(None),) * (self.ndim - len(key))
        found = self.pictures[key[0]]
        if np.ndim(found) == 0:
            return self._part(self._picture(int(found)), rest)
        if len(found) == 1:
            return self._part(self._picture(int(found[0])), rest)[np.newaxis]
        planes = np.arange(self._planes[0])[rest[0]]
        if self.whole is not None and planes.size == 1:
            values = self.whole(self, int(planes.flat[0]))[found][(slice(None), *rest[1:])]
            return values if planes.ndim == 0 else values[:, np.newaxis]
        return np.stack([self._part(self.series[int(index)], rest) for index in found])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or np.float32, copy=bool(copy))

    def _picture(self, index: int) -> SpectralCube:
        if index == self.shown.place:
            return self.shown
        found = self.series[index] if self.ask is None else self.ask(self.series, index)
        if found is None:
            self.stands_in = True
            return self.shown
        return found

    @staticmethod
    def _part(cube: SpectralCube, key: tuple[Any, ...]) -> NDArray[np.float32]:
        return np.asarray(stack(cube)[0][key], dtype=np.float32)
