"""Agreement of readers beyond chance: Cohen's kappa of two, weighted for ratings, and Fleiss' of several."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.reader_study.resampling import Array, Estimate, Units, estimated

MISSING = -1


def cohen(tables: Array, *, ordinal: bool = False) -> Array:
    """Return Cohen's kappa (1960), or with quadratic weights (1968) where the answers are steps of a scale.

    Parameters
    ----------
    tables : array, shape (..., k, k)
        How often the first reader gave each answer while the second gave each.
    ordinal : bool

    Returns
    -------
    array, shape (...)
        NaN where both readers gave one and the same answer throughout.
    """
    steps = np.arange(tables.shape[-1])
    apart = np.subtract.outer(steps, steps)
    weights = (apart**2 if ordinal else apart != 0).astype(float)
    expected = tables.sum(axis=-1, keepdims=True) * tables.sum(axis=-2, keepdims=True)
    total = tables.sum(axis=(-2, -1))
    seen = (weights * tables).sum(axis=(-2, -1)) * total
    return np.asarray(1 - seen / (weights * expected).sum(axis=(-2, -1)))


def fleiss(sums: Array) -> Array:
    """Return Fleiss' kappa (1971).

    Parameters
    ----------
    sums : array, shape (..., 2 + k)
        Over questions: how many there are, the sum of the shares of agreeing pairs of readers, and how many answers of each kind
        a reader gives on average.
    """
    count, agreeing, answers = sums[..., 0], sums[..., 1], sums[..., 2:]
    by_chance = ((answers / count[..., None]) ** 2).sum(axis=-1)
    return np.asarray((agreeing / count - by_chance) / (1 - by_chance))


def kappa_of_two(
    first: NDArray[np.intp], second: NDArray[np.intp], kinds: int, units: Units, *, ordinal: bool
) -> Estimate:
    """Return Cohen's kappa of two readers' answers, shape (questions,), over those that both answered."""
    tables = _tables(first, second, kinds)
    return estimated(
        tables, units, lambda sums: cohen(sums.reshape(*sums.shape[:-1], kinds, kinds), ordinal=ordinal)
    )


def kappa_of_all(answers: NDArray[np.intp], kinds: int, units: Units, *, ordinal: bool) -> Estimate:
    """Return the agreement of all readers.

    Parameters
    ----------
    answers : int array, shape (readers, questions)
        -1 where there is none.
    kinds : int
        Of answers.
    units : Units
    ordinal : bool
        Mean of the weighted kappas of all pairs (Light 1971), since Fleiss' knows no weights; else Fleiss' kappa, over questions that all
        readers answered.
    """
    if ordinal:
        pairs = list(combinations(answers, 2))
        tables = np.concatenate([_tables(first, second, kinds) for first, second in pairs], axis=1)

        def mean_of_pairs(sums: Array) -> Array:
            each = sums.reshape(*sums.shape[:-1], len(pairs), kinds, kinds)
            return np.asarray(cohen(each, ordinal=True).mean(axis=-1))

        return estimated(tables, units, mean_of_pairs)
    readers = len(answers)
    counts = (answers[:, :, None] == np.arange(kinds)).sum(axis=0).astype(float)
    whole = counts.sum(axis=1) == readers
    agreeing = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    features = np.column_stack([np.ones(len(counts)), agreeing, counts / readers])
    return estimated(features * whole[:, None], units, fleiss)


def _tables(first: NDArray[np.intp], second: NDArray[np.intp], kinds: int) -> Array:
    """Return which pair of answers each question got, shape (questions, kinds * kinds); zeros where one is missing."""
    both = np.flatnonzero((first != MISSING) & (second != MISSING))
    found = np.zeros((len(first), kinds * kinds))
    found[both, first[both] * kinds + second[both]] = 1
    return found
