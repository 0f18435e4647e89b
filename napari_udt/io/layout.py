"""The layout of a cube's values in its file, and what it costs to read them.

A file is read in pieces: HDF5 chunks, or pages where numbers lie one after another. A spectrum costs the pieces
that its channels lie in, a picture those of its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

Shape3D = tuple[int, int, int]

PAGE_BYTES = 4096

# What one core unpacks (gzip with shuffle, measured on a virtual core of an AMD EPYC) and what a disk may give, in bytes
# per second: estimates that decide what is said and how a file is read, not promises.
UNPACKED_PER_S = 120e6
READ_PER_S = 1e9
EACH_S = 10e-6  # beside its bytes: finding a piece; a picture of a 20 GB cube stored spectrum by spectrum has five million


@dataclass(frozen=True)
class Layout:
    """The pieces in which a file gives a cube's numbers.

    Parameters
    ----------
    shape : (int, int, int)
        Rows, columns and channels of the cube.
    piece : (int, int, int)
        Rows, columns and channels in one piece.
    piece_bytes : int
        Bytes of a piece as they lie in memory; more than the cube's part when a piece spans frames.
    packed : bool
        Whether pieces are compressed, so that one value costs a whole piece.
    """

    shape: Shape3D
    piece: Shape3D
    piece_bytes: int
    packed: bool = False

    @property
    def spectrum_seconds(self) -> float:
        """Estimated time to read one spectrum."""
        return math.ceil(self.shape[2] / self.piece[2]) * self.piece_seconds

    @property
    def picture_seconds(self) -> float:
        """Estimated time to read one wavelength's picture."""
        return self.pieces_per_picture * self.piece_seconds

    @property
    def pieces_per_picture(self) -> int:
        """In how many pieces one wavelength's picture lies."""
        return math.ceil(self.shape[0] / self.piece[0]) * math.ceil(self.shape[1] / self.piece[1])

    @property
    def piece_seconds(self) -> float:
        """Estimated time to read one piece."""
        return EACH_S + self.piece_bytes / (UNPACKED_PER_S if self.packed else READ_PER_S)


def page_pieces(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Return the shape of a page of an array whose numbers lie one after another, the last axis fastest."""
    left, piece = max(1, PAGE_BYTES // itemsize), [1] * len(shape)
    for axis in reversed(range(len(shape))):
        piece[axis] = max(1, min(shape[axis], left))
        left //= max(1, shape[axis])
    return tuple(piece)


def dataset_pieces(dataset: h5py.Dataset) -> tuple[tuple[int, ...], int, bool]:
    """Return the pieces in which a dataset is read, the bytes of one, and whether they are packed."""
    itemsize = dataset.dtype.itemsize
    pieces = dataset.chunks or page_pieces(dataset.shape, itemsize)
    packed = bool(dataset.chunks) and dataset.id.get_create_plist().get_nfilters() > 0
    return pieces, math.prod(pieces) * itemsize, packed


def array_pieces(array: NDArray[Any]) -> tuple[int, ...]:
    """Return the shape of a page of an array, whichever of its axes is the fastest."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    pieces = page_pieces([array.shape[axis] for axis in order], array.itemsize)
    return tuple(pieces[order.index(axis)] for axis in range(array.ndim))
