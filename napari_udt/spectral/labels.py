"""Numbers and names of structures in a picture. Imports numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_NUMBERS = 1 << 20  # between the least and the greatest, for which a table is made
_BACKGROUND_NAMES = ("background", "coupling", "water", "air", "gel", "unlabelled", "unknown", "generic")


def present(labels: NDArray[np.integer[Any]]) -> tuple[NDArray[np.integer[Any]], NDArray[np.intp]]:
    """Return the numbers that occur, ascending, and for each pixel which of them it bears.

    As ``numpy.unique`` with ``return_inverse``, but by a table instead of by sorting all pixels: ten times faster on a
    camera's picture.

    Parameters
    ----------
    labels : int array, any shape

    Returns
    -------
    numbers : array, shape (k,)
    places : array, the shape of ``labels``
        ``numbers[places]`` is ``labels``.
    """
    least, most = (int(labels.min()), int(labels.max())) if labels.size else (0, _MOST_NUMBERS)
    if most - least >= _MOST_NUMBERS or most > np.iinfo(np.intp).max:
        numbers, places = np.unique(labels, return_inverse=True)
        return numbers, places.reshape(labels.shape)
    offsets = labels.astype(np.intp) - least
    table = np.bincount(offsets.reshape(-1)) > 0
    return np.flatnonzero(table) + least, (np.cumsum(table) - 1)[offsets]


def plain_name(structure: str) -> str:
    """Return the name of a structure as it is compared: "Small_Bowel" and "small bowel" are one."""
    return " ".join(structure.replace("_", " ").replace("-", " ").split()).casefold()


def is_background(name: str) -> bool:
    """Whether a structure's name says that it is no tissue."""
    return any(word in name.casefold() for word in _BACKGROUND_NAMES)
