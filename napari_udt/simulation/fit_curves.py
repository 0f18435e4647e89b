"""Few numbers that stand for a curve: cubic splines over wavelengths, and cosine series.

The simulations evaluate them, :mod:`napari_udt.simulation.fit_parameters` finds their coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spline_basis(wavelengths_nm: Array, breakpoints_nm: Array) -> Array:
    """Cubic B-splines, shape (L, k + 2), at wavelengths (L,) for breakpoints (k,), both ends included [nm]."""
    from scipy.interpolate import BSpline

    first, *inner, last = breakpoints_nm
    knots = np.array([first] * 4 + list(inner) + [last] * 4)
    return BSpline.design_matrix(wavelengths_nm, knots, 3).toarray()


def cosine_basis(position: Array, terms: int) -> Array:
    """Cosines ``cos(pi k (position + 1) / 2)``, k = 0 ... terms - 1, shape (..., terms); positions from -1 to 1."""
    return np.cos(np.pi * np.arange(terms) * (np.asarray(position)[..., None] + 1) / 2)


def least_squares(basis: Array, values: Array) -> Array:
    """Coefficients (k, ...) of a basis (L, k) that come nearest to values (L, ...)."""
    return np.asarray(np.linalg.lstsq(basis, values, rcond=None)[0], dtype=np.float64)


def choose_breakpoints(wavelengths_nm: Array, curves: Array, inner: int, step_nm: float = 5.0) -> Array:
    """Breakpoints [nm], shape (inner + 2,), of the splines that come nearest to curves (L, n) together.

    Starts with none, adds one after the other where it helps most, then moves each to where it helps most, until
    no move makes the squared difference a thousandth smaller.
    """
    first, last = float(wavelengths_nm[0]), float(wavelengths_nm[-1])
    candidates = np.arange(first + step_nm, last, step_nm)

    def loss(chosen: list[float]) -> float:
        basis = spline_basis(wavelengths_nm, np.array([first, *sorted(chosen), last]))
        return float(np.sum((basis @ least_squares(basis, curves) - curves) ** 2))

    def best_beside(others: list[float]) -> tuple[float, list[float]]:
        trials = [[*others, float(c)] for c in candidates if c not in others]
        return min((loss(trial), trial) for trial in trials)

    chosen: list[float] = []
    for _ in range(inner):
        now, chosen = best_beside(chosen)
    before = np.inf
    while now < 0.999 * before:
        before = now
        for _ in range(inner):
            now, chosen = best_beside(
                chosen[1:]
            )  # the first leaves and comes back, at the end, where it is best
    return np.array([first, *sorted(chosen), last])
