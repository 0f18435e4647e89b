"""Measures by nearest neighbours of two sets of spectra, as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.measures.distances import squared_distances

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Rows of distances held at once: a block of 512 x 10,000 takes 41 MB.
_BLOCK = 512


def neighbour_radii(spectra: Floats, neighbours: int) -> Array:
    """Distance of each spectrum (n, channels) to its k-th nearest other one, shape (n,); needs n > k."""
    squares = squared_distances(spectra, spectra)
    np.fill_diagonal(squares, 0)  # exactly itself
    return np.sqrt(np.partition(squares, neighbours, axis=1)[:, neighbours])


def lies_among(spectra: Floats, others: Floats, radii: Array) -> Mask:
    """Whether each spectrum lies within the radius of at least one of the others.

    Equation 2 of Kynkäänniemi et al. 2019: averaged over generated spectra among real ones it is the precision, over
    real ones among generated ones the recall.

    Parameters
    ----------
    spectra : array, shape (n, channels)
    others : array, shape (m, channels)
    radii : array, shape (m,)
        Distance of each of them to its k-th neighbour.
    """
    return np.asarray((squared_distances(spectra, others) <= radii**2).any(axis=1))


def nearest_distances(spectra: Floats, others: Floats, own: NDArray[np.intp] | None = None) -> Array:
    """Distance of each spectrum to the nearest of the others, shape (n,).

    Parameters
    ----------
    spectra : array, shape (n, channels)
    others : array, shape (m, channels)
    own : integer array, shape (n,), optional
        Where each spectrum itself stands among the others; it is not its own neighbour then.
    """
    # Small numbers keep their digits in the search, which is single precision.
    centre = np.asarray(others).mean(axis=0)
    x, y = (np.asarray(values - centre, np.float32) for values in (np.asarray(spectra), np.asarray(others)))
    half = np.einsum("ij,ij->i", y, y) / 2
    found = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(x)))
        nearness = x[block] @ y.T
        nearness -= half  # |x - y|^2 without |x|^2, halved, turned over
        if own is not None:
            nearness[np.arange(len(nearness)), own[block]] = -np.inf
        # the distance itself anew, in double precision: it may be much smaller than the spectra
        nearest = others[nearness.argmax(axis=1)]
        found[block] = np.linalg.norm(np.asarray(spectra[block], np.float64) - nearest, axis=1)
    return found
