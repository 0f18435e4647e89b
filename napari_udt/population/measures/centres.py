"""Differences between the centres of two sets of spectra. All work along the last axis and broadcast over the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]


def mean_absolute_error(a: Floats, b: Floats) -> Array:
    r""":math:`\frac{1}{C} \sum_\lambda |a_\lambda - b_\lambda|` of spectra (..., channels), shape (...)."""
    return np.asarray(np.abs(np.asarray(a) - b).mean(axis=-1))


def bias_percent(a: Floats, reference: Floats) -> Array:
    r""":math:`100 \sum_\lambda (a_\lambda - r_\lambda) / \sum_\lambda r_\lambda`, shape (...); NaN where the sum is zero."""
    total = np.asarray(reference, np.float64).sum(axis=-1)
    excess = (np.asarray(a, np.float64) - reference).sum(axis=-1)
    return 100 * np.divide(excess, total, out=np.full(np.shape(excess), np.nan), where=total != 0)


def cohens_d(
    means: tuple[Floats, Floats], stds: tuple[Floats, Floats], counts: tuple[int, int]
) -> NDArray[np.float64]:
    r"""Standardised difference of two means at each wavelength.

    .. math:: d = \frac{\bar a - \bar b}{s}, \qquad
       s^2 = \frac{(n_a - 1) s_a^2 + (n_b - 1) s_b^2}{n_a + n_b - 2}

    Parameters
    ----------
    means, stds : pairs of array, shape (..., channels)
        Standard deviations with ddof = 1.
    counts : pair of int

    Returns
    -------
    array, shape (..., channels)
        NaN where nothing varies.
    """
    (n, m), (s, t) = counts, stds
    pooled = np.sqrt(((n - 1) * np.square(s) + (m - 1) * np.square(t)) / max(n + m - 2, 1))
    difference = np.asarray(means[0], np.float64) - means[1]
    return np.divide(difference, pooled, out=np.full(np.shape(pooled), np.nan), where=pooled > 0)
