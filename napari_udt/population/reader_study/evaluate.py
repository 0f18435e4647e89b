"""Counting the answers of readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.population.reader_study.agreement import MISSING, kappa_of_all, kappa_of_two
from napari_udt.population.reader_study.outcome import outcome
from napari_udt.population.reader_study.reading_file import Answers
from napari_udt.population.reader_study.resampling import Array, Units, estimated, share
from napari_udt.population.reader_study.result import ALL, Row, StudyResult
from napari_udt.population.reader_study.stimuli import Truth, right_answer

FEWEST_IMAGES = 5  # of either origin, from which on images are drawn again, not questions

_MEANINGS = {
    "accuracy": "share of right answers",
    "sensitivity": "share of the transferred ones that were called transferred",
    "specificity": "share of the real ones that were called real",
    "transferred preferred": "how often a transferred one is rated above a real one, ties as half: the area under the ROC curve",
    "kappa": "agreement beyond chance: 0 by chance, 1 throughout",
}


def evaluate_readings(readings: Sequence[Answers]) -> StudyResult:
    """Count.

    Parameters
    ----------
    readings : sequence of Answers
        Of one study, see :func:`~napari_udt.population.reader_study.reading_file.merged`.

    Raises
    ------
    EvaluationError
        When nothing was judged.
    """
    counts = _Counts(readings)
    if not (counts.answers != MISSING).any():
        raise EvaluationError("Nothing was judged; there is no result.")
    rows = list(counts.rows())
    return StudyResult(
        tuple(readings),
        tuple(rows),
        outcome(readings[0].design, rows, readings),
        counts.units.name,
        len(counts.units.strata),
    )


class _Counts:
    """The answers of all readers as numbers."""

    def __init__(self, readings: Sequence[Answers]) -> None:
        self.readings, self.design = readings, readings[0].design
        self.truths: list[Truth] = [trial.truth for trial in readings[0].trials]
        places = {answer: place for place, answer in enumerate(self.design.answers)}
        self.answers: NDArray[np.intp] = np.array(
            [[places.get(trial.answer, MISSING) for trial in reading.trials] for reading in readings],
            np.intp,
        )
        self.right = np.array(
            [places.get(right_answer(self.design, truth), MISSING) for truth in self.truths]
        )
        self.transferred = np.array([truth.shown[0] == "transferred" for truth in self.truths])
        self.pairs = self.design.display == "pair"
        self.units = units_of(self.truths)

    def rows(self) -> Iterator[Row]:
        """Yield what the task asks for, then the agreement."""
        names = [reading.reader or "the reader" for reading in self.readings]
        each = [(name, self.answers[[place]]) for place, name in enumerate(names)]
        if len(each) > 1:
            each.insert(0, (ALL, self.answers))
        makers = {"origin": self._origin, "structure": self._structure, "realism": self._realism}
        found = [row for name, answers in each for row in makers[self.design.task](name, answers)]
        for measure in dict.fromkeys(row.measure for row in found):
            yield from (row for row in found if row.measure == measure)
        yield from self._by_structure(*each[0])
        yield from self._agreement(names)

    def _share(
        self, measure: str, name: str, answers: NDArray[np.intp], of: NDArray[np.bool_], **more: object
    ) -> Row:
        """Return the share of right answers to some questions."""
        judged = ((answers != MISSING) & of).sum(axis=0).astype(float)
        right = ((answers == self.right) & of).sum(axis=0).astype(float)
        alone = len(answers) == 1 and self.units.name == "questions"
        found = share(right, judged, self.units, independent=alone)
        texts = {"note": f"{right.sum():.0f} of {judged.sum():.0f}", **more}
        chance = 1 / len(self.design.answers)
        return Row(measure, name, "share", found, int(judged.sum()), chance, **texts)  # type: ignore[arg-type]

    def _origin(self, name: str, answers: NDArray[np.intp]) -> Iterator[Row]:
        from scipy.stats import binomtest

        everything = np.ones(len(self.truths), bool)
        accuracy = self._share("accuracy", name, answers, everything)
        note = accuracy.note
        if accuracy.answers and len(answers) == 1:
            right = int((answers[0] == self.right).sum())
            note += f"; p = {binomtest(right, accuracy.answers).pvalue:.2g} against guessing (exact binomial test)"
        yield self._share("accuracy", name, answers, everything, note=note, meaning=_MEANINGS["accuracy"])
        if self.pairs:
            judged = (answers != MISSING).sum(axis=0).astype(float)
            left = (answers == 0).sum(axis=0).astype(float)
            independent = len(answers) == 1 and self.units.name == "questions"
            found = share(left, judged, self.units, independent=independent)
            note = f"{left.sum():.0f} of {judged.sum():.0f}; real ones are left in {np.mean(~self.transferred):.0%}"
            yield Row("left chosen", name, "share", found, int(judged.sum()), 0.5, note)
            return
        for measure, of in (("sensitivity", self.transferred), ("specificity", ~self.transferred)):
            yield self._share(measure, name, answers, of, meaning=_MEANINGS[measure])

    def _structure(self, name: str, answers: NDArray[np.intp]) -> Iterator[Row]:
        for origin, of in (("real", ~self.transferred), ("transferred", self.transferred)):
            yield self._share(f"recognised, {origin}", name, answers, of)
        judged, right = answers != MISSING, answers == self.right
        sides = (self.transferred, ~self.transferred)
        features = np.stack([(kind & of).sum(axis=0) for of in sides for kind in (right, judged)], axis=1)
        found = estimated(features.astype(float), self.units, _difference)
        yield Row("transferred − real", name, "difference of shares", found, int(judged.sum()))

    def _realism(self, name: str, answers: NDArray[np.intp]) -> Iterator[Row]:
        judged = answers != MISSING
        if self.pairs:
            # 1 stands for the left one, 5 for the right one: turned to the side of the transferred one.
            steps = np.where(self.transferred, -1, 1) * (answers - 2)
            features = np.stack([np.where(judged, steps, 0).sum(axis=0), judged.sum(axis=0)], axis=1)
            found = estimated(features.astype(float), self.units, _mean)
            meaning = "from −2 (the real one is clearly more realistic) to 2 (the transferred one)"
            yield Row(
                "preference for the transferred",
                name,
                "difference of ratings",
                found,
                int(judged.sum()),
                meaning=meaning,
            )
            return
        features = np.zeros((len(self.truths), 10))
        for place in range(5):
            given = (answers == place).sum(axis=0)
            features[:, place] = given * ~self.transferred
            features[:, 5 + place] = given * self.transferred
        for measure, half in (("mean rating, real", 0), ("mean rating, transferred", 1)):
            own = features[:, 5 * half : 5 * half + 5]
            found = estimated(own, self.units, _mean_rating)
            yield Row(measure, name, "rating", found, int(own.sum()))
        found = estimated(
            features, self.units, lambda sums: _mean_rating(sums[..., 5:]) - _mean_rating(sums[..., :5])
        )
        yield Row("transferred − real", name, "difference of ratings", found, int(judged.sum()))
        found = estimated(features, self.units, preferred)
        meaning = _MEANINGS["transferred preferred"]
        yield Row("transferred preferred", name, "share", found, int(judged.sum()), 0.5, meaning=meaning)

    def _by_structure(self, name: str, answers: NDArray[np.intp]) -> Iterator[Row]:
        """Yield the share of right answers for each structure; of the structure task for either origin."""
        structures = np.array([truth.structure for truth in self.truths])
        if self.design.task == "realism":
            return
        for structure in dict.fromkeys(filter(None, structures.tolist())):
            title, own = structure.replace("_", " "), structures == structure
            if self.design.task == "structure":
                for origin, of in (("real", ~self.transferred), ("transferred", self.transferred)):
                    yield self._share(f"{title} recognised, {origin}", name, answers, own & of)
            else:
                yield self._share(f"accuracy, {title}", name, answers, own)

    def _agreement(self, names: Sequence[str]) -> Iterator[Row]:
        kinds, ordinal = len(self.design.answers), self.design.task == "realism"
        answers = self.answers
        if ordinal and self.pairs:  # the side of the transferred one, not left and right
            turned = np.where(self.transferred, kinds - 1 - answers, answers)
            answers = np.where(answers == MISSING, MISSING, turned)
        row = partial(Row, scale="kappa", meaning=_MEANINGS["kappa"])
        which = "kappa (Cohen, quadratic weights)" if ordinal else "kappa (Cohen)"
        for a, b in combinations(range(len(names)), 2):
            found = kappa_of_two(answers[a], answers[b], kinds, self.units, ordinal=ordinal)
            both = int(((answers[a] != MISSING) & (answers[b] != MISSING)).sum())
            yield row(which, f"{names[a]} and {names[b]}", estimate=found, answers=2 * both)
        if len(names) > 2:
            which = "kappa (mean of pairs, quadratic weights)" if ordinal else "kappa (Fleiss)"
            found = kappa_of_all(answers, kinds, self.units, ordinal=ordinal)
            yield row(which, ALL, estimate=found, answers=int((answers != MISSING).sum()))


def units_of(truths: Sequence[Truth]) -> Units:
    """Return what is drawn again: images, where either origin has enough of them, else questions."""
    origins = np.array([truth.shown[0] if len(truth.shown) == 1 else "" for truth in truths])
    images = np.array([truth.image for truth in truths])
    fewest = min(len(np.unique(images[origins == origin])) for origin in np.unique(origins))
    if fewest < FEWEST_IMAGES:
        _, strata = np.unique(origins, return_inverse=True)
        return Units(np.arange(len(truths)), strata, "questions")
    named = np.array([f"{origin}\n{image}" for origin, image in zip(origins, images, strict=True)])
    _, first, of_question = np.unique(named, return_index=True, return_inverse=True)
    _, strata = np.unique(origins[first], return_inverse=True)
    return Units(of_question, strata, "images")


def preferred(sums: Array) -> Array:
    """Return how often a transferred one is rated above a real one, ties as half, shape (...).

    Parameters
    ----------
    sums : array, shape (..., 10)
        How often real ones got the ratings 1 to 5, then transferred ones.
    """
    real, transferred = sums[..., :5], sums[..., 5:]
    below = np.cumsum(real, axis=-1) - real / 2
    both = real.sum(axis=-1) * transferred.sum(axis=-1)
    return np.asarray((transferred * below).sum(axis=-1) / both)


def _mean_rating(sums: Array) -> Array:
    return np.asarray((sums * np.arange(1, 6)).sum(axis=-1) / sums.sum(axis=-1))


def _mean(sums: Array) -> Array:
    return np.asarray(sums[..., 0] / sums[..., 1])


def _difference(sums: Array) -> Array:
    return np.asarray(sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3])
