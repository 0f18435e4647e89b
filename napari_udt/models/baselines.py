"""Comparison methods without a network: give simulated spectra the statistics of real ones, class by class.

They need only spectra of both domains. What a learned transfer does beyond them is what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import ModelError
from napari_udt.models.transport import correlation_alignment, gaussian_transport

Spectra = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]


def match_moments(source: Spectra, labels: Labels, reference: Spectra, reference_labels: Labels) -> Spectra:
    """Give every class the mean and standard deviation of the reference's class, wavelength by wavelength.

    Parameters
    ----------
    source : array, shape (n, channels)
        Spectra to change, e.g. simulated ones.
    labels : integer array, shape (n,)
        Class of each; -1 where unknown.
    reference : array, shape (m, channels)
        Spectra of the target domain, unpaired.
    reference_labels : integer array, shape (m,)

    Returns
    -------
    array, shape (n, channels), float32
        A class that the reference lacks, and the unknown, are matched to the whole reference.

    Raises
    ------
    ModelError
        When shapes do not belong together or the reference is empty.
    """

    def standardised(values: Spectra, wanted: Spectra) -> Spectra:
        # float32 sums over a picture's pixels lose digits
        spread = values.std(axis=0, dtype=np.float64)
        unit = (values - values.mean(axis=0, dtype=np.float64)) / np.where(spread > 0, spread, 1)
        return unit * wanted.std(axis=0, dtype=np.float64) + wanted.mean(axis=0, dtype=np.float64)

    return _per_class(standardised, source, labels, reference, reference_labels)


def match_histograms(
    source: Spectra, labels: Labels, reference: Spectra, reference_labels: Labels
) -> Spectra:
    """Give every class the histogram of the reference's class, wavelength by wavelength.

    Parameters, result and errors as in `match_moments`; the matching is
    :func:`skimage.exposure.match_histograms`.
    """
    from skimage.exposure import match_histograms as matched

    return _per_class(
        lambda values, wanted: matched(values, wanted, channel_axis=1),
        source,
        labels,
        reference,
        reference_labels,
    )


def match_gaussian(source: Spectra, labels: Labels, reference: Spectra, reference_labels: Labels) -> Spectra:
    """Give every class the mean and covariance of the reference's class, by the least movement.

    Parameters, result and errors as in `match_moments`; the map is
    :func:`~napari_udt.models.transport.gaussian_transport`.
    """
    return _per_class(
        lambda values, wanted: gaussian_transport(values, wanted)(values),
        source,
        labels,
        reference,
        reference_labels,
    )


def match_coral(source: Spectra, labels: Labels, reference: Spectra, reference_labels: Labels) -> Spectra:
    """Give every class the mean and covariance of the reference's class, by whitening and colouring.

    Parameters, result and errors as in `match_moments`; the map is
    :func:`~napari_udt.models.transport.correlation_alignment`.
    """
    return _per_class(
        lambda values, wanted: correlation_alignment(values, wanted)(values),
        source,
        labels,
        reference,
        reference_labels,
    )


def _per_class(
    match: Callable[[Spectra, Spectra], Spectra],
    source: Spectra,
    labels: Labels,
    reference: Spectra,
    reference_labels: Labels,
) -> Spectra:
    _check(source, labels, "source")
    _check(reference, reference_labels, "reference")
    if source.shape[1] != reference.shape[1] or not len(reference):
        raise ModelError(
            f"The source has shape {source.shape} and the reference {reference.shape}; expected equal wavelengths and "
            "at least one reference spectrum."
        )
    result = np.empty(source.shape, dtype=np.float32)
    for label in np.unique(labels):
        own = labels == label
        wanted = reference[reference_labels == label] if label >= 0 else reference
        result[own] = match(source[own], wanted if len(wanted) else reference)
    return result


def _check(spectra: Spectra, labels: Labels, name: str) -> None:
    if spectra.ndim != 2 or labels.shape != spectra.shape[:1]:
        raise ModelError(
            f"The {name} has shape {spectra.shape} and its labels {labels.shape}; expected (n, channels) and (n,)."
        )
