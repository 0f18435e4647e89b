"""Linear maps that give one cloud of spectra the mean and covariance of another. Closed form, no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Spectra = NDArray[np.floating[Any]]

# Of the mean variance, added to every variance: simulated spectra have directions in which nothing varies.
FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class LinearMap:
    """x -> (x - source_mean) matrix + target_mean.

    Parameters
    ----------
    source_mean, target_mean : array, shape (channels,)
    matrix : array, shape (channels, channels)
    """

    source_mean: Array
    target_mean: Array
    matrix: Array

    def __call__(self, spectra: Spectra) -> Array:
        """Move spectra, shape (n, channels)."""
        return (np.asarray(spectra, np.float64) - self.source_mean) @ self.matrix + self.target_mean


def gaussian_transport(source: Spectra, target: Spectra) -> LinearMap:
    r"""Return the optimal transport (quadratic cost) between the Gaussians of two sets of spectra.

    .. math:: A = \Sigma_t^{1/2} (\Sigma_t^{1/2} \Sigma_s \Sigma_t^{1/2})^{-1/2} \Sigma_t^{1/2}

    The only symmetric positive matrix with :math:`A \Sigma_s A = \Sigma_t`: of all linear maps that meet mean and
    covariance it moves the spectra least (Knott and Smith 1984, J. Optim. Theory Appl. 43, 39-49; Peyré and Cuturi
    2019, Computational Optimal Transport, remark 2.31).

    Parameters
    ----------
    source, target : array, shape (n, channels) and (m, channels)
        Of few spectra the covariance is poor: there should be several times as many as channels.
    """
    root = _power(covariance(target), 0.5)
    middle = _power(root @ covariance(source) @ root, -0.5)
    return LinearMap(_mean(source), _mean(target), root @ middle @ root)


def correlation_alignment(source: Spectra, target: Spectra) -> LinearMap:
    r"""Return CORAL's map: whiten with the source's covariance, colour with the target's.

    .. math:: A = \Sigma_s^{-1/2} \Sigma_t^{1/2}

    Sun, Feng and Saenko 2016 (AAAI), with the means aligned too.

    Parameters
    ----------
    source, target : array, shape (n, channels) and (m, channels)
    """
    matrix = _power(covariance(source), -0.5) @ _power(covariance(target), 0.5)
    return LinearMap(_mean(source), _mean(target), matrix)


@dataclass(frozen=True, eq=False)
class Whitening:
    """z = (x - centre) matrix^T has mean 0 and covariance 1; x = z inverse^T + centre.

    Parameters
    ----------
    centre : array, shape (channels,)
    matrix, inverse : array, shape (channels, channels)
    """

    centre: Array
    matrix: Array
    inverse: Array

    def __call__(self, spectra: Spectra) -> Array:
        """Whiten spectra, shape (n, channels)."""
        return (np.asarray(spectra, np.float64) - self.centre) @ self.matrix.T


def ordered_whitenings(
    source: Spectra, target: Spectra, source_first: Array, target_first: Array
) -> tuple[Whitening, Whitening]:
    r"""Whiten two sets so that some of their coordinates correspond, and the rest moves as little as it can.

    The first :math:`k` coordinates of :math:`z` are the given linear functions of a spectrum, one after the other, each
    without what the ones before it explain. Going from source to target through :math:`z` therefore keeps the order of
    the first function's values, and of each following one's among spectra that agree in those before it (Knothe-Rosenblatt
    rearrangement; Peyre and Cuturi 2019, Computational Optimal Transport, remark 2.18). The other coordinates are turned so that the spectra
    move least: the orthogonal matrix that comes nearest to what the transport cost asks for (Procrustes). With
    :math:`k = 0` the whole is `gaussian_transport`.

    Parameters
    ----------
    source, target : array, shape (n, channels) and (m, channels)
    source_first, target_first : array, shape (k, channels)
        Coefficients of the functions in either set.

    Returns
    -------
    (Whitening, Whitening)
        Of the source and of the target.
    """
    means, roots = (
        [_mean(v) for v in (source, target)],
        [_power(covariance(v), 0.5) for v in (source, target)],
    )
    frames = [
        _frame(root @ np.asarray(f, np.float64).T)
        for root, f in zip(roots, (source_first, target_first), strict=True)
    ]
    k, channels = len(source_first), len(means[0])
    left, _, right = np.linalg.svd((frames[1].T @ roots[1] @ roots[0] @ frames[0])[k:, k:])
    turn = np.eye(channels)
    turn[k:, k:] = left @ right
    frames[0] = frames[0] @ turn.T
    inverses = [root @ frame for root, frame in zip(roots, frames, strict=True)]
    matrices = [frame.T @ np.linalg.inv(root) for root, frame in zip(roots, frames, strict=True)]
    first, second = (Whitening(*parts) for parts in zip(means, matrices, inverses, strict=True))
    return first, second


def ordered_transport(
    source: Spectra, target: Spectra, source_first: Array, target_first: Array
) -> LinearMap:
    """Return the map that meets mean and covariance and keeps the order of some functions, see `ordered_whitenings`."""
    first, second = ordered_whitenings(source, target, source_first, target_first)
    return LinearMap(first.centre, second.centre, (second.inverse @ first.matrix).T)


def _frame(directions: Array) -> Array:
    """Complete directions (channels, k), made orthonormal one after the other, to an orthogonal matrix."""
    channels, k = directions.shape
    frame, upper = np.linalg.qr(np.column_stack([directions, np.eye(channels)]))
    frame[:, :k] *= np.where(np.diag(upper)[:k] < 0, -1, 1)
    found: Array = frame
    return found


def covariance(spectra: Spectra) -> Array:
    """Return the covariance of spectra with a small floor on every variance, shape (channels, channels), invertible."""
    values = np.asarray(spectra, np.float64)
    centred = values - values.mean(axis=0)
    found: Array = centred.T @ centred / max(len(values), 1)
    floor = FLOOR * np.trace(found) / len(found) or np.finfo(np.float64).eps
    return found + floor * np.eye(len(found))


def _mean(spectra: Spectra) -> Array:
    mean: Array = np.asarray(spectra, np.float64).mean(axis=0)
    return mean


def _power(matrix: Array, exponent: float) -> Array:
    """Return a power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    powered: Array = (vectors * np.maximum(values, np.finfo(np.float64).tiny) ** exponent) @ vectors.T
    return powered
