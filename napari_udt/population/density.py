"""Gaussian kernel densities on a grid, by counting and convolution: fast approximations of the sum of kernels.

The bandwidth is Scott's (1992, "Multivariate Density Estimation", section 6.3): the covariance of the sample times
n^(-2/(d + 4)), as in ``scipy.stats.gaussian_kde``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_REACH = 4.0  # bandwidths: beyond it a kernel holds 6e-5 of its mass
_PER_BANDWIDTH = 4  # grid points: binning then widens the kernel by less than one part in a hundred
_FEWEST, _MOST = 64, 512  # grid points along an axis
_NARROWEST = 1e-6  # of the wider axis: anything thinner is a line, not a cloud


@dataclass(frozen=True, eq=False)
class Density:
    """Probability density along one axis.

    Parameters
    ----------
    at : array, shape (m,)
        Evenly spaced.
    values : array, shape (m,)
        Per unit of ``at``; the integral is one.
    """

    at: Array
    values: Array

    def within(self, low: float = -np.inf, high: float = np.inf) -> Density:
        """Return it for numbers that cannot leave a range: what lies outside is folded back (Silverman 1986, 2.10)."""
        inside = np.linspace(max(low, self.at[0]), min(high, self.at[-1]), len(self.at))
        mirrored = [2 * edge - inside for edge in (low, high) if np.isfinite(edge)]
        parts = [np.interp(at, self.at, self.values, left=0, right=0) for at in (inside, *mirrored)]
        return Density(inside, np.sum(parts, axis=0))


@dataclass(frozen=True, eq=False)
class JointDensity:
    """Probability density over a plane.

    Parameters
    ----------
    x, y : array, shape (m,) and (k,)
        Evenly spaced.
    values : array, shape (m, k)
        ``values[i, j]`` at ``x[i], y[j]``; the integral is one.
    """

    x: Array
    y: Array
    values: Array

    def level(self, share: float) -> float:
        """Return the density above which lies this share of the probability: the edge of a highest-density region."""
        ordered = np.sort(self.values, axis=None)[::-1]
        inside = np.cumsum(ordered)
        return float(ordered[min(int(np.searchsorted(inside, share * inside[-1])), ordered.size - 1)])

    def contours(self, share: float) -> list[Array]:
        """Return the lines (n, 2), as x and y, around the smallest region that holds this share of the probability."""
        from skimage.measure import find_contours

        padded = np.pad(self.values, 1)  # closes what touches the edge of the grid
        origin = np.array([self.x[0], self.y[0]])
        step = np.array([self.x[1] - self.x[0], self.y[1] - self.y[0]])
        return [origin + (line - 1) * step for line in find_contours(padded, self.level(share))]


def density(sample: NDArray[Any], cut: float = _REACH) -> Density | None:
    """Density of numbers, with Scott's bandwidth n^(-1/5) times the standard deviation.

    Parameters
    ----------
    sample : array, shape (n,)
        Values that are not finite are left out.
    cut : float
        Bandwidths by which the grid reaches beyond the smallest and the largest.

    Returns
    -------
    Density, or None where there are fewer than two different values.
    """
    known = np.asarray(sample, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < 2 or np.ptp(known) <= np.abs(known).max() * _NARROWEST:
        return None
    bandwidth = float(known.std(ddof=1)) * len(known) ** (-1 / 5)
    grid = _grid(known, bandwidth, cut)
    step = grid[1] - grid[0]
    counts = np.bincount(*_shared(known, grid, len(grid)), minlength=len(grid)).astype(np.float64)
    offsets = _offsets(bandwidth, step)
    kernel = np.exp(-0.5 * (offsets / bandwidth) ** 2)
    return Density(grid, _smooth(counts, kernel / kernel.sum()) / (len(known) * step))


def joint_density(points: NDArray[Any]) -> JointDensity | None:
    """Density of points in a plane, with Scott's bandwidth n^(-1/6) and the covariance of the sample.

    Parameters
    ----------
    points : array, shape (n, 2)

    Returns
    -------
    JointDensity, or None where there are fewer than three points, or all lie on one line.
    """
    known = np.asarray(points, dtype=np.float64)
    known = known[np.isfinite(known).all(axis=1)]
    if len(known) < 3:
        return None
    covariance = np.cov(known.T) * len(known) ** (-1 / 3)
    narrow, wide = np.linalg.eigvalsh(covariance)
    if narrow <= wide * _NARROWEST:
        return None
    x, y = (_grid(known[:, i], float(np.sqrt(covariance[i, i])), _REACH) for i in (0, 1))
    counts = _counts(known, x, y)
    kernel = _kernel(covariance, x[1] - x[0], y[1] - y[0])
    cells = len(known) * (x[1] - x[0]) * (y[1] - y[0])
    return JointDensity(x, y, _smooth(counts, kernel) / cells)


def highest(densities: Sequence[Density | None]) -> float:
    """Return the largest value of several densities; 0 without any."""
    return max((float(found.values.max()) for found in densities if found is not None), default=0.0)


def _grid(sample: Array, bandwidth: float, cut: float) -> Array:
    low, high = float(sample.min()) - cut * bandwidth, float(sample.max()) + cut * bandwidth
    points = int(np.clip((high - low) / bandwidth * _PER_BANDWIDTH, _FEWEST, _MOST))
    return np.linspace(low, high, points)


def _shared(sample: Array, grid: Array, size: int) -> tuple[NDArray[np.intp], Array]:
    """Return grid points and weights: each value is shared between its two neighbours (linear binning)."""
    position = (sample - grid[0]) / (grid[1] - grid[0])
    below = np.clip(position.astype(np.intp), 0, size - 2)
    part = position - below
    return np.concatenate([below, below + 1]), np.concatenate([1 - part, part])


def _counts(points: Array, x: Array, y: Array) -> Array:
    """Count points on a grid, each shared between its four neighbours."""
    rows, row_parts = _shared(points[:, 0], x, len(x))
    columns, column_parts = _shared(points[:, 1], y, len(y))
    n, found = len(points), np.zeros(len(x) * len(y))
    for i in (0, n):
        for j in (0, n):
            cells = rows[i : i + n] * len(y) + columns[j : j + n]
            weights = row_parts[i : i + n] * column_parts[j : j + n]
            found += np.bincount(cells, weights, minlength=len(found))
    return found.reshape(len(x), len(y))


def _smooth(counts: Array, kernel: Array) -> Array:
    """Convolve counts with a kernel of odd size about its middle; never below zero."""
    shape = tuple(a + b - 1 for a, b in zip(counts.shape, kernel.shape, strict=True))
    axes = tuple(range(counts.ndim))
    spectrum = np.fft.rfftn(counts, shape, axes) * np.fft.rfftn(kernel, shape, axes)
    full = np.fft.irfftn(spectrum, shape, axes)
    middle = tuple(slice(b // 2, b // 2 + a) for a, b in zip(counts.shape, kernel.shape, strict=True))
    return np.asarray(np.clip(full[middle], 0, None), dtype=np.float64)


def _offsets(bandwidth: float, step: float) -> Array:
    reach = int(np.ceil(_REACH * bandwidth / step))
    return step * np.arange(-reach, reach + 1, dtype=np.float64)


def _kernel(covariance: Array, step_x: float, step_y: float) -> Array:
    """Gaussian of this covariance on the grid's steps; its sum is one."""
    x = _offsets(float(np.sqrt(covariance[0, 0])), step_x)[:, np.newaxis]
    y = _offsets(float(np.sqrt(covariance[1, 1])), step_y)[np.newaxis, :]
    precision = np.linalg.inv(covariance)
    exponent = precision[0, 0] * x**2 + 2 * precision[0, 1] * x * y + precision[1, 1] * y**2
    kernel = np.exp(-0.5 * exponent)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)
