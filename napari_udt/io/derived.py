"""Sources that compute their values from others when they are read: a part, flipped, averaged, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.io.lazy import PiecewiseSource, Source

Selection = tuple[int | slice, ...]


class _Derived:
    """A source on top of another one, of its shape, size and pieces unless said otherwise."""

    pieces: tuple[int, ...]
    piece_bytes: int
    packed: bool

    def __init__(self, source: Source) -> None:
        self._source = source
        self.shape = source.shape
        self.stored_bytes = source.stored_bytes
        if isinstance(source, PiecewiseSource):
            self.pieces, self.piece_bytes, self.packed = source.pieces, source.piece_bytes, source.packed

    def close(self) -> None:
        """Close the file."""
        self._source.close()


class FlippedSource(_Derived):
    """Stored values with one axis counted from its other end."""

    def __init__(self, source: Source, axis: int) -> None:
        super().__init__(source)
        self._axis = axis

    def read(self, selection: Selection) -> NDArray[Any]:
        """Read one slice, or an integer, per axis; slices go forwards."""
        key, last = selection[self._axis], self.shape[self._axis] - 1
        if not isinstance(key, slice):
            return self._source.read(self._with(selection, last - key))
        wanted = range(*key.indices(last + 1))
        if not wanted:
            return self._source.read(selection)
        mirrored = slice(last - wanted[-1], last - wanted[0] + 1, wanted.step)
        axis = sum(isinstance(k, slice) for k in selection[: self._axis])  # integers remove their axis
        return np.flip(self._source.read(self._with(selection, mirrored)), axis)

    def _with(self, selection: Selection, key: int | slice) -> Selection:
        return (*selection[: self._axis], key, *selection[self._axis + 1 :])


class MeanSource(_Derived):
    """The mean over one axis of a source, which keeps length 1; read frame by frame."""

    def __init__(self, source: Source, axis: int = 0) -> None:
        super().__init__(source)
        self._axis = axis
        self.shape = (*source.shape[:axis], 1, *source.shape[axis + 1 :])

    def read(self, selection: Selection) -> NDArray[Any]:
        """Read one integer or slice per axis; along the axis of the mean it must be 0."""
        before, after = selection[: self._axis], selection[self._axis + 1 :]
        count = self._source.shape[self._axis]
        total = self._source.read((*before, 0, *after)).astype(np.float32)
        for frame in range(1, count):
            total += self._source.read((*before, frame, *after))
        return total / count


class PartSource(_Derived):
    """The entries ``start`` to before ``start + count`` along an axis of a source."""

    def __init__(self, source: Source, axis: int, start: int, count: int) -> None:
        super().__init__(source)
        self._axis, self._start, self._count = axis, start, count
        self.shape = (*source.shape[:axis], count, *source.shape[axis + 1 :])
        self.stored_bytes = source.stored_bytes * count // max(1, source.shape[axis])

    def read(self, selection: Selection) -> NDArray[Any]:
        """Read one slice, or an integer, per axis."""
        key = selection[self._axis]
        if isinstance(key, slice):
            start, stop, step = key.indices(self._count)
            inner: int | slice = slice(start + self._start, stop + self._start, step)
        else:
            inner = key + self._start
        return self._source.read((*selection[: self._axis], inner, *selection[self._axis + 1 :]))


class MeanOfSources:
    """The mean over sources of one shape."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self.shape = sources[0].shape
        self.stored_bytes = sum(source.stored_bytes for source in sources)

    def read(self, selection: Selection) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        total = self._sources[0].read(selection).astype(np.float64)
        for source in self._sources[1:]:
            total += source.read(selection)
        return total / len(self._sources)

    def close(self) -> None:
        """Close the files."""
        for source in self._sources:
            source.close()


class JoinedSource:
    """Sources one after the other along an axis; alike in the lengths of the others."""

    def __init__(self, sources: Sequence[Source], axis: int) -> None:
        self._sources, self._axis = sources, axis
        self._starts = np.cumsum([0, *(source.shape[axis] for source in sources)]).tolist()
        first = sources[0].shape
        self.shape = (*first[:axis], self._starts[-1], *first[axis + 1 :])
        self.stored_bytes = sum(source.stored_bytes for source in sources)

    def read(self, selection: Selection) -> NDArray[Any]:
        """Read one integer or slice per axis; a slice along the joined one, forwards."""
        key = selection[self._axis]
        if not isinstance(key, slice):
            at = int(np.searchsorted(self._starts, key, "right")) - 1
            return self._sources[at].read(self._with(selection, key - self._starts[at]))
        wanted, parts = np.arange(*key.indices(self.shape[self._axis])), []
        for source, start in zip(self._sources, self._starts, strict=False):
            here = wanted[(wanted >= start) & (wanted < start + source.shape[self._axis])] - start
            if here.size:
                span = slice(int(here[0]), int(here[-1]) + 1, key.step)
                parts.append(source.read(self._with(selection, span)))
        if not parts:
            return self._sources[0].read(self._with(selection, slice(0, 0)))
        axis = sum(isinstance(k, slice) for k in selection[: self._axis])
        return np.concatenate(parts, axis) if len(parts) > 1 else parts[0]

    def close(self) -> None:
        """Close the files."""
        for source in self._sources:
            source.close()

    def _with(self, selection: Selection, key: int | slice) -> Selection:
        return (*selection[: self._axis], key, *selection[self._axis + 1 :])
