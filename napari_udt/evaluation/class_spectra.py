"""Labelled spectra of a data set, and what their class means tell: the numbers of a model's card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.spectral.distances import relative_rms_difference
from napari_udt.spectral.spectra import normalise

# A mean over fewer spectra says little about a class.
_FEWEST_SPECTRA = 10


def pixel_spectra(
    samples: NDArray[np.float32], labels: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Labelled spectra of a data set, each divided by its L2 norm.

    Returns
    -------
    spectra : array, shape (n, C)
    labels : array, shape (n,)
    """
    spectra = samples if samples.ndim == 2 else np.moveaxis(samples, 1, -1).reshape(-1, samples.shape[1])
    flat = labels.reshape(-1).astype(np.int64)
    usable = (flat >= 0) & (spectra != 0).any(axis=1)
    return normalise(spectra[usable], "l2"), flat[usable]


def class_means(
    samples: NDArray[np.float32], labels: NDArray[Any], class_names: tuple[str, ...]
) -> dict[str, NDArray[np.float32]]:
    """Mean L2-normalised spectrum of every class that has enough spectra."""
    spectra, flat = pixel_spectra(samples, labels)
    return {
        name: spectra[flat == index].mean(axis=0)
        for index, name in enumerate(class_names)
        if np.count_nonzero(flat == index) >= _FEWEST_SPECTRA
    }


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


def relative_rms(
    means: Mapping[str, NDArray[np.float32]], reference: Mapping[str, NDArray[np.float32]]
) -> dict[str, float]:
    """Root mean square difference of class means over that of the reference's mean, per class in both."""
    return {
        name: float(relative_rms_difference(means[name], wanted))
        for name, wanted in reference.items()
        if name in means
    }


def nearest_mean_accuracy(
    means: Mapping[str, NDArray[np.float32]],
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
        The second domain's, which the classifier has not seen.

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
