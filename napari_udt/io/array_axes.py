"""Axes of stored arrays: the three of a picture with its spectra, and beside them those of time and depth.

What tells them apart is what the file says: names of the axes ("tyxc", "time, y, x, wavelength"), or a list called "time" or
"depth" that is as long as one axis only. An array of four axes of which nothing is said is no series.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames
from napari_udt.io.axes import spectral_axis
from napari_udt.io.contract import Candidate, Frame, ReadOptions
from napari_udt.io.derived import MeanSource
from napari_udt.io.lazy import LazyCube, Source
from napari_udt.io.positions import Positions, axis_of_list, named_axis
from napari_udt.series import Axis

MOST_AXES = 5
_NAMES_OF_AXES = re.compile(
    r"(.*[_/. ])?(dims?|dimensions?|axes|(axis|axes|dim|dimension)[_ ]?(names?|order|labels?))|dimorder",
    re.IGNORECASE,
)
_CHANNELS = {
    *("c", "l", "w", "λ", "lambda", "channel", "channels", "band", "bands", "spectral", "spectrum"),
    *("wavelength", "wavelengths", "wavenumber", "wl", "wvl", "wavelength_nm"),
}
_ACROSS = ("x", "column", "columns", "col", "cols", "width", "samples")
_DOWN = ("y", "row", "rows", "height", "lines")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ArrayAxes:
    """The axes of an array.

    Parameters
    ----------
    shape : tuple of int
    held : mapping of {"time", "depth"} to int
        Which axes are these; three others are left.
    names : tuple of str
        Of all axes; empty where the file states none.
    """

    shape: Shape
    held: Mapping[Axis, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @classmethod
    def named(cls, shape: Sequence[int], names: Sequence[str]) -> ArrayAxes | None:
        """Tell axes apart by their names; None where these do not leave three for a picture with its spectra."""
        lower = tuple(name.strip().lower() for name in names)
        kinds = [named_axis(name) for name in lower]
        held: dict[Axis, int] = {kind: kinds.index(kind) for kind in ("time", "depth") if kind in kinds}
        if len(lower) != len(shape) or len(shape) - len(held) != 3:
            return None
        return cls(tuple(shape), held, lower)

    @classmethod
    def listed(cls, shape: Sequence[int], lists: Mapping[str, int], channels: int) -> ArrayAxes | None:
        """Tell axes apart by the lists beside an array, of names and lengths; None where a list fits several axes, or none."""
        spectral = [axis for axis, length in enumerate(shape) if length == channels]
        others = [axis for axis in range(len(shape)) if [axis] != spectral]
        held: dict[Axis, int] = {}
        for kind in ("time", "depth"):
            lengths = {length for name, length in lists.items() if axis_of_list(name) == kind}
            fitting = [axis for axis in others if shape[axis] in lengths]
            if len(fitting) == 1 and fitting[0] not in held.values():
                held[kind] = fitting[0]
        return cls(tuple(shape), held) if len(shape) - len(held) == 3 else None

    @property
    def free(self) -> list[int]:
        """The three axes of a picture with its spectra."""
        return [axis for axis in range(len(self.shape)) if axis not in self.held.values()]

    @property
    def picture(self) -> Shape:
        """Length of the three axes of a picture with its spectra."""
        return tuple(self.shape[axis] for axis in self.free)

    @property
    def series(self) -> tuple[Axis, int]:
        """The axis along which it is a series, and how many pictures it has."""
        lengths = {kind: self.shape[axis] for kind, axis in self.held.items()}
        return next(((kind, n) for kind, n in lengths.items() if n > 1), ("time", 1))

    @property
    def slices_beside_frames(self) -> int:
        """Slices of each frame, where there are both."""
        both = len(self.held) == 2 and self.series[0] == "time" and self.series[1] > 1
        return self.shape[self.held["depth"]] if both else 1

    def order(self, count: int, chosen: int | None, where: str) -> tuple[int, int, int]:
        """Return the axes of rows, columns and ``count`` channels.

        Raises
        ------
        CubeError
            When it is not clear which axis is spectral (see :func:`napari_udt.io.axes.spectral_axis`).
        """
        spectral = self._named_channels(count) if chosen is None else None
        if spectral is None:
            spectral = self.free[spectral_axis(self.picture, count, chosen, where)]
        rows, columns = (axis for axis in self.free if axis != spectral)
        if self.names and self.names[rows] in _ACROSS and self.names[columns] in _DOWN:
            rows, columns = columns, rows
        return rows, columns, spectral

    def fixed(self, index: int, place: int) -> dict[int, int]:
        """Return where the axes of time and depth are held for picture ``index`` of the series, in slice ``place``."""
        return {axis: index if kind == self.series[0] else place for kind, axis in self.held.items()}

    def said(self, frame: Frame, place: int) -> dict[str, Any]:
        """Return the metadata on the picture shown."""
        found = frames.metadata(frame, self.series[1], self.series[0])
        if self.slices_beside_frames > 1:
            found |= frames.metadata(place, self.slices_beside_frames, "depth")
        return found

    def backwards(self) -> ArrayAxes:
        """Return the axes of the same numbers as programs see them that count axes from the other end."""
        last = len(self.shape) - 1
        return ArrayAxes(
            self.shape[::-1], {kind: last - axis for kind, axis in self.held.items()}, self.names[::-1]
        )

    def _named_channels(self, count: int) -> int | None:
        named = [axis for axis in self.free if self.names and self.names[axis] in _CHANNELS]
        return named[0] if len(named) == 1 and self.shape[named[0]] == count else None


def axes_of(
    shape: Shape, names: Sequence[Sequence[str]], lists: Mapping[str, int], channels: int | None
) -> ArrayAxes | None:
    """Return the axes of an array of three to five; None where what the file says does not tell them apart.

    Parameters
    ----------
    shape : tuple of int
    names : sequence of sequences of str
        What may be the names of its axes, the nearest first; those of another number are passed over.
    lists : mapping of str to int
        Names and lengths of the lists in the file.
    channels : int, optional
        None where wavelengths are not known yet.
    """
    named = (ArrayAxes.named(shape, words) for words in names if len(words) == len(shape))
    found = next((axes for axes in named if axes is not None and channels in (None, *axes.picture)), None)
    if found is not None or len(shape) == 3:
        return found or ArrayAxes(shape)
    return ArrayAxes.listed(shape, lists, channels or 0)


def is_name_of_axes(name: str) -> bool:
    """Whether a text or list of texts of this name may hold the names of an array's axes."""
    return _NAMES_OF_AXES.fullmatch(name.strip()) is not None


