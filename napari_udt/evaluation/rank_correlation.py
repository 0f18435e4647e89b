"""Spearman's rank correlation, and the difference of two of them on the same samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation.intervals import percentile_interval

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

RESAMPLES = 1000
# Values ranked at once: about 100 MB of temporaries.
_AT_ONCE = 2_000_000
_FEWEST = 3


@dataclass(frozen=True)
class CorrelationChange:
    """Rank correlations of two estimates with one truth, and their paired difference.

    Parameters
    ----------
    before, after : float
        Spearman's rho of the truth with either estimate.
    change, low, high : float
        ``after - before`` with its bootstrap interval.
    count : int
        Samples with a value in all three.
    """

    before: float
    after: float
    change: float
    low: float
    high: float
    count: int


def spearman(a: Floats, b: Floats) -> Array:
    """Spearman's rho along the last axis; ties get their mean rank; NaN where one side does not vary."""
    from scipy.stats import rankdata

    x, y = (np.asarray(rankdata(values, axis=-1)) for values in (a, b))
    return weighted_correlation(x, y, np.ones_like(x))


def correlation_change(
    truth: Floats, before: Floats, after: Floats, rng: np.random.Generator, resamples: int = RESAMPLES
) -> CorrelationChange:
    """Rank correlation of ``truth`` with an estimate before and after something was done to the samples.

    Parameters
    ----------
    truth, before, after : array, shape (n,)
        Samples without a value in all three are left out.
    rng : Generator
    resamples : int
        Bootstrap samples; the same ones for both correlations (percentile interval, 95 %).
    """
    known = np.isfinite(truth) & np.isfinite(before) & np.isfinite(after)
    truth, before, after = truth[known], before[known], after[known]
    if len(truth) < _FEWEST:
        nan = float("nan")
        return CorrelationChange(nan, nan, nan, nan, nan, len(truth))
    first, second = float(spearman(truth, before)), float(spearman(truth, after))
    drawn = np.concatenate(
        [_resampled_change(truth, before, after, times) for times in _bootstrap(len(truth), resamples, rng)]
    )
    return CorrelationChange(first, second, second - first, *percentile_interval(drawn), len(truth))


def _bootstrap(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """How often each of ``n`` samples is drawn: arrays (some resamples, n), together ``resamples`` rows."""
    step = max(1, _AT_ONCE // n)
    for start in range(0, resamples, step):
        yield rng.multinomial(n, np.full(n, 1 / n), size=min(step, resamples - start)).astype(np.float64)


def _resampled_change(truth: Floats, before: Floats, after: Floats, times: Array) -> Array:
    ranks, first, second = (resampled_ranks(values, times) for values in (truth, before, after))
    return weighted_correlation(ranks, second, times) - weighted_correlation(ranks, first, times)


def resampled_ranks(values: Floats, times: Array) -> Array:
    """Mean ranks of ``values`` (n,) in resamples that hold each ``times`` (m, n) times: counting, without sorting.

    The mean rank of equal values is the number of smaller ones plus half of (their own number + 1).
    """
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    equal = np.add.reduceat(times[:, order], starts, axis=1)
    return np.asarray((np.cumsum(equal, axis=1) - equal / 2 + 0.5)[:, group])


def weighted_correlation(x: Array, y: Array, weights: Array) -> Array:
    """Pearson's correlation along the last axis of samples that count ``weights`` times; NaN without variation."""
    total = weights.sum(axis=-1, keepdims=True)
    x, y = (v - (weights * v).sum(axis=-1, keepdims=True) / total for v in (x, y))
    size = np.sqrt((weights * x**2).sum(axis=-1) * (weights * y**2).sum(axis=-1))
    return np.divide(
        (weights * x * y).sum(axis=-1), size, out=np.full(np.shape(size), np.nan), where=size > 0
    )
