"""Two-sample test by a classifier: how well trees distinguish two sets (Lopez-Paz and Oquab 2017, ICLR).

0.5 says that they cannot; 1.0 that they always can. All samples of one picture or animal are in one fold, and the
interval draws pictures or animals again, not trees. Every two-sample test of the package is this one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.intervals import percentile_interval

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
Groups = NDArray[np.integer[Any]]

FOLDS = 5
FEWEST_GROUPS = 4
TREES = 100
RESAMPLES = 200
_COMPONENTS = 20
# scikit-learn swaps the process's warning filters while it trains trees, which two threads at once leave in disorder.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class TwoSampleAuc:
    """Area under the ROC curve of a classifier that has to tell two sets apart, on samples that it has not seen.

    Parameters
    ----------
    value : float
        0.5: not distinguishable; 1.0: always.
    low, high : float
        95 % bootstrap interval over groups (pictures, animals).
    count, groups : int
        Samples on each side, and groups in all.
    """

    value: float
    low: float
    high: float
    count: int
    groups: int


def two_sample_auc(
    own: Floats,
    reference: Floats,
    own_groups: Groups | None = None,
    reference_groups: Groups | None = None,
    *,
    most: int = 2000,
    seed: int = 0,
    whiten: bool = True,
) -> TwoSampleAuc:
    """Train trees to tell two sets apart, and test them on groups that they have not seen.

    Parameters
    ----------
    own, reference : array, shape (n, features) and (m, features)
        As many of each are used, so that guessing scores 0.5.
    own_groups, reference_groups : integer array, shape (n,) and (m,), optional
        Picture or animal of each sample; every sample is one of its own unless given.
    most : int
        Samples of each side at most.
    seed : int
    whiten : bool
        See :func:`out_of_fold_scores`.

    Raises
    ------
    EvaluationError
        When a side has fewer than four groups.
    """
    sides = [
        (np.asarray(values), np.arange(len(values)) if groups is None else np.asarray(groups))
        for values, groups in ((own, own_groups), (reference, reference_groups))
    ]
    fewest = min(len(np.unique(groups)) for _, groups in sides)
    if fewest < FEWEST_GROUPS:
        raise EvaluationError(
            f"A two-sample test needs {FEWEST_GROUPS} pictures or animals on each side; found {fewest}: use larger data sets."
        )
    rng = np.random.default_rng(seed)
    count = min(most, *(len(values) for values, _ in sides))
    drawn = [np.sort(rng.permutation(len(values))[:count]) for values, _ in sides]
    values, groups = zip(*((v[i], g[i]) for (v, g), i in zip(sides, drawn, strict=True)), strict=True)
    scores = out_of_fold_scores(values, groups, seed, whiten=whiten)
    names, members = zip(*(np.unique(own, return_inverse=True) for own in groups), strict=True)
    replicates = []
    for _ in range(RESAMPLES):
        times = [np.bincount(rng.integers(len(n), size=len(n)), minlength=len(n)) for n in names]
        replicates.append(area(*scores, times[0][members[0]], times[1][members[1]]))
    return TwoSampleAuc(area(*scores), *percentile_interval(replicates), count, sum(map(len, names)))


def out_of_fold_scores(
    sides: tuple[Floats, Floats],
    groups: tuple[Groups, Groups] | None = None,
    seed: int = 0,
    *,
    whiten: bool = True,
) -> tuple[Array, Array]:
    """Probability of the second side that trees give each sample, from samples of other groups only.

    Parameters
    ----------
    sides : two arrays, shape (n, features) and (m, features)
        As many of each, so that guessing scores 0.5.
    groups : two integer arrays, shape (n,) and (m,), optional
        Picture or animal of each sample.
    seed : int
    whiten : bool
        The trees see whitened principal components: single wavelengths of spectra are so alike that trees on them miss
        differences in shape. False for features that are unlike each other.
    """
    from sklearn.decomposition import PCA
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    features = np.concatenate(sides)
    side = np.repeat([0, 1], [len(sides[0]), len(sides[1])])
    if groups is None:
        folds, together = StratifiedKFold(FOLDS, shuffle=True, random_state=seed), None
    else:  # picture 3 of one side is not picture 3 of the other
        together = np.concatenate([2 * own.astype(np.int64) + k for k, own in enumerate(groups)])
        count = min(FOLDS, *(len(np.unique(own)) for own in groups))
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    components = min(_COMPONENTS, features.shape[1], len(features) * (FOLDS - 1) // FOLDS - 1)
    trees: Any = ExtraTreesClassifier(TREES, min_samples_leaf=3, random_state=seed)
    if whiten:
        trees = make_pipeline(PCA(components, whiten=True, random_state=seed), trees)
    with _one_at_a_time:
        found = cross_val_predict(trees, features, side, groups=together, cv=folds, method="predict_proba")
    scores = np.asarray(found[:, 1], np.float64)
    return scores[: len(sides[0])], scores[len(sides[0]) :]


def area(
    a: Array, b: Array, times_a: NDArray[Any] | None = None, times_b: NDArray[Any] | None = None
) -> float:
    """Area under the ROC curve of scores: the chance that one of ``b`` has the higher score, ties count half.

    Parameters
    ----------
    a, b : array, shape (n,) and (m,)
    times_a, times_b : array, shape (n,) and (m,), optional
        How often each counts.
    """
    values, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    below, above = (
        np.bincount(place[part], times, len(values))
        for part, times in ((slice(len(a)), times_a), (slice(len(a), None), times_b))
    )
    lower = np.cumsum(below) - below / 2
    return float((above * lower).sum() / (above.sum() * below.sum()))
