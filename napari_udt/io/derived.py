"""Sources that compute their values from another source when they are read: flipped, averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.io.lazy import Source

Selection = tuple[int | slice, ...]


class _Derived:
    """A source on top of another one, of its shape and size unless said otherwise."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.shape = source.shape
        self.stored_bytes = source.stored_bytes

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
