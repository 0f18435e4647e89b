"""Two-sample test by a classifier: how well a random forest distinguishes two sets (Lopez-Paz and Oquab 2017, ICLR).

0.5 says that it cannot; 1.0 that it always can. All samples of one picture or animal are in one fold, and the
interval draws pictures or animals again, not forests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError

Floats = NDArray[np.floating[Any]]
Groups = NDArray[np.integer[Any]]

FOLDS = 5
TREES = 200
RESAMPLES = 200
_COMPONENTS = 20
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class TwoSampleAuc:
    """Area under the ROC curve of a classifier that has to tell two sets apart, on samples that it has not seen.

    Parameters
    ----------
    value : float
        0.5: not distinguishable; 1.0: always.
    low, high : float
        95 % bootstrap interval over groups (pictures, animals); NaN where a side has one group.
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
) -> TwoSampleAuc:
    """Train a random forest to tell two sets apart, and test it on groups that it has not seen.

    The forest sees the values and their whitened principal components: single wavelengths of spectra are so
    alike that trees on them alone miss differences in shape.

    Parameters
    ----------
    own, reference : array, shape (n, features) and (m, features)
        As many of each are used, so that guessing scores 0.5.
    own_groups, reference_groups : integer array, shape (n,) and (m,), optional
        Picture or animal of each sample; every sample is one of its own unless given.
    most : int
        Samples of each side at most.
    seed : int

    Raises
    ------
    EvaluationError
        When a side has fewer than five groups.
    """
    sides = [
        (np.asarray(values), np.arange(len(values)) if groups is None else np.asarray(groups))
        for values, groups in ((own, own_groups), (reference, reference_groups))
    ]
    fewest = min(len(np.unique(groups)) for _, groups in sides)
    if fewest < FOLDS:
        raise EvaluationError(
            f"A test of {FOLDS} folds needs {FOLDS} pictures or animals on each side; found {fewest}: use larger data sets."
        )
    rng = np.random.default_rng(seed)
    count = min(most, *(len(values) for values, _ in sides))
    drawn = [np.sort(rng.permutation(len(values))[:count]) for values, _ in sides]
    features = np.concatenate([values[index] for (values, _), index in zip(sides, drawn, strict=True)])
    side = np.repeat([0, 1], count)
    # picture 3 of one side is not picture 3 of the other
    groups = np.concatenate(
        [2 * numbers[index] + k for k, ((_, numbers), index) in enumerate(zip(sides, drawn, strict=True))]
    )
    scores = _out_of_fold(features, side, groups, seed)
    low, high = _interval(scores, side, groups, rng)
    return TwoSampleAuc(_area(scores, side), low, high, count, len(np.unique(groups)))


def _out_of_fold(features: Floats, side: Groups, groups: Groups, seed: int) -> Floats:
    """Probability of the second side for every sample, from a forest that saw none of its group."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import FunctionTransformer

    components = min(_COMPONENTS, features.shape[1], len(features) * (FOLDS - 1) // FOLDS - 1)
    both = make_union(FunctionTransformer(), PCA(components, whiten=True, random_state=seed))
    forest = RandomForestClassifier(TREES, min_samples_leaf=5, max_features="sqrt", random_state=seed)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    predicted = cross_val_predict(
        make_pipeline(both, forest), features, side, groups=groups, cv=folds, method="predict_proba"
    )
    found: Floats = predicted[:, 1]
    return found


def _interval(scores: Floats, side: Groups, groups: Groups, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile interval over groups drawn again on each side."""
    members = {int(group): np.flatnonzero(groups == group) for group in np.unique(groups)}
    of_side = [[group for group in members if group % 2 == k] for k in (0, 1)]
    if min(map(len, of_side)) < 2:
        return float("nan"), float("nan")
    found = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([members[group] for own in of_side for group in rng.choice(own, len(own))])
        found.append(_area(scores[drawn], side[drawn]))
    low, high = np.quantile(found, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)


def _area(scores: Floats, side: Groups) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(side, scores))
