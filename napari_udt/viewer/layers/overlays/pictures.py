"""What is laid over a cube's picture: maps with one number per pixel, and pictures in colours. No Qt, no napari."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SpectralMap:
    """One number per pixel of a cube.

    Parameters
    ----------
    title : str
        What it is.
    unit : str
        "1" for a plain number.
    values : array, shape (rows, columns)
        NaN where nothing is known.
    limits : (float, float)
        The values at both ends of the colour bar.
    colormap : str or tuple of str
        napari's name, or one colour (hex) for each of ``names``.
    names : tuple of str
        What the whole numbers from 0 stand for; empty where the values are measures.
    """

    title: str
    unit: str
    values: NDArray[np.floating[Any]]
    limits: tuple[float, float]
    colormap: str | tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ColourPicture:
    """A picture in colours, and how it came to be.

    Parameters
    ----------
    title : str
        What stands behind the cube's name.
    values : uint8 array, shape (rows, columns, 3)
    remark : str
        One or two sentences for the reader.
    """

    title: str
    values: NDArray[np.uint8]
    remark: str
