"""Mean and standard deviation of groups of spectra, block by block. Imports numpy, and scipy where there are many groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_DENSE_CLASSES = 256


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and standard deviation (of the population, ddof = 0) of a group of spectra."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    count: int


@dataclass(eq=False)
class RunningMoments:
    """Running count, mean and sum of squared deviations per class and channel, each (classes, channels)."""

    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    spectra: NDArray[np.int64]  # (classes,), spectra with at least one value

    @classmethod
    def empty(cls, classes: int, channels: int) -> RunningMoments:
        """Return moments of nothing."""
        shape = (classes, channels)
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(classes, dtype=np.int64))

    def add(self, spectra: Floats, classes: NDArray[np.integer[Any]]) -> None:
        """Merge one block: spectra (n, channels) with the class of each (n,)."""
        members = _membership(classes, len(self.count))  # (n, classes): sums become products
        valid = None if all_finite(spectra) else np.isfinite(spectra)
        if valid is None:
            count = np.bincount(classes, minlength=len(self.count)).astype(np.float64)[:, np.newaxis]
            self.spectra += count[:, 0].astype(np.int64)
        else:
            spectra = np.where(valid, spectra, 0)
            count = (members.T @ valid.astype(np.float32)).astype(np.float64)
            self.spectra += np.bincount(classes[valid.any(axis=1)], minlength=len(self.spectra))
        origin = self._origin(spectra, members, count)
        deviation = spectra - origin[classes]
        if valid is not None:
            deviation[~valid] = 0
        shift = (members.T @ deviation) / np.maximum(count, 1)
        deviation *= deviation
        self._merge(count, origin + shift, members.T @ deviation - count * shift**2)

    def of_class(self, index: int) -> RunningMoments:
        """Return the moments of one class alone."""
        one = slice(index, index + 1)
        return RunningMoments(self.count[one], self.mean[one], self.squares[one], self.spectra[one])

    def merge(self, other: RunningMoments) -> None:
        """Merge moments of other spectra of the same classes."""
        self._merge(other.count, other.mean, other.squares)
        self.spectra += other.spectra

    def _origin(self, spectra: Floats, members: Any, count: NDArray[np.float64]) -> Floats:
        """Return a point near each class's mean: small deviations from it keep their digits in single precision."""
        origin = self.mean.astype(spectra.dtype)
        new = np.any((self.count == 0) & (count > 0), axis=1)
        if new.any():
            sums = members[:, new].T @ spectra
            origin[new] = sums / np.maximum(count, 1).astype(spectra.dtype)[new]
        return origin

    def _merge(
        self, count: NDArray[np.float64], mean: NDArray[np.float64], squares: NDArray[np.float64]
    ) -> None:
        total = self.count + count
        share = np.divide(count, total, out=np.zeros_like(total), where=total > 0)
        shift = np.where(count > 0, mean - self.mean, 0)
        self.mean += share * shift
        self.squares += squares + shift**2 * self.count * share
        self.count = total

    def moments(self, index: int) -> Moments:
        """Return mean and standard deviation of one class; NaN where it has no value."""
        seen = self.count[index] > 0
        variance = np.divide(
            self.squares[index], self.count[index], out=np.full(seen.shape, np.nan), where=seen
        )
        mean = np.where(seen, self.mean[index], np.nan)
        return Moments(mean, np.sqrt(np.maximum(variance, 0)), int(self.spectra[index]))


def _membership(classes: NDArray[np.integer[Any]], count: int) -> Any:
    """Return which spectrum is of which class, (n, count) of 0 and 1: a sparse matrix where there are many classes."""
    if count <= _DENSE_CLASSES:
        return np.eye(count, dtype=np.float32)[classes]
    from scipy.sparse import csr_array

    rows = np.arange(len(classes))
    return csr_array((np.ones(len(classes), np.float32), (rows, classes)), shape=(len(classes), count))


def all_finite(values: Floats) -> bool:
    """Return whether no value is missing, at the price of one sum; a sum that overflows is taken for a missing value."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(np.sum(values)))
