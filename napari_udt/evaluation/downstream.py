"""The downstream test of Table 1 (Dreher et al. 2023): scores of a classifier that was trained on some spectra.

A random forest (100 trees, defaults otherwise) with calibrated probabilities is trained on one row's spectra and
tested on untouched spectra of the target domain. scikit-learn is imported when a classifier is first made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.intervals import percentile_interval

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

TREES = 100
# Calibration holds out a fifth of each class: fewer spectra do not fill the folds.
FEWEST_PER_CLASS = 5
_RESAMPLES = 500


@dataclass(frozen=True)
class Scores:
    """Scores of one classifier.

    Parameters
    ----------
    balanced_accuracy : float
        Mean recall over classes.
    auroc : float
        Area under the receiver operating characteristic; several classes: one against the rest, plain mean.
    f1 : float
        Mean F1 score weighted by class size.
    """

    balanced_accuracy: float
    auroc: float
    f1: float


METRICS = tuple(field.name for field in fields(Scores))


@dataclass(frozen=True)
class SeededScores:
    """Scores over seeds, each with another draw of spectra and another forest.

    Parameters
    ----------
    per_seed : tuple of Scores
    low, high : float, optional
        95 % bootstrap interval of the mean balanced accuracy over groups of test spectra (pictures, animals): seeds of
        a forest say nothing of those. None where groups are unknown or there is one.
    """

    per_seed: tuple[Scores, ...]
    low: float | None = None
    high: float | None = None

    @property
    def mean(self) -> Scores:
        """Mean over seeds."""
        return Scores(*np.mean(self._values, axis=0).tolist())

    @property
    def std(self) -> Scores:
        """Standard deviation over seeds (ddof = 1); NaN for one seed."""
        many = len(self.per_seed) > 1
        return Scores(*(np.std(self._values, axis=0, ddof=1).tolist() if many else [float("nan")] * 3))

    @property
    def _values(self) -> NDArray[np.float64]:
        return np.array([list(asdict(scores).values()) for scores in self.per_seed])


@dataclass(frozen=True, eq=False)
class LabelledSpectra:
    """Spectra (n, channels) with the class (n,) of each, and its picture or animal (n,) where that is known."""

    spectra: Floats
    labels: Labels
    groups: Labels | None = None

    def of_classes(self, classes: Sequence[int]) -> LabelledSpectra:
        """Return those of some classes."""
        return self._of(np.isin(self.labels, classes))

    def draw(self, per_class: int, rng: np.random.Generator) -> LabelledSpectra:
        """Draw at most ``per_class`` spectra of each class, without replacement."""
        chosen = [
            rng.permutation(np.flatnonzero(self.labels == label))[:per_class]
            for label in np.unique(self.labels)
        ]
        return self._of(np.concatenate(chosen))

    def _of(self, index: NDArray[Any]) -> LabelledSpectra:
        groups = None if self.groups is None else self.groups[index]
        return LabelledSpectra(self.spectra[index], self.labels[index], groups)


def fit_classifier(training: LabelledSpectra, seed: int) -> Any:
    """Train the calibrated random forest; a scikit-learn classifier.

    Raises
    ------
    EvaluationError
        When there are fewer than two classes or too few spectra of one.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier

    counts = np.unique(training.labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < FEWEST_PER_CLASS:
        raise EvaluationError(
            f"A classifier needs two classes with {FEWEST_PER_CLASS} spectra each; found {len(counts)} classes with "
            f"{', '.join(map(str, counts)) or 'no'} spectra: use larger data sets."
        )
    forest = RandomForestClassifier(n_estimators=TREES, random_state=seed)
    return CalibratedClassifierCV(forest).fit(training.spectra, training.labels)


def scores_of_probabilities(probabilities: Floats, classes: Labels, labels: Labels) -> Scores:
    """Score the probabilities that a classifier gave.

    Parameters
    ----------
    probabilities : array, shape (n, k)
    classes : integer array, shape (k,)
        Class of each column.
    labels : integer array, shape (n,)
        The true classes.
    """
    from sklearn.metrics import balanced_accuracy_score, f1_score

    predicted = classes[np.argmax(probabilities, axis=1)]
    return Scores(
        float(balanced_accuracy_score(labels, predicted)),
        auroc(probabilities, classes, labels),
        float(f1_score(labels, predicted, average="weighted")),
    )


def auroc(probabilities: Floats, classes: Labels, labels: Labels) -> float:
    """Area under the ROC curve of the classes that occur in ``labels``, one against the rest, plain mean.

    Parameters
    ----------
    probabilities : array, shape (n, k)
    classes : integer array, shape (k,)
        Class of each column; a class without a column has probability 0.
    labels : integer array, shape (n,)

    Returns
    -------
    float
        Of two classes the one curve there is; NaN for one class.
    """
    from sklearn.metrics import roc_auc_score

    present = np.unique(labels)
    if len(present) < 2:
        return float("nan")
    column = {int(label): values for label, values in zip(classes, probabilities.T, strict=True)}
    nothing = np.zeros(len(labels))
    areas = [roc_auc_score(labels == label, column.get(int(label), nothing)) for label in present]
    return float(areas[-1] if len(present) == 2 else np.mean(areas))


def fit_per_seed(training: LabelledSpectra, seeds: Sequence[int], per_class: int) -> list[Any]:
    """One classifier for each seed, trained on at most ``per_class`` spectra of each class."""
    return [fit_classifier(training.draw(per_class, np.random.default_rng(seed)), seed) for seed in seeds]


def judge(classifiers: Sequence[Any], test: LabelledSpectra) -> SeededScores:
    """Scores of one classifier per seed on the same untouched spectra, with an interval over their groups."""
    probabilities = [classifier.predict_proba(test.spectra) for classifier in classifiers]
    classes = classifiers[0].classes_
    scores = tuple(scores_of_probabilities(found, classes, test.labels) for found in probabilities)
    hits = np.mean([classes[np.argmax(found, axis=1)] == test.labels for found in probabilities], axis=0)
    return SeededScores(scores, *_interval(hits, test))


def _interval(hits: Floats, test: LabelledSpectra) -> tuple[float, float] | tuple[None, None]:
    """Percentile interval of the balanced accuracy over groups drawn again."""
    if test.groups is None or len(np.unique(test.groups)) < 2:
        return None, None
    present, kind = np.unique(test.labels, return_inverse=True)
    groups, member = np.unique(test.groups, return_inverse=True)
    place = member * len(present) + kind
    shape = (len(groups), len(present))
    right = np.bincount(place, hits, len(groups) * len(present)).reshape(shape)
    count = np.bincount(place, minlength=len(groups) * len(present)).reshape(shape)
    drawn = np.random.default_rng(0).integers(len(groups), size=(_RESAMPLES, len(groups)))
    sums, counts = right[drawn].sum(axis=1), count[drawn].sum(axis=1)
    recalls = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return percentile_interval(np.nanmean(recalls, axis=1))
