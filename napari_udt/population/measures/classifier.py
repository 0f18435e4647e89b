"""Two-sample test by a classifier between two sets of spectra (Lopez-Paz and Oquab 2017, ICLR)."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.measures.sample import Sample

FOLDS = 5
FEWEST_PER_SIDE = 20
TREES = 100
_COMPONENTS = 20
# scikit-learn swaps the process's warning filters while it trains trees, which two threads at once leave in disorder.
_one_at_a_time = threading.Lock()

Array = NDArray[np.float64]


def out_of_fold_scores(a: Sample, b: Sample, seed: int) -> tuple[Array, Array]:
    """Probability of the second side that a classifier gives each spectrum, without having seen it.

    Extremely randomised trees on whitened principal components: single wavelengths are so alike that trees on them miss
    differences in shape. Five folds; where each side has five subjects, a subject is in one fold only.

    Parameters
    ----------
    a, b : Sample
        As many of each, so that guessing scores 0.5.
    seed : int
    """
    from sklearn.model_selection import cross_val_predict

    spectra = np.concatenate([a.spectra, b.spectra])
    side = np.repeat([0, 1], [len(a), len(b)])
    folds, subjects = _folds(a, b, seed)
    with _one_at_a_time:
        predicted = cross_val_predict(
            _pipeline(spectra.shape, seed),
            spectra,
            side,
            groups=subjects,
            cv=folds,
            method="predict_proba",
        )
    scores = np.asarray(predicted[:, 1], np.float64)
    return scores[: len(a)], scores[len(a) :]


def area(a: Array, b: Array, times_a: Array | None = None, times_b: Array | None = None) -> float:
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


def folds_share_subjects(a: Sample, b: Sample) -> bool:
    """Whether subjects are known but too few to keep each in one fold: the score is then too high."""
    known = [s.subjects for s in (a, b) if s.subjects is not None]
    return bool(known) and not _splits_by_subject(a, b)


def _splits_by_subject(a: Sample, b: Sample) -> bool:
    return all(s.subjects is not None and len(np.unique(s.subjects)) >= FOLDS for s in (a, b))


def _folds(a: Sample, b: Sample, seed: int) -> tuple[Any, NDArray[Any] | None]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if a.subjects is None or b.subjects is None or not _splits_by_subject(a, b):
        return StratifiedKFold(FOLDS, shuffle=True, random_state=seed), None
    # subject 3 of one side is not subject 3 of the other
    subjects = np.concatenate([2 * a.subjects.astype(np.int64), 2 * b.subjects.astype(np.int64) + 1])
    return StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed), subjects


def _pipeline(shape: tuple[int, ...], seed: int) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.pipeline import make_pipeline

    smallest_training_set = shape[0] * (FOLDS - 1) // FOLDS - 1
    components = min(_COMPONENTS, shape[1], smallest_training_set)
    trees = ExtraTreesClassifier(TREES, random_state=seed)
    return make_pipeline(PCA(components, whiten=True, random_state=seed), trees)
