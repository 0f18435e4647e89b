"""How near the spectra of a class come to another set's: mean spectrum, and spread at every wavelength.

Spectra are compared L1-normalised, as the statistics of measured organs are published (Fig. 6 of Dreher et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_udt.spectral.distances import relative_rms_difference, spectral_angle
from napari_udt.spectral.spectra import normalise

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

# A spread within this factor of the wanted one, either way, counts as right.
SPREAD_FACTOR = 1.25


class ClassStatistics(Protocol):
    """Mean and standard deviation of the L1-normalised spectra of one class, each (channels,)."""

    @property
    def mean(self) -> Array: ...  # noqa: D102 - said above
    @property
    def std(self) -> Array: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class SampleStatistics:
    """Mean and standard deviation (ddof = 0) of L1-normalised spectra."""

    mean: Array
    std: Array


@dataclass(frozen=True)
class SpreadRatio:
    """Standard deviation over the wanted one, wavelength by wavelength.

    Parameters
    ----------
    low, median, high : float
        Smallest, median and largest ratio over wavelengths.
    share_within : float
        Share of the wavelengths at which the ratio lies between 1/1.25 and 1.25.
    """

    low: float
    median: float
    high: float
    share_within: float


@dataclass(frozen=True)
class ClassDistance:
    """A class against the same class of a reference.

    Parameters
    ----------
    class_name : str
    relative_rms : float
        Root mean square difference of the means over that of the reference's mean.
    angle_degrees : float
        Spectral angle between the means.
    spread : SpreadRatio
    count : int
        Spectra of the class.
    """

    class_name: str
    relative_rms: float
    angle_degrees: float
    spread: SpreadRatio
    count: int


def sample_statistics(spectra: Floats) -> SampleStatistics:
    """Statistics of the L1-normalised spectra (n, channels)."""
    unit = normalise(np.asarray(spectra, dtype=np.float64), "l1")
    return SampleStatistics(unit.mean(axis=0), unit.std(axis=0))


def spread_ratio(std: Array, wanted: Array) -> SpreadRatio:
    """Summarise ``std / wanted``, both (channels,)."""
    ratio = std / wanted
    within = (ratio >= 1 / SPREAD_FACTOR) & (ratio <= SPREAD_FACTOR)
    return SpreadRatio(
        float(ratio.min()), float(np.median(ratio)), float(ratio.max()), float(np.mean(within))
    )


def class_distances(
    spectra: Floats,
    labels: NDArray[Any],
    class_names: Sequence[str],
    reference: dict[str, ClassStatistics],
) -> list[ClassDistance]:
    """Compare every class with its namesake.

    Parameters
    ----------
    spectra : array, shape (n, channels)
        On any scale.
    labels : integer array, shape (n,)
    class_names : sequence of str
    reference : mapping of class name to statistics
        Of L1-normalised spectra at the same wavelengths.
    """
    found = []
    for index, name in enumerate(class_names):
        own = labels == index
        if name in reference and own.any():
            statistics, wanted = sample_statistics(spectra[own]), reference[name]
            found.append(
                ClassDistance(
                    class_name=name,
                    relative_rms=float(relative_rms_difference(statistics.mean, wanted.mean)),
                    angle_degrees=float(spectral_angle(statistics.mean, wanted.mean, degrees=True)),
                    spread=spread_ratio(statistics.std, wanted.std),
                    count=int(own.sum()),
                )
            )
    return found


def class_statistics(
    spectra: Floats, labels: NDArray[Any], class_names: Sequence[str]
) -> dict[str, ClassStatistics]:
    """Statistics of every class that occurs, to be a reference."""
    return {
        name: sample_statistics(spectra[labels == index])
        for index, name in enumerate(class_names)
        if (labels == index).any()
    }