def split_names(text: str | Sequence[str]) -> list[str]:
    """Return the names of axes in a text such as "tyxc" or "time, y, x, wavelength", or in a list of texts."""
    if not isinstance(text, str):
        return [str(word) for word in text]
    words = [word for word in re.split(r"[^\w]+", text) if word]
    return list(words[0]) if len(words) == 1 else words


def several_axes(where: str, shape: Shape) -> CubeError:
    """Return the error for an array with wavelengths whose other axes the file does not tell apart."""
    return CubeError(
        f"{where} has the shape {shape}; expected three axes, or a text called dims that names them, as 'tyxc' or 'zyxc', or a list "
        "called time or depth as long as one of them only."
    )


def offered(
    title: str,
    axes: ArrayAxes,
    read: Callable[[int, ReadOptions], SpectralCube],
    options: ReadOptions,
    alternative: bool,
) -> Iterator[Candidate]:
    """Go through what an array can be opened as: itself, or each slice of its frames.

    ``read(place, options)`` reads it at a slice.
    """
    for name, place in frames.slices(title, axes.slices_beside_frames):
        yield Candidate(name, partial(read, place, options), alternative or place > 0)


def means(
    title: str, axes: ArrayAxes, read: Callable[[int, ReadOptions], SpectralCube], options: ReadOptions
) -> Iterator[Candidate]:
    """Go through what is offered beside the frames of an array: their mean."""
    axis, count = axes.series
    for words, frame in frames.offered(count) if axis == "time" else ():
        yield Candidate(f"{title}, {words}", partial(read, 0, replace(options, frame=frame)), True)


def in_series(
    path: Path,
    options: ReadOptions,
    axes: ArrayAxes,
    order: tuple[int, int, int],
    place: int,
    source: Callable[[], Source],
    build: Callable[[LazyCube, int, dict[str, Any], ReadOptions], SpectralCube],
    positions: Positions | None = None,
    backwards: bool = False,
) -> SpectralCube:
    """Open the pictures of an array.

    Parameters
    ----------
    path, options
        As of the reader.
    axes, order
        The array's axes, and which of them are rows, columns and channels.
    place : int
        The slice, where there are frames of several.
    source : callable
        ``source()`` gives the stored numbers.
    build : callable
        ``build(data, index, metadata, options)`` makes the cube of a picture, 0 for the mean over all.
    positions : array, shape (pictures,), optional
    backwards : bool
        Whether the numbers are stored with the last of these axes first.
    """
    axis, count = axes.series
    last = len(axes.shape) - 1

    def stored(place: int) -> int:
        return last - place if backwards else place

    def picture(frame: Frame, options: ReadOptions) -> SpectralCube:
        index, numbers = 0 if frame == "mean" else int(frame), source()
        if frame == "mean" and axis in axes.held:
            numbers = MeanSource(numbers, stored(axes.held[axis]))
        held = {stored(at): where for at, where in axes.fixed(index, place).items()}
        rows, columns, channels = map(stored, order)
        data = LazyCube(numbers, (rows, columns, channels), held)
        return build(data, index, axes.said(frame, place), options)

    return frames.in_series(path, options, picture, count, axis=axis, positions=positions)
