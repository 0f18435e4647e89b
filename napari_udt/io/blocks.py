"""Blocks in which a cube is copied from one layout to another with little memory.

A block must hold whole chunks of the file that is written, and should hold whole pieces of the file that is read:
a piece that two blocks share is read twice, and unpacked twice where it is packed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from napari_udt.io.layout import Layout, Shape3D

# A block and what is made of it on its way (as it was stored, turned, as float32) stay below four times this.
BLOCK_BYTES = 48_000_000
_ITEM_BYTES = 4

Block = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Plan:
    """Blocks of one shape, and how many times over the file is read that way (1: every piece once)."""

    block: Shape3D
    effort: float


def plan(layout: Layout, chunk: Shape3D, *, whole_spectra: bool = False, limit: int = BLOCK_BYTES) -> Plan:
    """Choose the shape of the blocks that carry a cube into chunks.

    Parameters
    ----------
    layout : Layout
        Of the cube that is read.
    chunk : (int, int, int)
        Of the file that is written; blocks are multiples of it, unless they reach the cube's end.
    whole_spectra : bool
        Whether each block must hold all channels.
    limit : int
        Bytes of a block as float32; only a single chunk may be larger.
    """
    sizes = [_sizes(n, c) for n, c in zip(layout.shape, chunk, strict=True)]
    if whole_spectra:
        sizes[2] = [layout.shape[2]]
    efforts = [
        {size: _effort(n, piece, size) for size in axis}
        for n, piece, axis in zip(layout.shape, layout.piece, sizes, strict=True)
    ]
    fitting = [(r, c, b) for r, c, b in itertools.product(*sizes) if r * c * b * _ITEM_BYTES <= limit]
    smallest = (sizes[0][0], sizes[1][0], sizes[2][0])
    plans = [
        Plan(block, math.prod(e[size] for e, size in zip(efforts, block, strict=True)))
        for block in fitting or [smallest]
    ]
    return min(plans, key=lambda p: (round(p.effort, 1), -math.prod(p.block)))


def blocks(shape: Shape3D, block: Shape3D) -> Iterator[Block]:
    """Go through a cube block by block, channels fastest, then columns, then rows."""
    starts = (range(0, n, size) for n, size in zip(shape, block, strict=True))
    for corner in itertools.product(*starts):
        rows, columns, channels = (
            slice(start, min(start + size, n)) for start, size, n in zip(corner, block, shape, strict=True)
        )
        yield rows, columns, channels


def _sizes(length: int, chunk: int) -> list[int]:
    """Return the sizes of blocks to choose from along one axis: chunks doubled again and again, up to all."""
    sizes = [min(chunk, length)]
    while sizes[-1] < length:
        sizes.append(min(2 * sizes[-1], length))
    return sizes


def _effort(length: int, piece: int, size: int) -> float:
    """Return how many pieces blocks of some size touch along an axis, for each piece that there is."""
    touched = sum(
        (min(start + size, length) - 1) // piece - start // piece + 1 for start in range(0, length, size)
    )
    return touched / math.ceil(length / piece)
