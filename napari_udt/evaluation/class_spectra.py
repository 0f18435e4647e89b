"""Spectra of a data set by class: mean, spread, level, and how near they come to another set's.

A model's card gives L2-normalised class means; an evaluation compares L1-normalised spectra, as the statistics of
measured organs are published (Fig. 6 of Dreher et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_udt.spectral.distances import relative_rms_difference, spectral_angle
from napari_udt.spectral.moments import Moments
from napari_udt.spectral.spectra import Normalisation, normalise

Array = NDArray[np.float64]

# A mean over fewer spectra says little about a class.
_FEWEST_SPECTRA = 10
# A spread within this factor of the wanted one, either way, counts as right.
SPREAD_FACTOR = 1.25


class ClassStatistics(Protocol):
    """Mean and standard deviation of the L1-normalised spectra of one class, each (channels,)."""

    @property
    def mean(self) -> Array: ...  # noqa: D102 - said above
    @property
    def std(self) -> Array: ...  # noqa: D102


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


def pixel_spectra(
    samples: NDArray[np.floating[Any]], labels: NDArray[Any], normalisation: Normalisation = "l2"
) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
    """Labelled, normalised spectra of a data set, without those that are zero.

    Parameters
    ----------
    samples : array, shape (n, C) or (n, C, H, W)
    labels : integer array, shape (n,) or (n, H, W)
        Negative where the class is unknown.
    normalisation : {"none", "l1", "l2", "max"}

    Returns
    -------
    spectra : array, shape (m, C)
    labels : array, shape (m,)
    """
    spectra = samples if samples.ndim == 2 else np.moveaxis(samples, 1, -1).reshape(-1, samples.shape[1])
    flat = labels.reshape(-1).astype(np.int64)
    usable = (flat >= 0) & (spectra != 0).any(axis=1)
    return normalise(spectra[usable], normalisation), flat[usable]


def class_statistics(
    samples: NDArray[np.floating[Any]],
    labels: NDArray[Any],
    class_names: Sequence[str],
    normalisation: Normalisation = "l1",
    fewest: int = 1,
) -> dict[str, Moments]:
    """Mean and standard deviation (ddof = 0) of the spectra of every class with at least ``fewest`` of them."""
    spectra, flat = pixel_spectra(samples, labels, normalisation)
    members = {name: spectra[flat == index] for index, name in enumerate(class_names)}
    return {
        name: Moments(own.mean(axis=0, dtype=np.float64), own.std(axis=0, dtype=np.float64), len(own))
        for name, own in members.items()
        if len(own) >= fewest
    }


def class_means(
    samples: NDArray[np.float32], labels: NDArray[Any], class_names: tuple[str, ...]
) -> dict[str, Array]:
    """Mean L2-normalised spectrum of every class that has enough spectra."""
    found = class_statistics(samples, labels, class_names, "l2", _FEWEST_SPECTRA)
    return {name: statistics.mean for name, statistics in found.items()}


def class_levels(
    samples: NDArray[np.float32], labels: NDArray[Any], class_names: tuple[str, ...]
) -> dict[str, float]:
    """Median over pixels of the mean over wavelengths, per class that occurs, in the units of images (n, C, H, W).

    The median, because speckle and noise are skewed: a transfer of noise-free pixels can meet no mean of noisy ones.
    """
    level = samples.mean(axis=1)
    return {
        name: float(np.median(level[labels == index]))
        for index, name in enumerate(class_names)
        if np.any(labels == index)
    }


def relative_rms(means: Mapping[str, Array], reference: Mapping[str, Array]) -> dict[str, float]:
    """Root mean square difference of class means over that of the reference's mean, per class in both."""
    return {
        name: float(relative_rms_difference(means[name], wanted))
        for name, wanted in reference.items()
        if name in means
    }


def spread_ratio(std: Array, wanted: Array) -> SpreadRatio:
    """Summarise ``std / wanted``, both (channels,)."""
    ratio = std / wanted
    within = (ratio >= 1 / SPREAD_FACTOR) & (ratio <= SPREAD_FACTOR)
    return SpreadRatio(
        float(ratio.min()), float(np.median(ratio)), float(ratio.max()), float(np.mean(within))
    )


def class_distances(
    own: Mapping[str, Moments], reference: Mapping[str, ClassStatistics]
) -> list[ClassDistance]:
    """Compare the statistics of every class with those of its namesake."""
    return [
        ClassDistance(
            class_name=name,
            relative_rms=float(relative_rms_difference(found.mean, reference[name].mean)),
            angle_degrees=float(spectral_angle(found.mean, reference[name].mean, degrees=True)),
            spread=spread_ratio(found.std, reference[name].std),
            count=found.count,
        )
        for name, found in own.items()
        if name in reference
    ]


def nearest_mean_accuracy(
    means: Mapping[str, Array],
    samples: NDArray[np.float32],
    labels: NDArray[Any],
    class_names: tuple[str, ...],
) -> float | None:
    """Balanced accuracy of "the class whose mean is nearest", with the means of another set.

    Parameters
    ----------
    means : mapping of class name to array (C,)
        Of the simulated or the transferred spectra.
    samples, labels
        Of the target domain, which the classifier has not seen.

    Returns
    -------
    float or None
        None where no class is in both sets.
    """
    spectra, flat = pixel_spectra(samples, labels)
    known = [index for index, name in enumerate(class_names) if name in means]
    if not np.isin(flat, known).any():
        return None
    centres = np.stack([means[class_names[index]] for index in known])
    # |x - c|^2 without |x|^2, which is the same for every class
    nearest = np.array(known)[np.argmin((centres**2).sum(axis=1) - 2 * spectra @ centres.T, axis=1)]
    recalls = [np.mean(nearest[flat == index] == index) for index in known if np.any(flat == index)]
    return float(np.mean(recalls))
