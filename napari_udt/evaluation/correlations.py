"""How wavelengths vary together within a class: distance of correlation matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Fewer spectra than this say little about how some hundred wavelengths vary together.
_FEWEST_SPECTRA = 30


@dataclass(frozen=True)
class CorrelationDistance:
    """Root mean square difference of the correlations of all pairs of wavelengths, of one class.

    Parameters
    ----------
    class_name : str
    rms : float
        0 for the same correlations; 2 at most.
    count : int
        Spectra of the class.
    """

    class_name: str
    rms: float
    count: int


def correlation_rms(own: NDArray[np.floating[Any]], reference: NDArray[np.floating[Any]]) -> float:
    """Root mean square difference between the correlation matrices of two sets of spectra, off the diagonal.

    Parameters
    ----------
    own, reference : array, shape (n, C) and (m, C)
        A wavelength at which nothing varies counts as uncorrelated.
    """
    first, second = _correlations(own), _correlations(reference)
    pairs = ~np.eye(len(first), dtype=bool)
    return float(np.sqrt(np.mean(np.square((first - second)[pairs]))))


def correlation_distances(
    own: NDArray[np.floating[Any]],
    labels: NDArray[Any],
    reference: NDArray[np.floating[Any]],
    reference_labels: NDArray[Any],
    class_names: Sequence[str],
) -> list[CorrelationDistance]:
    """Compare every class that has at least 30 spectra on both sides."""
    found = []
    for index, name in enumerate(class_names):
        first, second = own[labels == index], reference[reference_labels == index]
        if min(len(first), len(second)) >= _FEWEST_SPECTRA:
            found.append(CorrelationDistance(name, correlation_rms(first, second), len(first)))
    return found


def _correlations(spectra: NDArray[np.floating[Any]]) -> Array:
    centred = np.asarray(spectra, np.float64) - spectra.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(centred, axis=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    found: Array = unit.T @ unit
    return found
