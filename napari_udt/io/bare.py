"""Arrays stored uncompressed at a known offset in a file, read on demand.

Plain reads are used instead of mapped memory: resident memory stays small however much is read, and a file that shrinks
or is removed while it is open gives an error, where mapped memory would end the program.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import reading

_BLOCK_BYTES = 32_000_000
_NEGLIGIBLE_GAP = 65_536  # bytes: reading over a gap is faster than another read


class BareSource:
    """Source for an array of three axes or more that begins ``offset`` bytes into a file.

    Parameters
    ----------
    path : path
    dtype : numpy dtype
        With the byte order.
    shape : tuple of int
        Length of the axes, the slowest first.
    offset : int
    gaps : (int, int)
        Bytes before and after the numbers of each entry of the slowest axis, where there are three.

    Raises
    ------
    CubeError
        When the file is shorter than the array.
    """

    def __init__(
        self,
        path: Path,
        dtype: DTypeLike,
        shape: tuple[int, ...],
        offset: int = 0,
        gaps: tuple[int, int] = (0, 0),
    ) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._offset, self._gaps = offset, gaps
        self.shape = shape
        self.stored_bytes = math.prod(shape) * self._dtype.itemsize
        held = path.stat().st_size - offset - sum(gaps) * shape[0]
        if held < self.stored_bytes:
            raise CubeError(
                f"{path}: an array of shape {shape} and type {self._dtype} needs {self.stored_bytes:,} bytes but the file "
                f"holds {max(held, 0):,}; it is cut short, or its header is wrong."
            )

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        if len(self.shape) > 3:
            return self._stacked(selection[0], selection[1:])
        planes, lines, values = (
            range(*k.indices(n)) if isinstance(k, slice) else range(k, k + 1)
            for k, n in zip(selection, self.shape, strict=True)
        )
        found = np.empty((len(planes), len(lines), len(values)), self._dtype)
        if found.size:
            with reading(self._path), open(self._path, "rb", buffering=0) as file:
                for target, plane in zip(found, planes, strict=True):
                    self._read_plane(file, plane, lines, values, target)
        return found[tuple(slice(None) if isinstance(k, slice) else 0 for k in selection)]

    def close(self) -> None:
        """Do nothing: the file is open during reads only."""

    def _stacked(self, first: int | slice, inner: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read the entries of the slowest axis one by one."""
        step = math.prod(self.shape[1:]) * self._dtype.itemsize

        def entry(index: int) -> NDArray[Any]:
            return BareSource(self._path, self._dtype, self.shape[1:], self._offset + index * step).read(
                inner
            )

        if not isinstance(first, slice):
            return entry(first)
        wanted = range(*first.indices(self.shape[0]))
        return np.stack([entry(index) for index in wanted]) if wanted else entry(0)[np.newaxis][:0]

    def _read_plane(
        self, file: IO[bytes], plane: int, lines: range, values: range, target: NDArray[Any]
    ) -> None:
        """Read parts of some lines: several lines at once where the gaps between the parts are small."""
        width = values[-1] + 1 - values[0]
        gap = (lines.step * self.shape[2] - width) * self._dtype.itemsize
        together = max(1, _BLOCK_BYTES // (lines.step * self.shape[2] * self._dtype.itemsize))
        step = together if gap <= _NEGLIGIBLE_GAP else 1
        for first in range(0, len(lines), step):
            block = lines[first : first + step]
            run = (block[-1] - block[0]) * self.shape[2] + width
            numbers = np.empty((block[-1] + 1 - block[0]) * self.shape[2], self._dtype)
            before = plane * sum(self._gaps) + self._gaps[0]
            start = (plane * self.shape[1] + block[0]) * self.shape[2] + values[0]
            self._fill(file, before, start, numbers[:run])
            table = numbers.reshape(-1, self.shape[2])[:: lines.step, : width : values.step]
            target[first : first + step] = table

    def _fill(self, file: IO[bytes], before: int, start: int, numbers: NDArray[Any]) -> None:
        file.seek(self._offset + before + start * self._dtype.itemsize)
        place, done = numbers.view(np.uint8).data, 0
        while done < len(place):
            count = file.readinto(place[done:])  # type: ignore[attr-defined]
            if not count:
                raise CubeError(
                    f"{self._path}: the file has become shorter since it was opened; open it again."
                )
            done += count
