"""The continuum of a spectrum: its upper convex hull. Imports numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def continuum_removed(wavelengths_nm: Array, spectra: NDArray[np.floating[Any]]) -> Array:
    r"""Return spectra divided by their upper convex hull over the wavelength.

    The continuum of Clark and Roush (1984), Journal of Geophysical Research 89, 6329-6340: what remains are the absorption
    bands, blind to level and slope.

    Parameters
    ----------
    wavelengths_nm : array, shape (channels,)
        Increasing.
    spectra : array, shape (..., channels)

    Returns
    -------
    array, shape (..., channels)
        At most 1; NaN where the spectrum has no value or its hull is not positive.
    """
    flat = np.asarray(spectra, np.float64).reshape(-1, len(wavelengths_nm))
    hull = np.full_like(flat, np.nan)
    for spectrum, continuum in zip(flat, hull, strict=True):
        known = np.flatnonzero(np.isfinite(spectrum))
        if len(known) > 1:
            corners = known[_upper_hull(wavelengths_nm[known], spectrum[known])]
            continuum[known] = np.interp(wavelengths_nm[known], wavelengths_nm[corners], spectrum[corners])
    hull[~(hull > 0)] = np.nan
    return (flat / hull).reshape(np.shape(spectra))


def _upper_hull(x: Array, y: Array) -> list[int]:
    """Return the corners of the upper convex hull of points in the order of x (Andrew's monotone chain, 1979)."""
    corners: list[int] = []
    for index in range(len(x)):
        while len(corners) > 1:
            first, last = corners[-2], corners[-1]
            turn = (x[last] - x[first]) * (y[index] - y[first]) - (y[last] - y[first]) * (x[index] - x[first])
            if turn < 0:
                break
            corners.pop()
        corners.append(index)
    return corners
