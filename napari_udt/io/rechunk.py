"""Copying a cube into a file with other chunks, with memory for a few blocks whatever the cube's size.

Where no block holds whole pieces of both files (one gzip chunk per wavelength on one side, chunks of spectra on the
other), the cube goes through a temporary file whose chunks fit both sides: everything is read once and unpacked once.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, Protocol, get_args
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.leftovers import SUFFIX, temporary_prefix
from napari_udt.files.writing import new_hdf5
from napari_udt.io.blocks import BLOCK_BYTES, Plan, blocks, plan
from napari_udt.io.contract import Progress, ignore_progress
from napari_udt.io.layout import Layout, Shape3D, page_pieces

Chunks = Literal["pixel", "band", "both"]

# What is read more often than this goes through a temporary file instead.
MOST_EFFORT = 2.5
_ITEM_BYTES = 4  # float32
_CHUNKS: dict[str, Shape3D] = {
    "pixel": (8, 8, 10**6),  # all channels of some pixels
    "band": (512, 512, 1),  # one wavelength of many pixels
    "both": (32, 32, 10),  # see FORMAT.md for the times
}


class Target(Protocol):
    """A dataset with chunks that values are written to, or one picture of a larger dataset."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns, channels)."""

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    def __getitem__(self, key: Any) -> NDArray[Any]: ...

    def __setitem__(self, key: Any, value: NDArray[np.float32]) -> None: ...


def chunk_shape(shape: Shape3D, chunks: Chunks = "both") -> Shape3D:
    """Return the chunks of a cube that make spectra ("pixel"), pictures ("band") or both fast to read.

    Raises
    ------
    CubeError
        When ``chunks`` is none of these.
    """
    if chunks not in _CHUNKS:
        raise CubeError(f"Chunks {chunks!r} are unknown; choose {', '.join(get_args(Chunks))}.")
    rows, columns, channels = (min(n, c) for n, c in zip(shape, _CHUNKS[chunks], strict=True))
    return rows, columns, channels


def copy(cube: SpectralCube, target: Target, folder: Path, progress: Progress | None = None) -> None:
    """Copy a cube's spectra into a dataset, block by block.

    Parameters
    ----------
    cube : SpectralCube
    target : dataset
        Of the cube's shape, with chunks.
    folder : path
        Where a temporary file may lie.
    progress : callable, optional
        Called as ``progress(done, total)``, in bytes; whatever it raises ends the copy.
    """
    report = progress or ignore_progress
    chunk = (target.chunks[0], target.chunks[1], target.chunks[2])
    with readable(cube, chunk, folder, _part(report, 0, 2)) as (source, spooled):
        chosen = plan(layout_of(source), chunk)
        _carry(source.data, target, chosen, _part(report, 1, 2) if spooled else report)


@contextmanager
def readable(
    cube: SpectralCube,
    chunk: Shape3D,
    folder: Path,
    progress: Progress | None = None,
    *,
    whole_spectra: bool = False,
    limit: int = BLOCK_BYTES,
) -> Iterator[tuple[SpectralCube, bool]]:
    """Yield a cube from which blocks of whole chunks are fast to read, and whether it is a temporary copy.

    ``limit`` bounds the bytes of a block as float32, as in :func:`plan`.

    Raises
    ------
    CubeError
        When a temporary copy is needed and the disk has no room for it.
    """
    chosen = plan(layout_of(cube), chunk, whole_spectra=whole_spectra, limit=limit)
    spool = cube.is_lazy and chosen.effort > MOST_EFFORT
    with (
        _spooled(cube, chosen, folder, progress or ignore_progress, limit)
        if spool
        else nullcontext(cube) as source
    ):
        yield source, spool


def layout_of(cube: SpectralCube) -> Layout:
    """Return the layout of a cube's values, in its file or in memory."""
    layout = getattr(cube.data, "layout", None)
    if isinstance(layout, Layout):
        return layout
    rows, columns, channels = getattr(cube.data, "chunks", None) or page_pieces(cube.shape, _ITEM_BYTES)
    return Layout(cube.shape, (rows, columns, channels), _ITEM_BYTES * rows * columns * channels)


@contextmanager
def _spooled(
    cube: SpectralCube, later: Plan, folder: Path, progress: Progress, limit: int
) -> Iterator[SpectralCube]:
    """Copy a cube to a temporary file beside the result, in chunks that both its pieces and later blocks hold."""
    _check_room(cube, folder)
    layout = layout_of(cube)
    earlier = plan(layout, _clipped(layout.piece, cube.shape), limit=limit)
    path = folder / f"{temporary_prefix('spool')}{uuid4().hex}{SUFFIX}"
    try:
        # Chunks that do not fit into HDF5's cache would be read and written in runs of a few values.
        needed = _ITEM_BYTES * math.prod(cube.shape)
        with new_hdf5(path, needed, rdcc_nbytes=2 * limit) as file:
            chunk = _clipped(earlier.block, later.block)
            data = file.checked(file.create_dataset("data", cube.shape, np.float32, chunks=chunk))
            _carry(cube.data, data, earlier, progress)
            yield cube.with_(data=data)
    finally:
        path.unlink(missing_ok=True)


def _carry(source: Any, target: Target, chosen: Plan, progress: Progress) -> None:
    shape = (target.shape[0], target.shape[1], target.shape[2])
    total, done = _ITEM_BYTES * math.prod(shape), 0
    progress(0, total)
    for block in blocks(shape, chosen.block):
        values = np.asarray(source[block], np.float32)
        target[block] = values
        done += values.nbytes
        progress(done, total)


def _clipped(one: Shape3D, other: Shape3D) -> Shape3D:
    rows, columns, channels = (min(a, b) for a, b in zip(one, other, strict=True))
    return rows, columns, channels


def _check_room(cube: SpectralCube, folder: Path) -> None:
    needed, free = _ITEM_BYTES * int(np.prod(cube.shape)), shutil.disk_usage(folder).free
    if needed > free:
        raise CubeError(
            f"{folder}: {cube.name} is stored in chunks that make a temporary copy of {needed / 1e9:.1f} GB necessary, "
            f"but only {free / 1e9:.1f} GB are free; make room, or choose a folder on another disk."
        )


def _part(progress: Progress, number: int, parts: int) -> Progress:
    """Count one of several equal parts of a piece of work."""

    def report(done: int, total: int) -> None:
        progress(number * total + done, parts * total)

    return report
