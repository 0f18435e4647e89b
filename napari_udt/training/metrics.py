"""What a trained model reaches on samples that it was not trained on; the numbers of its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.models.model import TransferModel

# The model's own words for the two domains.
ModelDomain = Literal["simulated", "real"]
# At most this many samples go through the network at once: whole PAT images are large.
_CHUNK = {"HSI": 2048, "PAT": 2}
# A mean over fewer spectra says little about a class.
_FEWEST_SPECTRA = 10


def transferred(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any]
) -> NDArray[np.float32]:
    """Move samples of the simulated domain to the second one.

    Parameters
    ----------
    model : TransferModel
    samples : array, shape (n, C) or (n, C, H, W)
        Raw values of the data set.
    labels : array, shape (n,) or (n, H, W)
        The same classes condition encoding and decoding.

    Returns
    -------
    array of the shape of ``samples``
        L2-normalised spectra where the model normalises, raw values else.
    """
    parts = [
        model.denormalise(_moved(model, model.normalise(x, "simulated"), known, "simulated", "real"), "real")
        for x, known in _chunks(model, samples, labels)
    ]
    return np.concatenate(parts)


def round_trip_max_error(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any], domain: ModelDomain
) -> float:
    """Largest absolute difference between samples and their decoded codes, in normalised units."""
    return float(model.round_trip_error(model.normalise(samples, domain), domain, labels).max())


def cycle_rms_error(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any], domain: ModelDomain
) -> float:
    """Root mean square difference between samples and themselves transferred there and back, in normalised units."""
    other: ModelDomain = "real" if domain == "simulated" else "simulated"
    squares = []
    for raw, known in _chunks(model, samples, labels):
        x = model.normalise(raw, domain)
        back = _moved(model, _moved(model, x, known, domain, other), known, other, domain)
        squares.append(np.square(back - x).mean() * len(x) / len(samples))
    return float(np.sqrt(sum(squares)))


def _chunks(
    model: TransferModel, samples: NDArray[np.float32], labels: NDArray[Any]
) -> Iterator[tuple[NDArray[np.float32], NDArray[Any]]]:
    size = _CHUNK[model.spec.modality]
    for start in range(0, len(samples), size):
        yield samples[start : start + size], labels[start : start + size]


def _moved(
    model: TransferModel,
    x: NDArray[np.float32],
    labels: NDArray[Any],
    source: ModelDomain,
    target: ModelDomain,
) -> NDArray[np.float32]:
    """Transfer normalised samples; they stay in normalised units."""
    z, _ = model.encode(x, source, labels)
    return model.decode(z, target, labels)


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
    norm = np.linalg.norm(spectra, axis=1, keepdims=True)
    usable = (flat >= 0) & (norm[:, 0] > 0)
    return spectra[usable] / norm[usable], flat[usable]


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
        name: float(np.sqrt(np.mean((means[name] - wanted) ** 2) / np.mean(wanted**2)))
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
