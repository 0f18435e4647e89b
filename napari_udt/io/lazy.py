"""Cubes that stay in their file and are read on demand.

A :class:`LazyCube` turns (row, column, channel) indexing into reads of a :class:`Source`, which may store its axes in
another order, have more axes than three, or hold its channels unsorted.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.layout import PAGE_BYTES, Layout, array_pieces, page_pieces
from napari_udt.io.values import StoredValues

_SMALL_PIXELS = 49  # the largest square that is averaged around the cursor
_RECENT = 64
ROWS_PER_READ = 32  # rows that scattered pixels are read with; one row of chunks in our own format


class Source(Protocol):
    """Stored numbers with any order of axes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each stored axis."""

    @property
    def stored_bytes(self) -> int:
        """Bytes that the file holds of the array."""

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis, as numpy would."""

    def close(self) -> None:
        """Close the file."""


@runtime_checkable
class PiecewiseSource(Source, Protocol):
    """A source that knows in which pieces its file is read."""

    pieces: tuple[int, ...]
    piece_bytes: int
    packed: bool


class ArraySource:
    """An array, in memory or memory-mapped."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.in_memory = not isinstance(array, np.memmap)
        self._array = array
        self.shape = array.shape
        self.stored_bytes = array.nbytes
        self.pieces = array_pieces(array)
        self.piece_bytes, self.packed = math.prod(self.pieces) * array.itemsize, False

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        if isinstance(self._array, np.memmap):
            _require_whole(self._array)
        return self._array[selection]

    def close(self) -> None:
        """Do nothing: the array is freed with its last reference."""


def _require_whole(array: np.memmap[Any, Any]) -> None:
    """Raise ``CubeError`` where a mapped file has become shorter: reading beyond its end would end the program."""
    mapped: Any = array
    while isinstance(mapped, np.ndarray):
        mapped = mapped.base
    start = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    if isinstance(mapped, mmap.mmap) and mapped.size() < start + len(mapped):
        raise CubeError(f"{array.filename}: the file has become shorter since it was opened; open it again.")


class LazyCube:
    """A cube whose values stay in the file until they are indexed.

    Parameters
    ----------
    source : Source
        The stored numbers.
    axes : (int, int, int)
        Which axis of the source holds rows, columns and channels.
    fixed : mapping of int to int
        Index at which each remaining axis of the source is held.
    channels : sequence of int or of integer arrays, optional
        Which channel of the source each channel of the cube is, or the mean of which; NaN is left out of a mean.
    values : StoredValues, optional
        How stored numbers become values.

    Notes
    -----
    Understands integers, slices with a positive step, ``...``, a boolean picture (rows, columns), and a pair of integer
    arrays (rows, columns) with an optional channel. Every read returns float32. Safe to use from several threads.
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(
        self,
        source: Source,
        axes: tuple[int, int, int],
        fixed: dict[int, int] | None = None,
        channels: Sequence[NDArray[np.intp]] | NDArray[np.intp] | None = None,
        values: StoredValues | None = None,
    ) -> None:
        self.source = source
        self.values = values or StoredValues()
        self._axes = axes
        self._fixed = dict(fixed or {})
        own = np.arange(source.shape[axes[2]]) if channels is None else channels
        self._channels: list[NDArray[np.intp]] = [np.atleast_1d(channel) for channel in own]
        self._recent: dict[tuple[tuple[int, int, int], ...], NDArray[np.float32]] = {}
        rows, columns = source.shape[axes[0]], source.shape[axes[1]]
        self.shape = (int(rows), int(columns), len(self._channels))

    @property
    def size(self) -> int:
        """Number of values."""
        rows, columns, channels = self.shape
        return rows * columns * channels

    @property
    def nbytes(self) -> int:
        """Bytes that the cube takes in memory as float32."""
        return self.size * self.dtype.itemsize

    @property
    def layout(self) -> Layout:
        """In which pieces the file gives the numbers; pages of whole spectra where the source does not know."""
        if not isinstance(self.source, PiecewiseSource):
            piece = page_pieces(self.shape, self.dtype.itemsize)
            return Layout(self.shape, (piece[0], piece[1], piece[2]), PAGE_BYTES)
        rows, columns, channels = (self.source.pieces[axis] for axis in self._axes)
        return Layout(self.shape, (rows, columns, channels), self.source.piece_bytes, self.source.packed)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<LazyCube {self.shape}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        keys = _expanded(key)
        if any(isinstance(k, (list, np.ndarray)) and np.ndim(k) > 0 for k in keys):
            return self._scattered(keys)
        slices = [_as_slice(k, n) for k, n in zip(keys, self.shape, strict=True)]
        block = self._block(*slices) if self._is_large(slices) else self._remembered(*slices)
        return block[tuple(slice(None) if isinstance(k, slice) else 0 for k in keys)]

    def _is_large(self, slices: Sequence[slice]) -> bool:
        return math.prod(len(range(s.start, s.stop, s.step)) for s in slices[:2]) > _SMALL_PIXELS

    def _remembered(self, *slices: slice) -> NDArray[np.float32]:
        """Read the spectra of a few pixels, or give them as they were read before: pins are drawn again and again."""
        key = tuple((s.start, s.stop, s.step) for s in slices)
        spectra = self._recent.get(key)
        if spectra is None:
            spectra = self._recent[key] = self._block(*slices)
            for old in list(self._recent)[:-_RECENT]:
                self._recent.pop(old, None)
        return spectra.copy()

    def regrouped(self, groups: Sequence[NDArray[np.intp]]) -> LazyCube:
        """Return a cube each channel of which is the mean of some of this one's."""
        channels = [np.concatenate([self._channels[channel] for channel in group]) for group in groups]
        return LazyCube(self.source, self._axes, self._fixed, channels, self.values)

    def with_values(self, values: StoredValues) -> LazyCube:
        """Return a cube of the same stored numbers that become values in another way."""
        return LazyCube(self.source, self._axes, self._fixed, self._channels, values)

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        self._recent.clear()
        self.source.close()

    def _block(self, rows: slice, columns: slice, channels: slice) -> NDArray[np.float32]:
        groups = self._channels[channels]
        order = np.concatenate(groups) if len(groups) else np.empty(0, np.intp)
        stored, pick = _covering(order)
        wanted: dict[int, int | slice] = dict(zip(self._axes, (rows, columns, stored), strict=True))
        selection = tuple(self._fixed.get(i, wanted.get(i, 0)) for i in range(len(self.source.shape)))
        block = self.source.read(selection).transpose(_ranks(self._axes))
        block = block if pick is None else block[:, :, pick]
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # not finite as float32 is counted, not reported here
            found = self.values.applied(block, order) if self.values else block
            if len(order) != len(groups):
                found = _means(found, [len(group) for group in groups])
            return np.ascontiguousarray(found, dtype=np.float32)

    def _scattered(self, keys: list[Any]) -> NDArray[np.float32]:
        """Read scattered pixels, a band of rows at a time, so that memory stays small."""
        rows, columns, channels = self._pixels(keys)
        spectra = np.empty((rows.size, *np.empty((0, self.shape[2]))[:, channels].shape[1:]), np.float32)
        for first in np.unique(rows // ROWS_PER_READ) * ROWS_PER_READ:
            here = np.flatnonzero(rows // ROWS_PER_READ * ROWS_PER_READ == first)
            left, right = int(columns[here].min()), int(columns[here].max()) + 1
            band = self[int(first) : int(first) + ROWS_PER_READ, left:right, channels]
            spectra[here] = band[rows[here] - first, columns[here] - left]
        return spectra

    def _pixels(self, keys: list[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp], Any]:
        mask = np.asarray(keys[0])
        if mask.dtype == bool and mask.shape == self.shape[:2]:
            rows, columns = np.nonzero(mask)
            return rows, columns, keys[1]
        if np.ndim(keys[2]) > 0 or isinstance(keys[0], slice) or isinstance(keys[1], slice):
            raise IndexError(
                "a lazy cube is indexed by integers, slices, a boolean picture or a pair of integer arrays"
            )
        rows, columns = np.broadcast_arrays(np.atleast_1d(keys[0]), np.atleast_1d(keys[1]))
        return _wrapped(rows, self.shape[0]), _wrapped(columns, self.shape[1]), keys[2]


def _expanded(key: Any) -> list[Any]:
    """Return three keys, filled up with full slices."""
    keys = list(key) if isinstance(key, tuple) else [key]
    taken = sum(2 if np.ndim(k) == 2 else 1 for k in keys if k is not Ellipsis)
    full = [slice(None)] * (3 - taken)
    if Ellipsis in [k for k in keys if not isinstance(k, np.ndarray)]:
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        return keys[:at] + full + keys[at + 1 :]
    if taken > 3:
        raise IndexError(f"too many indices for a cube: {taken} for (rows, columns, channels)")
    return keys + full


def _as_slice(key: Any, length: int) -> slice:
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step < 0:
            raise IndexError("a lazy cube is read forwards: the step of a slice must be positive")
        return slice(start, max(start, stop), step)
    index = int(_wrapped(np.asarray([key.__index__()]), length)[0])
    return slice(index, index + 1, 1)


def _wrapped(index: NDArray[Any], length: int) -> NDArray[np.intp]:
    """Count negative indices from the end; refuse those outside."""
    flat = np.asarray(index, dtype=np.intp).reshape(-1)
    if np.any((flat < -length) | (flat >= length)):
        raise IndexError(f"index out of range for an axis of length {length}")
    return np.where(flat < 0, flat + length, flat)


def _means(block: NDArray[Any], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Average neighbouring channels, so many at a time; NaN where all of them are."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    known = ~np.isnan(block)
    total = np.add.reduceat(np.where(known, block, 0), starts, axis=2, dtype=np.float64)
    count = np.add.reduceat(known, starts, axis=2, dtype=np.float64)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _covering(order: NDArray[np.intp]) -> tuple[slice, NDArray[np.intp] | None]:
    """Return the stored range that covers some channels, and how to pick them from it (None: as they come)."""
    if order.size == 0:
        return slice(0, 0), None
    steps = np.diff(order)
    if order.size == 1 or (steps[0] > 0 and np.all(steps == steps[0])):
        return slice(int(order[0]), int(order[-1]) + 1, int(steps[0]) if order.size > 1 else 1), None
    low = int(order.min())
    return slice(low, int(order.max()) + 1), order - low


def _ranks(axes: tuple[int, int, int]) -> tuple[int, ...]:
    """Return where rows, columns and channels stand among themselves in the source."""
    ordered = sorted(axes)
    return tuple(ordered.index(axis) for axis in axes)
