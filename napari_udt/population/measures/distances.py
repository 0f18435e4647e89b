"""Distances between two distributions of spectra, as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]


def wasserstein_1(a: Floats, b: Floats) -> Array:
    r"""Wasserstein-1 distance of two one-dimensional samples, exact.

    .. math:: W_1 = \int_0^1 |F_a^{-1}(q) - F_b^{-1}(q)| \, dq

    Both quantile functions are constant between the multiples of 1/n and 1/m, the same ones for every wavelength: no
    histogram and no common grid of values is needed.

    Parameters
    ----------
    a : array, shape (channels, n)
        In ascending order along the last axis.
    b : array, shape (channels, m)
        The same.

    Returns
    -------
    array, shape (channels,)
        In the unit of the values.
    """
    n, m = a.shape[1], b.shape[1]
    if n == m:
        return np.abs(a - b).mean(axis=1, dtype=np.float64)
    steps = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # multiples of 1/(n m)
    weights = np.diff(steps, prepend=0) / (n * m)
    first, second = (steps - 1) // m, (steps - 1) // n
    return np.array([np.abs(x[first] - y[second]) @ weights for x, y in zip(a, b, strict=True)])


def squared_distances(a: Floats, b: Floats) -> Array:
    """Squared Euclidean distances (n, m) of vectors (n, channels) and (m, channels), in double precision."""
    centre = np.asarray(b, np.float64).mean(axis=0)  # small numbers keep their digits in the difference
    x, y = np.asarray(a, np.float64) - centre, np.asarray(b, np.float64) - centre
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)
    squares -= 2 * x @ y.T
    return np.maximum(squares, 0, out=squares)


def gaussian_kernel(vectors: Floats) -> Array:
    r"""Kernel matrix :math:`\exp(-d^2 / 2\sigma^2)` of pooled vectors (n, channels); sigma is their median distance.

    The median heuristic of Gretton et al. 2012 (JMLR 13), section 8. All ones where more than half are the same.
    """
    squares = squared_distances(vectors, vectors)
    width = np.median(squares[np.triu_indices(len(squares), 1)])
    return np.exp(-squares / (2 * width)) if width > 0 else np.ones_like(squares)


def mmd_squared(kernel: Array, a: Floats, b: Floats) -> Array:
    r"""Squared maximum mean discrepancy, unbiased: lemma 6 of Gretton et al. 2012 (JMLR 13).

    .. math:: \frac{1}{n(n-1)} \sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)} \sum_{i \ne j} k(y_i, y_j)
       - \frac{2}{nm} \sum_{i,j} k(x_i, y_j)

    Parameters
    ----------
    kernel : array, shape (n, n)
        Of the pooled spectra, with ones on its diagonal.
    a, b : array, shape (..., n)
        How often each pooled spectrum counts for either side: zeros and ones, or what a bootstrap drew. Pairs of one
        spectrum with its own copies are left out.

    Returns
    -------
    array, shape (...)
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    to_a, to_b = a @ kernel, b @ kernel
    across = (to_a * b).sum(axis=-1) / (a.sum(axis=-1) * b.sum(axis=-1))
    return _within(to_a, a) + _within(to_b, b) - 2 * across


def _within(to_own: Floats, own: Floats) -> Array:
    squares = (own**2).sum(axis=-1)
    return np.asarray(((to_own * own).sum(axis=-1) - squares) / (own.sum(axis=-1) ** 2 - squares))


def permutation_p(
    kernel: Array, n: int, observed: float, permutations: int, rng: np.random.Generator
) -> float:
    """Share of shuffled splits into n and the rest whose MMD^2 is at least the observed one.

    The observed split counts as one of them, so that p is never zero (Phipson and Smyth 2010, SAGMB 9, 39).
    """
    split = np.zeros((permutations, len(kernel)))
    split[:, :n] = 1
    split = rng.permuted(split, axis=1)
    found = mmd_squared(kernel, split, 1 - split)
    tolerance = 1e-12  # the same split in another order is as far apart
    return float((1 + np.count_nonzero(found >= observed - tolerance)) / (1 + permutations))


def principal_axes(covariance: Array, components: int) -> Array:
    """Directions of largest variance, shape (channels, components), the largest first."""
    return np.linalg.eigh(covariance)[1][:, ::-1][:, :components]


def frechet_squared(mean_a: Array, covariance_a: Array, mean_b: Array, covariance_b: Array) -> Array:
    r"""Squared Fréchet distance of two Gaussians (Dowson and Landau 1982).

    .. math:: |\mu_a - \mu_b|^2 + \operatorname{tr}\left(\Sigma_a + \Sigma_b - 2 (\Sigma_a \Sigma_b)^{1/2}\right)

    The trace of the root is taken from the eigenvalues of the symmetric
    :math:`\Sigma_b^{1/2} \Sigma_a \Sigma_b^{1/2}`, which are those of the product.

    Parameters
    ----------
    mean_a, mean_b : array, shape (..., k)
    covariance_a, covariance_b : array, shape (..., k, k)

    Returns
    -------
    array, shape (...)
    """
    root = _root(covariance_b)
    eigenvalues = np.linalg.eigvalsh(root @ covariance_a @ root)
    shared = np.sqrt(np.maximum(eigenvalues, 0)).sum(axis=-1)
    spread = np.trace(covariance_a + covariance_b, axis1=-2, axis2=-1)
    distance = ((mean_a - mean_b) ** 2).sum(axis=-1) + spread - 2 * shared
    return np.asarray(np.maximum(distance, 0))


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
