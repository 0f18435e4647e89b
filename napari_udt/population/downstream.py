"""The downstream test of Table 1 (Dreher et al., MICCAI 2023) on a population.

A calibrated random forest is trained on each row's spectra (real, simulated, each transferred) and tested on real spectra
that were held out. Spectra are L2-normalised, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.evaluation import paper
from napari_udt.evaluation.downstream import (
    LabelledSpectra,
    Scores,
    SeededScores,
    fit_classifier,
    scores_of_probabilities,
)
from napari_udt.population.downstream_choices import Choices, filled
from napari_udt.population.downstream_sets import Sets, TrainingSet, make_sets, per_class
from napari_udt.population.groups import Group, Part, Population

Progress = Callable[[int, int], None]
_Judged = tuple[Scores, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class DownstreamRow:
    """One row of the table: scores of forests that were trained on its spectra.

    Parameters
    ----------
    name, part, origin, model : str
        As in :class:`~napari_udt.population.groups.Group`; several real groups are named together.
    paper_row : str
        Row of the paper's Table 1 that it corresponds to; empty for none.
    available : tuple of int
        Spectra of each class to draw from.
    scores : SeededScores
    confusions : integer array, shape (seeds, classes, classes)
        Test spectra of each true class (rows) that were taken for each class (columns).
    """

    name: str
    part: Part
    origin: str
    model: str
    paper_row: str
    available: tuple[int, ...]
    scores: SeededScores
    confusions: NDArray[np.int64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Confusion matrix over all seeds as shares of the true class: rows sum to 1, the diagonal is the recall."""
        counts = self.confusions.sum(axis=0)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@dataclass(frozen=True, eq=False)
class DownstreamResult:
    """A downstream test.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    choices : Choices
        With everything filled in that was left open.
    split : str
        How the real spectra were divided, in a sentence.
    tested : tuple of int
        Held-out real spectra of each class.
    rows : tuple of DownstreamRow
        Real, simulated, transferred: the order of Table 1.
    notes : tuple of str
        Rows that were left out and why, and reservations about the scores.
    """

    modality: str
    choices: Choices
    split: str
    tested: tuple[int, ...]
    rows: tuple[DownstreamRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that were distinguished."""
        return self.choices.classes

    @property
    def paper_table(self) -> dict[str, Scores]:
        """Table 1 of the paper for the same modality: the paper's values, not computed here."""
        return paper.TABLE_1[self.modality]


def run_downstream(
    population: Population, choices: Choices | None = None, progress: Progress | None = None
) -> DownstreamResult:
    """Train and test.

    Parameters
    ----------
    population : Population
        With a real (or target) group.
    choices : Choices, optional
    progress : callable, optional
        Called with ``(forests done, forests in all)`` before the first and after each; an exception from it ends the work.

    Raises
    ------
    EvaluationError
        When there is nothing to train or to test on, or no honest division of the real spectra.
    """
    chosen = filled(population, choices or Choices())
    sets = make_sets(population, chosen)
    total, done = len(sets.rows) * len(chosen.seeds), 0
    report = progress or (lambda done, total: None)
    report(done, total)
    rows = []
    for training in sets.rows:
        judged = []
        for seed in chosen.seeds:
            judged.append(_judged(training.spectra, sets, chosen.per_class, seed))
            done += 1
            report(done, total)
        rows.append(_row(training, sets.classes, judged))
    return DownstreamResult(
        population.modality,
        chosen,
        sets.split.sentence,
        per_class(sets.test, sets.classes),
        tuple(rows),
        sets.notes,
    )


def paper_row(group: Group) -> str:
    """Row of the paper's Table 1 that a group corresponds to; empty for none."""
    from napari_udt.models import list_models

    if group.part != "transferred":
        return paper.REAL if group.part == "real" else paper.SIMULATED
    return next((paper.row_of(spec) for spec in list_models() if spec.name == group.model), "")


def _judged(training: LabelledSpectra, sets: Sets, count: int, seed: int) -> _Judged:
    """Scores and confusion matrix of one forest; draw and seed as in :mod:`napari_udt.evaluation.downstream`."""
    from sklearn.metrics import confusion_matrix

    classifier = fit_classifier(training.draw(count, np.random.default_rng(seed)), seed)
    probabilities = classifier.predict_proba(sets.test.spectra)
    predicted = classifier.classes_[np.argmax(probabilities, axis=1)]
    scores = scores_of_probabilities(probabilities, classifier.classes_, sets.test.labels)
    return scores, confusion_matrix(sets.test.labels, predicted, labels=sets.classes)


def _row(training: TrainingSet, classes: Sequence[int], judged: Sequence[_Judged]) -> DownstreamRow:
    group = training.group
    return DownstreamRow(
        name=" + ".join(training.names),
        part=group.part,
        origin=group.origin,
        model=group.model,
        paper_row=paper_row(group),
        available=per_class(training.spectra, classes),
        scores=SeededScores(tuple(scores for scores, _ in judged)),
        confusions=np.stack([confusion for _, confusion in judged]),
    )
