"""Rows that learn nothing but statistics: what every network has to beat. No network, no training.

Spectra of HSI are matched L2-normalised, images of PAT as they are, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.models.baselines import match_coral, match_gaussian, match_histograms, match_moments
from napari_udt.spectral.spectra import normalise

Samples = NDArray[np.float32]
Matcher = Callable[[Samples, NDArray[Any], Samples, NDArray[Any]], Samples]

# Images whose pixels a baseline's statistics are taken from: more of them change little and fill the memory.
_REFERENCE_IMAGES = 24
# Of the spread of the compressed values, as the networks get it.
_NOISE: Mapping[str, float] = {"HSI": 0.004, "PAT": 0.05}
_SMALLEST = 1e-12
# Images span orders of magnitude; reflectances need no compression.
_COMPRESSION: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "HSI": (np.positive, np.positive),
    "PAT": (np.arcsinh, np.sinh),
}


@dataclass(frozen=True)
class Baseline:
    """A row without a network.

    Parameters
    ----------
    title : str
        In tables.
    make : callable (source, reference) -> samples
        Gives the source's samples, in the shape of ``source.samples``, statistics of the reference.
    modalities : tuple of str
    """

    title: str
    make: Callable[[Dataset, Dataset], Samples]
    modalities: tuple[str, ...] = ("HSI", "PAT")


def _by_class(match: Matcher) -> Callable[[Dataset, Dataset], Samples]:
    return lambda source, reference: _matched(match, source, reference, by_class=True)


def _at_once(match: Matcher) -> Callable[[Dataset, Dataset], Samples]:
    return lambda source, reference: _matched(match, source, reference, by_class=False)


def _matched(match: Matcher, source: Dataset, reference: Dataset, *, by_class: bool) -> Samples:
    wanted, kinds = reference_spectra(reference)
    own, labels = spectra_of(source.samples), source.labels.reshape(-1)
    if not by_class:
        labels, kinds = np.zeros_like(labels), np.zeros_like(kinds)
    return _shaped(match(own, labels, wanted, kinds), source.samples.shape)


def reference_spectra(reference: Dataset) -> tuple[Samples, NDArray[Any]]:
    """Spectra (n, C) of a target data set with their classes (n,); of images those of 24 at most."""
    step = 1 if reference.modality == "HSI" else max(1, len(reference) // _REFERENCE_IMAGES)
    return spectra_of(reference.samples[::step]), reference.labels[::step].reshape(-1)


def rescaled(source: Dataset, reference: Dataset, noise: float = 0.0) -> Samples:
    """Give all samples at once the reference's mean and spread at each wavelength, in compressed values.

    Parameters
    ----------
    source, reference : Dataset
    noise : float
        Standard deviation of noise that is added, over that of the compressed values.
    """
    own, (wanted, _) = spectra_of(source.samples), reference_spectra(reference)
    compress, expand = _COMPRESSION[source.modality]
    mine, theirs = (float(np.median(np.abs(values))) or 1.0 for values in (own, wanted))
    compressed, goal = compress(own / mine), compress(wanted / theirs)
    unit = (compressed - compressed.mean(axis=0)) / np.maximum(compressed.std(axis=0), _SMALLEST)
    if noise:
        unit = unit + noise * np.random.default_rng(0).standard_normal(unit.shape, np.float32)
    moved = expand(unit * goal.std(axis=0) + goal.mean(axis=0)) * theirs
    return _shaped(moved.astype(np.float32), source.samples.shape)


def class_transport(source: Dataset, reference: Dataset, seed: int = 0) -> Samples:
    """Move every class by the transport that keeps the order of the oxygen saturation, with the networks' noise on the source.

    Parameters
    ----------
    source, reference : Dataset
        Spectra, shape (n, C).
    seed : int
        Of the noise.
    """
    import torch

    from napari_udt.models.class_transport import DOMAINS, ClassTransport

    sides = [(spectra_of(data.samples), data.labels) for data in (source, reference)]
    statistics = [(float(values.mean()), float(values.std())) for values, _ in sides]
    values = {
        domain: torch.as_tensor((spectra - mean) / std)
        for domain, (spectra, _), (mean, std) in zip(DOMAINS, sides, statistics, strict=True)
    }
    own = values["simulated"]
    own += _NOISE["HSI"] * torch.randn(own.shape, generator=torch.Generator().manual_seed(seed))
    labels = {
        d: torch.as_tensor(kinds.astype(np.int64)) for d, (_, kinds) in zip(DOMAINS, sides, strict=True)
    }
    count = len(source.class_names)
    layer = ClassTransport(own.shape[1], count, dict(zip(DOMAINS, statistics, strict=True)), 0.0)
    layer.fit(values, labels, source.wavelengths_nm)
    condition = torch.zeros(len(own), 2 + count)
    known = labels["simulated"] >= 0
    condition[known, 2 + labels["simulated"][known]] = 1
    here, there = condition.clone(), condition.clone()
    here[:, 0] = there[:, 1] = 1
    with torch.no_grad():
        moved = layer.inverse(layer(own, here)[0], there)[0]
    mean, std = statistics[1]
    return np.asarray(moved * std + mean, np.float32)


def pasted_texture(source: Dataset, reference: Dataset, seed: int = 0) -> Samples:
    """Give every class the reference's level, and every picture the texture of one of the reference's pictures.

    The texture of a picture is its signal over the median of its class, mean over wavelengths: it lies where it lay
    in that picture, whatever is there in the other one.

    Parameters
    ----------
    source, reference : Dataset
        Images, shape (n, C, H, W).
    seed : int
        Of the draw of pictures.
    """
    rng = np.random.default_rng(seed)
    gains = _class_gains(source, reference)
    moved = np.empty_like(source.samples)
    for place, (image, labels) in enumerate(zip(source.samples, source.labels, strict=True)):
        other = int(rng.integers(len(reference)))
        texture = _texture(reference.samples[other], reference.labels[other])
        if rng.random() < 0.5:
            texture = texture[:, ::-1]
        gain = gains[np.maximum(labels, 0)].transpose(2, 0, 1)  # (C, H, W)
        moved[place] = image * gain * texture
    return moved


def _class_gains(source: Dataset, reference: Dataset) -> NDArray[np.float64]:
    """Median of the reference over that of the source for each class and wavelength, shape (classes, C)."""
    wanted, kinds = reference_spectra(reference)
    own, labels = reference_spectra(source)
    gains = np.ones((len(source.class_names), source.samples.shape[1]))
    for label in range(len(gains)):
        if np.any(labels == label) and np.any(kinds == label):
            before = np.median(own[labels == label], axis=0)
            gains[label] = np.median(wanted[kinds == label], axis=0) / np.maximum(before, _SMALLEST)
    return gains


def _texture(image: Samples, labels: NDArray[Any]) -> NDArray[np.float64]:
    """Signal over the median of its class, mean over wavelengths, shape (H, W)."""
    texture = np.ones(labels.shape)
    for label in np.unique(labels):
        own = image[:, labels == label].astype(np.float64)
        texture[labels == label] = (own / np.maximum(np.median(own, axis=1, keepdims=True), _SMALLEST)).mean(
            axis=0
        )
    return texture


def spectra_of(samples: Samples) -> Samples:
    """Spectra (n, C): unit ones of spectra, values as they are of images."""
    if samples.ndim == 2:
        return normalise(samples, "l2")
    return np.moveaxis(samples, 1, -1).reshape(-1, samples.shape[1])


def _shaped(spectra: Samples, shape: tuple[int, ...]) -> Samples:
    if len(shape) == 2:
        return spectra
    count, channels, height, width = shape
    return np.moveaxis(spectra.reshape(count, height, width, channels), -1, 1)


BASELINES: Mapping[str, Baseline] = {
    "rescaled": Baseline("Rescaled", rescaled),
    "rescaled_noise": Baseline(
        "Rescaled with noise", lambda source, reference: rescaled(source, reference, _NOISE[source.modality])
    ),
    "moments": Baseline("Matched moments", _by_class(match_moments)),
    "histograms": Baseline("Matched histograms", _by_class(match_histograms)),
    "gaussian": Baseline("Gaussian transport per class", _by_class(match_gaussian)),
    "gaussian_all": Baseline("Gaussian transport, no classes", _at_once(match_gaussian)),
    "class_transport": Baseline("Class transport, not trained", class_transport, ("HSI",)),
    "coral": Baseline("CORAL, no classes", _at_once(match_coral)),
    "texture": Baseline("Pasted texture", pasted_texture, ("PAT",)),
}


def default_baselines(modality: str) -> tuple[str, ...]:
    """Names of the baselines that a modality allows."""
    return tuple(name for name, baseline in BASELINES.items() if modality in baseline.modalities)
