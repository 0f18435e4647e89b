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
