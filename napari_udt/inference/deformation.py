"""The field of offsets in a deformed cube's metadata: a coarse grid of arrows, which files keep as they keep any metadata.

The field is smooth over several pixels, so that every eighth pixel says all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube

KEY = "deformation"
_EVERY = 8  # pixels
_DIGITS = 3


class Arrows(NamedTuple):
    """Where pixels of a deformed picture come from.

    Parameters
    ----------
    places : array, shape (n, 2)
        Rows and columns of the deformed picture, in pixels.
    offsets : array, shape (n, 2)
        From there to the place in the undeformed one, in pixels.
    """

    places: NDArray[np.float64]
    offsets: NDArray[np.float64]


def with_offsets(cube: SpectralCube, offsets: NDArray[np.floating[Any]]) -> SpectralCube:
    """Return a deformed cube with its field of offsets (2, rows, columns), in pixels, in its metadata."""
    start = _EVERY // 2
    grid = np.round(offsets[:, start::_EVERY, start::_EVERY].astype(np.float64), _DIGITS)
    field = {
        "every_px": _EVERY,
        "first_px": start,
        "rows_px": grid[0].tolist(),
        "columns_px": grid[1].tolist(),
    }
    return cube.with_(metadata={**cube.metadata, KEY: field})


def arrows_of(cube: SpectralCube) -> Arrows | None:
    """Return the arrows of a deformed cube; None for any other, and where the metadata of a foreign file make no sense."""
    field = cube.metadata.get(KEY)
    if not isinstance(field, Mapping):
        return None
    try:
        every, first = int(field["every_px"]), int(field["first_px"])
        offsets = np.array([field["rows_px"], field["columns_px"]], np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if offsets.ndim != 3 or every < 1 or not np.isfinite(offsets).all():
        return None
    rows, columns = np.meshgrid(*(first + every * np.arange(n) for n in offsets.shape[1:]), indexing="ij")
    places = np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.float64)
    inside = (places >= 0).all(axis=1) & (places < cube.shape[:2]).all(axis=1)
    return Arrows(places[inside], offsets.reshape(2, -1).T[inside])
