"""Where the names of structures stand on a picture. numpy and scipy only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_udt.spectral.labels import is_background

_SEEN_ACROSS = 400.0  # screen pixels that a picture's width is taken to have
_LETTER, _LINE = 9.0, 17.0  # screen pixels of a letter's width and of a line of text
_BANDS = 7  # parts of the width in which a name may stand
_MOST_PARTS = 4  # of one structure that are named
_WORTH = 0.2  # of the largest part's pixels that a further part needs for a name
_MOST_PIXELS = 256  # on the longer side, while places are looked for


class NamePlace(NamedTuple):
    """A name and the middle of its text, in pixels of the picture."""

    row: float
    column: float
    name: str


def name_places(labels: NDArray[np.integer[Any]], names: Mapping[int, str]) -> tuple[NamePlace, ...]:
    """Return where the names of structures stand: deep inside each part, below small ones, none over another.

    Parameters
    ----------
    labels : int array, shape (rows, columns)
    names : mapping of int to str
        Of the structures that are in the picture; background gets no name.

    Notes
    -----
    Texts keep their size on the screen. That none lies over another holds where the picture is about as wide as a window shows it
    first, and closer.
    """
    stride = max(1, -(-max(labels.shape) // _MOST_PIXELS))
    coarse = labels[::stride, ::stride]
    pixel = coarse.shape[1] / _SEEN_ACROSS
    line, letter = _LINE * pixel, _LETTER * pixel
    taken: list[tuple[float, float, float]] = []
    found = []
    masks = {name: coarse == number for number, name in names.items() if not is_background(name)}
    for name in sorted(masks, key=lambda name: int(masks[name].sum())):  # small ones have least choice
        half = len(name) * letter / 2
        for first, candidates in enumerate(_parts(masks[name], line, half)):
            free = [place for place in candidates if not _meets(place, half, taken, line)]
            if not free and first:
                continue  # a further part may do without a name
            row, column = (free or candidates)[0]
            taken.append((row, column, half))
            found.append(NamePlace(row * stride, column * stride, name))
    return tuple(found)


def _parts(mask: NDArray[np.bool_], line: float, half: float) -> list[list[tuple[float, float]]]:
    """Return for each large part of a structure the places where its name may stand, best first."""
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")[:_MOST_PARTS]
    return [
        _candidates(parts == part + 1, line, half)
        for part in order
        if count and sizes[part] >= _WORTH * sizes.max()
    ]


def _candidates(part: NDArray[np.bool_], line: float, half: float) -> list[tuple[float, float]]:
    """Return places deep inside a part, one per band of columns; below and above it where it is smaller than its name."""
    rows, columns = np.nonzero(part)
    width = part.shape[1]
    if np.ptp(rows) < 2 * line and np.ptp(columns) < 2 * half:
        middle = float(np.clip(columns.mean(), half, max(half, width - half)))
        return [(rows.max() + 0.7 * line, middle), (rows.min() - 0.7 * line, middle)]
    depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    places = []
    for band in np.array_split(np.arange(width), _BANDS):
        inner = np.where(part[:, band], depth[:, band], 0.0)
        row, column = np.unravel_index(int(inner.argmax()), inner.shape)
        if inner[row, column] > 0:
            deep = float(np.clip(band[column], half, max(half, width - half)))
            places.append((float(inner[row, column]), (float(row), deep)))
    return [place for _, place in sorted(places, key=lambda each: -each[0])]


def _meets(
    place: tuple[float, float], half: float, taken: list[tuple[float, float, float]], line: float
) -> bool:
    """Whether a text at a place would lie over one that is there."""
    return any(
        abs(place[0] - row) < line and abs(place[1] - column) < half + other for row, column, other in taken
    )
