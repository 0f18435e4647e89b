"""Samples of one domain as training sees them: normalised, split, drawn class-balanced, varied."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_udt.dataset import Dataset
from napari_udt.errors import TrainingError
from napari_udt.models.noise import InputNoise
from napari_udt.training.config import DataConfig, TrainingConfig

# Spectra with a smaller L2 norm are treated as if they had this one; the value only has to avoid 0 / 0.
SMALLEST_NORM = 1e-12


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one domain in normalised units, in memory.

    Parameters
    ----------
    values : float32 Tensor, shape (N, C) or (N, C, H, W)
    labels : int64 Tensor, shape (N,) or (N, H, W)
        -1 where unknown.
    weights : float64 Tensor, shape (N,)
        Relative probability of each sample to be drawn.
    noise : InputNoise
        What training adds.
    """

    values: Tensor
    labels: Tensor
    weights: Tensor
    noise: InputNoise = field(default_factory=InputNoise)

    def __len__(self) -> int:
        return len(self.values)

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Draw ``n`` samples with replacement: their values and labels."""
        index = torch.multinomial(self.weights, n, replacement=True)
        return self.values[index], self.labels[index]


def normalised(dataset: Dataset, spectrum_norm: str) -> NDArray[np.float32]:
    """Divide samples by their L2 norm over wavelengths if ``spectrum_norm`` is "l2"."""
    if spectrum_norm != "l2":
        return dataset.samples
    norm = np.linalg.norm(dataset.samples, axis=1, keepdims=True)
    return dataset.samples / np.maximum(norm, SMALLEST_NORM)


def intensity_scale(values: NDArray[np.float32]) -> float:
    """Scale of a domain's compression: half of its values then lie in the linear part, whatever the domain's gain."""
    return float(np.median(np.abs(values)))


def domain_statistics(values: NDArray[np.float32], centre: bool = True) -> tuple[float, float]:
    """Mean and standard deviation over all samples and channels of one domain: two scalars.

    Without ``centre`` the mean is 0 and the deviation is the one from 0, the root mean square.
    """
    mean = float(values.mean(dtype=np.float64)) if centre else 0.0
    return mean, float(np.sqrt(np.mean((values - np.float32(mean)) ** 2, dtype=np.float64)))


def split_held_out(
    n: int, fraction: float, seed: int, groups: NDArray[np.integer] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the indices to train on and those to hold out; both sorted, neither empty.

    Parameters
    ----------
    n : int
        Samples.
    fraction : float
        Share to hold out.
    seed : int
    groups : integer array, shape (n,), optional
        Whom each sample comes from, such as an animal: nobody is then on both sides, where there are two or more.
    """
    members = np.arange(n) if groups is None or len(np.unique(groups)) < 2 else groups
    names = np.unique(members)
    held_out = min(max(1, round(len(names) * fraction)), len(names) - 1)
    chosen = np.isin(members, np.random.default_rng(seed).permutation(names)[:held_out])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def balanced_weights(labels: Tensor) -> Tensor:
    """Weights that make every class that occurs equally likely; unlabelled samples are never drawn.

    Parameters
    ----------
    labels : integer Tensor, shape (N,)
    """
    known = labels >= 0
    counts = torch.bincount(labels[known])
    weights = torch.zeros(len(labels), dtype=torch.float64)
    weights[known] = 1.0 / counts[labels[known]].double()
    return weights


def make_samples(values: NDArray[np.float32], labels: NDArray[np.integer], balanced: bool) -> Samples:
    """Wrap normalised arrays; ``balanced`` equalises the classes of labelled spectra.

    Raises
    ------
    TrainingError
        When the classes are to be balanced but no sample has a label.
    """
    known = torch.from_numpy(labels.astype(np.int64))
    if not balanced:
        return Samples(torch.from_numpy(values), known, torch.ones(len(values), dtype=torch.float64))
    if not bool((known >= 0).any()):
        raise TrainingError("No sample has a label, so classes cannot be balanced; use a labelled data set.")
    return Samples(torch.from_numpy(values), known, balanced_weights(known))


def is_balanced(config: TrainingConfig, domain: str) -> bool:
    """Whether a domain is drawn class-balanced: spectra whose labels training is allowed to know."""
    knows_labels = domain == "simulated" or config.condition.second_labels == "given"
    return config.modality == "HSI" and knows_labels


def noise_of(config: DataConfig, domain: str, compression: tuple[float, float]) -> InputNoise:
    """Noise that training adds to the samples of a domain, which were compressed and standardised like that.

    A profile of the target's noise is not known here yet, see `with_profile`.
    """
    if domain == "simulated":
        return InputNoise(
            config.noise,
            config.speckle,
            config.noise_variation,
            compression,
            clutter=config.clutter,
            intensity=config.intensity,
        )
    return InputNoise(config.noise * config.second_noise_share)


def vary(values: Tensor, labels: Tensor, config: DataConfig) -> tuple[Tensor, Tensor]:
    """Augment a batch of images: random crop and left-right flip. Noise is added later.

    Parameters
    ----------
    values : Tensor, shape (n, C) or (n, C, H, W)
    labels : Tensor, shape (n,) or (n, H, W)
    """
    if values.ndim == 4 and config.crop:
        values, labels = _cropped(values, labels, (config.crop[0], config.crop[1]))
    if values.ndim == 4 and config.flips:
        flipped = torch.rand(len(values)) < 0.5
        values, labels = _flipped(values, labels, flipped)
    return values, labels


def _cropped(values: Tensor, labels: Tensor, crop: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Cut one window per sample, all of the same size."""
    rows, columns = crop
    tops = torch.randint(values.shape[-2] - rows + 1, (len(values),)).tolist()
    lefts = torch.randint(values.shape[-1] - columns + 1, (len(values),)).tolist()
    windows = [
        (slice(top, top + rows), slice(left, left + columns)) for top, left in zip(tops, lefts, strict=True)
    ]
    return (
        torch.stack([value[:, window[0], window[1]] for value, window in zip(values, windows, strict=True)]),
        torch.stack([label[window] for label, window in zip(labels, windows, strict=True)]),
    )


def _flipped(values: Tensor, labels: Tensor, flipped: Tensor) -> tuple[Tensor, Tensor]:
    return (
        torch.where(flipped.view(-1, 1, 1, 1), values.flip(-1), values),
        torch.where(flipped.view(-1, 1, 1), labels.flip(-1), labels),
    )
