"""The wavelengths that many cubes have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CollectionError
from napari_udt.inference.grid import SAME_GRID_NM

Grid = NDArray[np.float64]
_OTHER_UNIT = 2.5  # between two cameras' ranges; ångström taken for nm, or wave numbers, lie further apart


def common_wavelengths(
    grids: Sequence[tuple[str, Grid, NDArray[np.bool_] | None]],
    low_nm: float | None = None,
    high_nm: float | None = None,
) -> Grid:
    """Return the coarsest of several grids within the range that all of them cover, without any one's bad bands.

    Nothing is extrapolated: every cube can be interpolated to these wavelengths, and the coarsest has them by itself.

    Parameters
    ----------
    grids : sequence of (name, array (channels,), boolean array (channels,) or None)
        Wavelengths in nm and bad bands of each cube.
    low_nm, high_nm : float, optional
        Narrower limits.

    Raises
    ------
    CollectionError
        When fewer than two wavelengths are left.
    """
    good = [(name, grid if bad is None else grid[~bad]) for name, grid, bad in grids]
    for name, grid in good:
        if not len(grid):
            raise CollectionError(f"{name}: all bands are marked as bad; leave the cube out.")
    last_to_begin = max(good, key=lambda item: item[1][0])
    first_to_end = min(good, key=lambda item: item[1][-1])
    low, high = last_to_begin[1][0], first_to_end[1][-1]
    inside = [_within(grid, low, high) for _, grid in good]
    if low > high + SAME_GRID_NM:
        unit = ", or correct the unit of its wavelengths" if low > _OTHER_UNIT * high else ""
        raise CollectionError(
            f"No wavelength is common to all cubes: {first_to_end[0]} ends at {high:g} nm, {last_to_begin[0]} begins at "
            f"{low:g} nm; leave one out{unit}."
        )
    found = min(inside, key=len)
    found = _within(found, low_nm or 0.0, np.inf if high_nm is None else high_nm)
    for _, grid, bad in grids:
        if bad is not None:
            found = (
                found[~bad[np.abs(grid[None, :] - found[:, None]).argmin(axis=1)]] if len(found) else found
            )
    if len(found) < 2:
        raise CollectionError(
            f"{len(found)} wavelengths are common to all cubes ({low:g}-{high:g} nm, without bad bands); expected two or more."
        )
    return found


def _within(grid: Grid, low: float, high: float) -> Grid:
    return grid[(grid >= low - SAME_GRID_NM) & (grid <= high + SAME_GRID_NM)]
