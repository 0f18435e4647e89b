"""Which transferred spectra to keep: those that the target's own classifier knows, and that lie where its class lies.

Both limits are set by held-out spectra of the target itself: what 95 % of them pass. What is dropped may be wrong, or it
may be what is rare: a cleaned set is narrower than the target, and scores on it say nothing about the transfer as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.class_spectra import pixel_spectra
from napari_udt.evaluation.downstream import (
    Floats,
    LabelledSpectra,
    SeededScores,
    fit_classifier,
    fit_per_seed,
    judge,
)
from napari_udt.evaluation.rows import Row

SHARE = 0.95
_COMPONENTS = 10
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class Judgement:
    """What speaks for and against each spectrum.

    Parameters
    ----------
    entropy : array, shape (n,)
        Of the probabilities of the classes, over its largest value: 0, sure; 1, no idea.
    distance : array, shape (n,)
        From the centre of its own class, in standard deviations along ten principal components of that class, root mean
        square.
    agrees : boolean array, shape (n,)
        Whether the classifier finds the label that the spectrum bears.
    """

    entropy: Floats
    distance: Floats
    agrees: NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """Largest entropy and distance of what is kept."""

    entropy: float
    distance: float


class Cleaner:
    """A classifier and class centres of the target, and the limits that its held-out spectra set.

    Parameters
    ----------
    training, held_out : LabelledSpectra
        Of the target; no spectrum in both.
    seed : int
        Of the forest.

    Raises
    ------
    EvaluationError
        When there are too few classes or spectra to train a classifier.
    """

    def __init__(self, training: LabelledSpectra, held_out: LabelledSpectra, seed: int = 0) -> None:
        self._classifier = fit_classifier(training, seed)
        self._shapes = {
            int(label): _Shape(training.spectra[training.labels == label])
            for label in np.unique(training.labels)
        }
        own = self.judge(held_out)
        self.limits = Limits(
            float(np.quantile(own.entropy, SHARE)), float(np.quantile(own.distance[own.agrees], SHARE))
        )

    @classmethod
    def split(cls, spectra: LabelledSpectra, per_class: int, seed: int = 0) -> Cleaner:
        """Make one of target spectra: some of each class to learn from, as many others to set the limits.

        Pictures or animals are not kept apart here: the limits are those of spectra like the learnt ones.
        """
        order = np.random.default_rng(seed).permutation(len(spectra.labels))
        halves = [
            LabelledSpectra(spectra.spectra[part], spectra.labels[part]).draw(
                per_class, np.random.default_rng(seed)
            )
            for part in (order[::2], order[1::2])
        ]
        return cls(halves[0], halves[1], seed)

    def judge(self, spectra: LabelledSpectra) -> Judgement:
        """Judge spectra; a class that the target lacks is infinitely far away."""
        probabilities = np.maximum(self._classifier.predict_proba(spectra.spectra), _SMALLEST)
        entropy = -(probabilities * np.log(probabilities)).sum(axis=1) / np.log(probabilities.shape[1])
        distance = np.full(len(spectra.labels), np.inf)
        for label, shape in self._shapes.items():
            own = spectra.labels == label
            distance[own] = shape.distance(spectra.spectra[own])
        found = self._classifier.classes_[np.argmax(probabilities, axis=1)]
        return Judgement(entropy, distance, found == spectra.labels)

    def keeps(self, spectra: LabelledSpectra) -> NDArray[np.bool_]:
        """Which spectra are kept, shape (n,)."""
        judged = self.judge(spectra)
        near = (judged.entropy <= self.limits.entropy) & (judged.distance <= self.limits.distance)
        kept: NDArray[np.bool_] = near & judged.agrees
        return kept


@dataclass(frozen=True)
class CleanedScores:
    """A row without the spectra that are dropped.

    Parameters
    ----------
    kept : dict of int to float
        Share of each class that is kept.
    scores : SeededScores, optional
        Trained on what is kept; None where a class has too few left.
    """

    kept: dict[int, float]
    scores: SeededScores | None


def cleaned_scores(
    cleaner: Cleaner, own: LabelledSpectra, test: LabelledSpectra, seeds: Sequence[int], per_class: int
) -> CleanedScores:
    """Drop spectra, train on the rest and test on untouched target spectra."""
    kept = cleaner.keeps(own)
    rest = LabelledSpectra(own.spectra[kept], own.labels[kept])
    shares = {int(label): float(np.mean(kept[own.labels == label])) for label in np.unique(own.labels)}
    try:
        scores = judge(fit_per_seed(rest, seeds, per_class), test)
    except EvaluationError:
        return CleanedScores(shares, None)
    complete = len(np.unique(rest.labels)) == len(shares)
    return CleanedScores(shares, scores if complete else None)


def cleaned_dataset(cleaner: Cleaner, row: Row, source: Dataset) -> Dataset:
    """Return a row's samples without what is dropped, as a data set that trainings and viewers open.

    Parameters
    ----------
    cleaner : Cleaner
    row : Row
        A transfer of ``source``.
    source : Dataset
        The simulated one: of spectra those that are kept remain, with their parameters; of images all remain, and pixels
        that are dropped, or of a class that the cleaner does not know, have the label -1.
    """
    origin = f"{row.name} of: {source.origin}; spectra unlike the target's own dropped"
    spectra, place = pixel_spectra(row.samples, np.arange(row.labels.size).reshape(row.labels.shape))
    kinds = np.asarray(row.labels).reshape(-1)[place]
    kept = np.zeros(row.labels.size, bool)
    kept[place] = cleaner.keeps(LabelledSpectra(spectra, kinds))
    if row.samples.ndim == 2:
        parameters = {name: values[kept] for name, values in source.parameters.items()}
        return replace(
            source,
            samples=row.samples[kept],
            labels=row.labels[kept],
            parameters=parameters,
            domain="transferred",
            origin=origin,
        )
    labels = np.where(kept.reshape(row.labels.shape), row.labels, -1).astype(source.labels.dtype)
    return replace(source, samples=row.samples, labels=labels, domain="transferred", origin=origin)


class _Shape:
    """Centre and principal components of a class."""

    def __init__(self, spectra: Floats) -> None:
        self.centre = spectra.mean(axis=0, dtype=np.float64)
        _, lengths, axes = np.linalg.svd(spectra - self.centre, full_matrices=False)
        count = min(_COMPONENTS, len(lengths))
        spread = lengths[:count] / np.sqrt(max(len(spectra) - 1, 1))
        self._whitening = axes[:count].T / np.maximum(spread, _SMALLEST)

    def distance(self, spectra: Floats) -> Floats:
        scores = (spectra - self.centre) @ self._whitening
        found: Floats = np.sqrt(np.mean(np.square(scores), axis=1))
        return found
