"""Spectra of one class and group, and the same drawn again many times: the bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

# Order statistics of every resample are kept for so many spectra at most: memory for 10,000 is 8 MB in 200 resamples.
MOST_RESAMPLED = 10_000


@dataclass(frozen=True, eq=False)
class Sample:
    """Spectra of one class in one group.

    Parameters
    ----------
    spectra : float array, shape (n, channels)
    subjects : integer array, shape (n,), optional
        Subject of each spectrum; resamples draw subjects then, because spectra of one are alike.
    resamples : int
        Of the bootstrap; 0 for none.
    seed : tuple of int
        Of all draws.
    """

    spectra: Floats
    subjects: NDArray[np.integer[Any]] | None = None
    resamples: int = 0
    seed: tuple[int, ...] = (0,)

    def __len__(self) -> int:
        return len(self.spectra)

    def drawn(self, most: int) -> Sample:
        """At most some of the spectra, drawn without replacement."""
        return self if len(self) <= most else self.of(self.kept(most))

    def kept(self, most: int) -> NDArray[np.intp]:
        """Which spectra `drawn` keeps, ascending."""
        if len(self) <= most:
            return np.arange(len(self))
        return np.sort(np.random.default_rng([*self.seed, most]).permutation(len(self))[:most])

    def of(self, index: NDArray[Any]) -> Sample:
        """Return some of the spectra: a mask or indices."""
        subjects = None if self.subjects is None else self.subjects[index]
        return replace(self, spectra=self.spectra[index], subjects=subjects)

    def medians_of(self, values: Array) -> Array:
        """Medians of one number per spectrum (n,) in each resample, shape (resamples,)."""
        return replace(self, spectra=values[:, None]).resampled_medians[:, 0]

    def shares_of(self, hits: NDArray[np.bool_]) -> Array:
        """Share of spectra for which something holds, in each resample, shape (resamples,)."""
        times = self.times.astype(np.float64)
        return times @ hits / times.sum(axis=1)

    @cached_property
    def ordered(self) -> Floats:
        """Values of each wavelength in ascending order, shape (channels, n)."""
        return np.sort(np.ascontiguousarray(self.spectra.T), axis=1)

    @cached_property
    def mean(self) -> Array:
        """Shape (channels,)."""
        return self.spectra.mean(axis=0, dtype=np.float64)

    @cached_property
    def median(self) -> Array:
        """Shape (channels,)."""
        below, above = self.ordered[:, (len(self) - 1) // 2], self.ordered[:, len(self) // 2]
        return (below.astype(np.float64) + above) / 2

    @cached_property
    def covariance(self) -> Array:
        """Shape (channels, channels), ddof = 1; NaN for one spectrum."""
        if len(self) < 2:
            return np.full((self.spectra.shape[1],) * 2, np.nan)
        centred = self.spectra - self.mean.astype(self.spectra.dtype)
        return (centred.T @ centred).astype(np.float64) / (len(self) - 1)

    @cached_property
    def std(self) -> Array:
        """Shape (channels,), ddof = 1."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def can_resample(self) -> bool:
        """Whether there is something to draw again: more than one spectrum, or subject where they are known."""
        units = self.spectra if self.subjects is None else np.unique(self.subjects)
        return self.resamples > 0 and len(units) > 1

    @cached_property
    def boot(self) -> Sample:
        """The spectra that the bootstrap draws from."""
        return self.drawn(MOST_RESAMPLED)

    @cached_property
    def times(self) -> NDArray[np.float32]:
        """How often each spectrum occurs in each resample, shape (resamples, n)."""
        rng = np.random.default_rng([*self.seed, 1])
        if self.subjects is None:
            return _draws(rng, len(self), self.resamples)
        subjects, member = np.unique(self.subjects, return_inverse=True)
        return _draws(rng, len(subjects), self.resamples)[:, member]

    @cached_property
    def resampled_means(self) -> Array:
        """Shape (resamples, channels)."""
        return _weighted_mean(self.times, self.spectra)

    @cached_property
    def resampled_stds(self) -> Array:
        """Shape (resamples, channels), ddof = 1."""
        centre = self.mean.astype(self.spectra.dtype)
        squares = _weighted_mean(self.times, (self.spectra - centre) ** 2)
        count = self.times.sum(axis=1, keepdims=True)
        variance = (squares - (self.resampled_means - centre) ** 2) * count / np.maximum(count - 1, 1)
        return np.sqrt(np.maximum(variance, 0))

    @cached_property
    def resampled_medians(self) -> Array:
        """Shape (resamples, channels)."""
        return np.stack([self._medians_at(c) for c in range(self.spectra.shape[1])], axis=1)

    @cached_property
    def _times_by_spectrum(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.times.T)

    def _medians_at(self, channel: int) -> Array:
        order = np.argsort(self.spectra[:, channel])
        values = self.spectra[order, channel]
        below = np.cumsum(self._times_by_spectrum[order], axis=0)  # how many of each resample lie at or below
        half = below[-1] / 2
        low, high = (below >= half).argmax(axis=0), (below > half).argmax(axis=0)
        return (values[low].astype(np.float64) + values[high]) / 2


def _draws(rng: np.random.Generator, count: int, resamples: int) -> NDArray[np.float32]:
    """How often each of ``count`` things is drawn in each resample, shape (resamples, count)."""
    drawn = rng.integers(count, size=(resamples, count))
    drawn += count * np.arange(resamples)[:, None]
    return np.bincount(drawn.reshape(-1), minlength=resamples * count).reshape(drawn.shape).astype(np.float32)


def _weighted_mean(times: NDArray[np.float32], values: Floats) -> Array:
    """Means (resamples, channels) of values that count several times; around the plain mean, to keep digits."""
    centre = values.mean(axis=0)
    shift = times @ (values - centre) / times.sum(axis=1, keepdims=True)
    return centre.astype(np.float64) + shift
