"""Estimates with intervals from sums over images: whole images are drawn again, since what is of one image is alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]  # sums, shape (..., features), to numbers, shape (...)

CONFIDENCE = 0.95
RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Parameters
    ----------
    value, low, high : float
        NaN where there is none.
    interval : str
        How the ends were found: "bootstrap" or "Wilson".
    """

    value: float
    low: float
    high: float
    interval: str = "bootstrap"


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn again as a whole: images, or single questions.

    Parameters
    ----------
    of_question : int array, shape (questions,)
    strata : int array, shape (units,)
        Units are drawn within these, so that each resample has as many real ones as the study.
    name : str
        "images" or "questions".
    """

    of_question: NDArray[np.intp]
    strata: NDArray[np.intp]
    name: str

    def sums(self, values: Array) -> Array:
        """Add what questions have, shape (questions, features), to what units have."""
        found = np.zeros((len(self.strata), values.shape[1]))
        np.add.at(found, self.of_question, values)
        return found

    @cached_property
    def weights(self) -> Array:
        """How often each unit is drawn, shape (resamples, units); always the same."""
        rng = np.random.default_rng(_SEED)
        weights = np.zeros((RESAMPLES, len(self.strata)))
        for stratum in np.unique(self.strata):
            own = np.flatnonzero(self.strata == stratum)
            weights[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), RESAMPLES)
        return weights


def estimated(values: Array, units: Units, statistic: Statistic) -> Estimate:
    """Return a statistic of sums with its percentile interval (Efron & Tibshirani 1993, chapter 13).

    Parameters
    ----------
    values : array, shape (questions, features)
        What each question adds.
    units : Units
    statistic : callable
    """
    sums = units.sums(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(sums.sum(axis=0)))
        drawn = statistic(units.weights @ sums)
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return Estimate(value, np.nan, np.nan)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def share(right: Array, judged: Array, units: Units, *, independent: bool) -> Estimate:
    """Return a share of answers.

    Parameters
    ----------
    right, judged : array, shape (questions,)
        How many answers to each question are right, and how many there are.
    units : Units
    independent : bool
        One answer to each question, each a unit: Wilson's score interval (Wilson 1927), exact enough for few. It is also taken where no
        resample could differ (all right or all wrong), with the number of units.
    """
    total, judged_total = float(right.sum()), float(judged.sum())
    if not judged_total:
        return Estimate(np.nan, 0.0, 1.0, "Wilson")
    if independent:
        return wilson(round(total), round(judged_total))
    if total in (0, judged_total):
        count = len(np.unique(units.of_question[judged > 0]))
        return wilson(count if total else 0, count)
    return estimated(np.stack([right, judged], axis=1), units, lambda sums: sums[..., 0] / sums[..., 1])


def wilson(right: int, judged: int) -> Estimate:
    """Return a share of independent answers with its Wilson score interval; NaN and 0-1 where there are none."""
    from scipy.stats import binomtest

    if not judged:
        return Estimate(np.nan, 0.0, 1.0, "Wilson")
    interval = binomtest(right, judged).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(right / judged, float(interval.low), float(interval.high), "Wilson")
