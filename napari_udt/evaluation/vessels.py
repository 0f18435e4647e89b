"""Vessels of photoacoustic images, each as one sample: its median spectrum and its oxygen saturation.

Pixels of one vessel are no independent samples; a vessel is the unit of every statistic here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.oxygenation import UNMIXING, OxygenationKept, levels_of
from napari_udt.evaluation.rank_correlation import correlation_change
from napari_udt.simulation.tables_contract import ArteryStatistics
from napari_udt.spectral.distances import relative_rms_difference, spectral_angle
from napari_udt.spectral.spectra import normalise
from napari_udt.spectral.unmixing import unmix_spectra

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

FEWEST_PIXELS = 10


@dataclass(frozen=True, eq=False)
class Vessels:
    """Vessels of some images.

    Parameters
    ----------
    spectra : array, shape (n, channels)
        Median over the pixels of each vessel.
    saturation : array, shape (n,)
        Mean true oxygen saturation, 0 to 1; NaN where unknown.
    labels : integer array, shape (n,)
        Class of each.
    """

    spectra: Array
    saturation: Array
    labels: NDArray[np.intp]

    def of(self, label: int) -> Vessels:
        """Return those of one class."""
        own = self.labels == label
        return Vessels(self.spectra[own], self.saturation[own], self.labels[own])


@dataclass(frozen=True)
class SpectralAgreement:
    """Mean spectrum of some vessels against measured ones; each spectrum divided by its mean over wavelengths first.

    Parameters
    ----------
    wavelengths_nm : tuple of float
    mean, measured_mean, measured_std : tuple of float
    relative_rms : float
        Difference of the means over the measured mean, root mean square.
    angle_degrees : float
        Spectral angle between the means.
    largest_deviation : float
        Largest difference of the means in measured standard deviations.
    count, measured_count : int
        Spectra.
    """

    wavelengths_nm: tuple[float, ...]
    mean: tuple[float, ...]
    measured_mean: tuple[float, ...]
    measured_std: tuple[float, ...]
    relative_rms: float
    angle_degrees: float
    largest_deviation: float
    count: int
    measured_count: int


def find_vessels(
    images: NDArray[np.float32],
    labels: NDArray[Any],
    classes: Sequence[int],
    saturation: NDArray[np.float32] | None = None,
) -> Vessels:
    """Take every connected region of a vessel class with at least ten pixels.

    Parameters
    ----------
    images : array, shape (n, C, H, W)
    labels : integer array, shape (n, H, W)
    classes : sequence of int
        The vessel classes.
    saturation : array, shape (n, H, W), optional
        True oxygen saturation.
    """
    from scipy.ndimage import label

    spectra, truth, kinds = [], [], []
    for number, image in enumerate(images):
        for kind in classes:
            regions, count = label(labels[number] == kind)
            for region in range(1, count + 1):
                inside = regions == region
                if inside.sum() >= FEWEST_PIXELS:
                    spectra.append(np.median(image[:, inside], axis=1))
                    truth.append(np.nan if saturation is None else saturation[number][inside].mean())
                    kinds.append(kind)
    return Vessels(
        np.array(spectra, dtype=np.float64).reshape(-1, images.shape[1]),
        np.array(truth, dtype=np.float64),
        np.array(kinds, dtype=np.intp),
    )


def vessel_oxygenation_kept(
    before: Vessels,
    after: Vessels,
    class_names: Mapping[int, str],
    wavelengths_nm: Array,
    absorption_per_cm: Mapping[str, Array],
    rng: np.random.Generator,
) -> OxygenationKept:
    """Compare the simulated saturation of vessels with estimates by unmixing into HbO2 and Hb.

    Parameters
    ----------
    before, after : Vessels
        The same vessels in simulated and in transferred images.
    class_names : mapping of label to name
    wavelengths_nm : array, shape (channels,)
    absorption_per_cm : mapping of substance to array, shape (channels,)
    rng : Generator
    """
    first, second = (
        unmix_spectra(
            v.spectra, wavelengths_nm, "PAT", chromophores=absorption_per_cm, largest_residual=1.0
        ).oxygenation
        for v in (before, after)
    )
    per_class = {
        name: correlation_change(before.saturation[own], first[own], second[own], rng)
        for label, name in class_names.items()
        if (own := before.labels == label).any()
    }
    overall = correlation_change(before.saturation, first, second, rng)
    names = [class_names.get(label, "") for label in range(max(class_names, default=-1) + 1)]
    levels = levels_of(before.saturation, first, second, before.labels, names)
    return OxygenationKept("all wavelengths", "vessel's own", UNMIXING, overall, per_class, levels)


def artery_agreement(
    spectra: Floats, wavelengths_nm: Array, measured: ArteryStatistics
) -> SpectralAgreement | None:
    """Compare artery spectra with measured ones at the measured wavelengths; None where these are not in range.

    Parameters
    ----------
    spectra : array, shape (n, channels)
    wavelengths_nm : array, shape (channels,)
    measured : ArteryStatistics
    """
    nm = measured.wavelengths_nm
    if nm[0] < wavelengths_nm[0] or nm[-1] > wavelengths_nm[-1]:
        return None
    ours = np.array([np.interp(nm, wavelengths_nm, spectrum) for spectrum in spectra])
    mean = (len(nm) * normalise(ours, "l1")).mean(axis=0)
    return SpectralAgreement(
        wavelengths_nm=tuple(nm.tolist()),
        mean=tuple(mean.tolist()),
        measured_mean=tuple(measured.mean.tolist()),
        measured_std=tuple(measured.std.tolist()),
        relative_rms=float(relative_rms_difference(mean, measured.mean)),
        angle_degrees=float(spectral_angle(mean, measured.mean, degrees=True)),
        largest_deviation=float(np.max(np.abs(mean - measured.mean) / measured.std)),
        count=len(ours),
        measured_count=measured.count,
    )
