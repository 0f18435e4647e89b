"""Estimates of what is slow to read in a cube that stays in its file, and how to convert it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import ArrayLike3D, SpectralCube, nested
from napari_udt.io.blocks import Block
from napari_udt.io.layout import Layout
from napari_udt.io.rechunk import chunk_shape

SLOW_S = 1.0  # acceptable wait after a click
COARSE_S = 2.5  # acceptable wait for another picture
_SAMPLE_S = 0.5
_MOST_PIECES = 128
_FEWEST_PIECES = 64
_MOST_VALUES = 1_000_000
_GOLDEN = (math.sqrt(5) - 1) / 2


def layout_in_file(cube: SpectralCube) -> Layout | None:
    """Return how a lazy cube lies in its file; None for one in memory."""
    layout = getattr(cube.data, "layout", None)
    return layout if isinstance(layout, Layout) else None


def slow_to_read(cube: SpectralCube) -> str:
    """Return one sentence on what takes long to read in a cube and why; empty when nothing does."""
    layout = layout_in_file(cube)
    if layout is None:
        return ""
    waits = {"a spectrum": layout.spectrum_seconds, "a picture": layout.picture_seconds}
    slow = [f"{what} about {_rounded(wait)} s" for what, wait in waits.items() if wait > SLOW_S]
    if not slow:
        return ""
    piece = " x ".join(str(min(n, p)) for n, p in zip(layout.shape, layout.piece, strict=True))
    how = f"packed in pieces of {piece}" if layout.packed else f"stored in pieces of {piece}"
    return f"{cube.name}: {' and '.join(slow)} to read, because the file is {how} (rows x columns x wavelengths)."


def can_be_faster(cube: SpectralCube) -> bool:
    """Whether something is slow to read in a cube that is not in a converted file: not packed, in chunks for both."""
    layout = layout_in_file(cube)
    converted = layout is not None and not layout.packed and layout.piece == chunk_shape(layout.shape, "both")
    return bool(slow_to_read(cube)) and not converted


def convert_command(cube: SpectralCube) -> str:
    """Return the command that makes a file of a cube from which everything is fast to read."""
    path = str(nested(cube.metadata, "file").get("path", "IN"))
    return f'napari-udt convert "{path}" "{fast_path(path)}"'


def fast_path(path: str) -> str:
    """Return the name of a converted file, beside the file that it is made of."""
    stem = path
    for ending in (".h5", ".hdf5", ".udt", ".npy", ".mat", ".hdr", ".dat", ".raw", ".img", ".tif", ".nrrd"):
        stem = stem.removesuffix(ending)
    return f"{stem}_fast.udt.h5"


def sample(cube: SpectralCube, seconds: float = _SAMPLE_S) -> tuple[NDArray[np.float32], bool]:
    """Return values of a lazy cube from pieces spread evenly over it, and whether these are all of its values.

    Parameters
    ----------
    cube : SpectralCube
    seconds : float
        How long reading may take, roughly; one piece is read in any case.

    Returns
    -------
    array, shape (n,)
    bool
    """
    layout = layout_in_file(cube) or Layout(cube.shape, (1, cube.shape[1], cube.shape[2]), 4096)
    counts = [math.ceil(n / p) for n, p in zip(layout.shape, layout.piece, strict=True)]
    total = math.prod(counts)
    if total * layout.piece_seconds <= seconds and math.prod(cube.shape) <= _MOST_VALUES:
        return np.asarray(cube.data[:], np.float32).reshape(-1), True
    wanted = min(total, max(1, min(_MOST_PIECES, int(seconds / layout.piece_seconds))))
    read = [np.asarray(cube.data[block], np.float32).reshape(-1) for block in _spread(layout, counts, wanted)]
    values = np.concatenate(read)
    return values[:: max(1, values.size // _MOST_VALUES)], False


def is_shown_coarsely(layout: Layout) -> bool:
    """Whether pictures are slow to read and lie in pieces enough that a few of them make a picture."""
    return layout.picture_seconds > COARSE_S and layout.pieces_per_picture >= _FEWEST_PIECES


def coarse_picture(
    data: ArrayLike3D, channel: int, layout: Layout, seconds: float = _SAMPLE_S
) -> NDArray[np.float32]:
    """Return one wavelength's picture from as few pieces of its file as can be read in some time, roughly.

    Whole rows of pixels where these are pieces of their own, else single pixels of blocks; those between repeat them.

    Returns
    -------
    array, shape (rows, columns)
    """
    thinning = max(1.0, layout.picture_seconds / seconds)
    row_step, column_step = math.ceil(thinning), 1
    if layout.piece[0] > 1:
        side = math.ceil(math.sqrt(thinning))
        row_step, column_step = side * layout.piece[0], side * layout.piece[1]
    rows = np.arange(min(row_step // 2, layout.shape[0] - 1), layout.shape[0], row_step)
    first = min(column_step // 2, layout.shape[1] - 1)
    picked = np.stack([data[int(row), first::column_step, channel] for row in rows])
    near = [
        np.minimum(np.arange(n) // step, len(axis) - 1)
        for n, step, axis in zip(layout.shape, (row_step, column_step), (picked, picked[0]), strict=False)
    ]
    return np.asarray(picked[near[0]][:, near[1]], np.float32)


def _spread(layout: Layout, counts: list[int], wanted: int) -> Iterator[Block]:
    """Yield pieces at the golden ratio's multiples of their number: no two near each other, on no common line."""
    total = math.prod(counts)
    places = {int((i + 0.5) * _GOLDEN % 1 * total) for i in range(wanted)}
    for place in sorted(places):
        corner = np.unravel_index(place, counts)
        rows, columns, channels = (
            slice(int(c) * p, min(int(c) * p + p, n))
            for c, p, n in zip(corner, layout.piece, layout.shape, strict=True)
        )
        yield rows, columns, channels


def _rounded(seconds: float) -> str:
    return (
        f"{seconds:.1g}"
        if seconds < 10
        else f"{round(seconds, -1):.0f}"
        if seconds < 100
        else f"{round(seconds, -2):.0f}"
    )
