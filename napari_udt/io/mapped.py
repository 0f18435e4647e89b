"""Numbers that lie bare in a file: mapped into memory, so that only what is looked at is read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_udt.errors import CubeError
from napari_udt.io.lazy import Source


def mapped(path: Path, dtype: DTypeLike, shape: tuple[int, ...], offset: int = 0) -> np.memmap[Any, Any]:
    """Map an array that begins ``offset`` bytes into a file.

    Raises
    ------
    CubeError
        When the file is shorter than the array.
    """
    kind = np.dtype(dtype)
    wanted, held = math.prod(shape) * kind.itemsize, path.stat().st_size - offset
    if held < wanted:
        raise CubeError(
            f"{path}: an array of shape {shape} and type {kind} needs {wanted:,} bytes but the file holds "
            f"{max(held, 0):,}; it is cut short, or its header is wrong."
        )
    return np.memmap(path, kind, "r", offset, shape)


class ScaledSource:
    """Stored numbers that are divided by a constant when they are read.

    Parameters
    ----------
    source : Source
        The stored numbers.
    divisor : float
        Not zero.
    """

    def __init__(self, source: Source, divisor: float) -> None:
        self._source = source
        self._divisor = divisor

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each stored axis."""
        return self._source.shape

    @property
    def stored_bytes(self) -> int:
        """How many bytes the file really holds for it."""
        return self._source.stored_bytes

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        return self._source.read(selection).astype(np.float64) / self._divisor

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()
