"""A reader at work: the next question and the answers so far; nothing is revealed before the end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_udt.errors import EvaluationError
from napari_udt.population.reader_study.design import SKIPPED
from napari_udt.population.reader_study.reading_file import Answers, Trial
from napari_udt.population.reader_study.stimuli import Question, Study

FORMAT = "napari-udt reading in progress"
VERSION = 1


class Reading:
    """The answers of one reader to a study.

    Parameters
    ----------
    study : Study
    reader : str
        With a name the questions come in an order of its own, which follows from it and from the seed.
    """

    def __init__(self, study: Study, reader: str = "") -> None:
        self.study, self.reader = study, reader.strip()
        self._order = order_of(study, self.reader)
        self._answers: list[str] = []
        self._revealed = False

    @property
    def total(self) -> int:
        """How many questions there are."""
        return len(self._order)

    @property
    def answered(self) -> int:
        """How many of them were answered or skipped."""
        return len(self._answers)

    @property
    def finished(self) -> bool:
        """Whether all were answered or skipped."""
        return self.answered == self.total

    @property
    def revealed(self) -> bool:
        """Whether the truth was shown: no answer can be changed from then on."""
        return self._revealed

    @property
    def question(self) -> Question | None:
        """What is asked now; None at the end."""
        return None if self.finished else self.study.questions[self._order[self.answered]]

    def answer(self, answer: str) -> None:
        """Answer or skip the present question; at the end nothing happens."""
        possible = (*self.study.design.answers, SKIPPED)
        if answer not in possible:
            raise ValueError(f"answer {answer!r} is unknown; expected one of {', '.join(possible)}.")
        if not self.finished:
            self._answers.append(answer)

    def undo(self) -> bool:
        """Take the last answer back; False where there is none, or where the truth is known by now."""
        if self._revealed or not self._answers:
            return False
        self._answers.pop()
        return True

    def stop(self) -> None:
        """Skip everything that is left."""
        self._answers += [SKIPPED] * (self.total - self.answered)

    def reveal(self) -> Answers:
        """Return the answers beside the truth.

        Raises
        ------
        EvaluationError
            Before the end, or when nothing was answered.
        """
        if not self.finished:
            raise EvaluationError(
                f"{self.total - self.answered} of {self.total} are still to be judged; the truth is shown at the end."
            )
        if set(self._answers) <= {SKIPPED}:
            raise EvaluationError("Nothing was judged; there is no result.")
        given = dict(zip(self._order, self._answers, strict=True))
        self._revealed = True
        trials = tuple(
            Trial(number + 1, truth, given[number]) for number, truth in enumerate(self.study.truths)
        )
        return Answers(self.study.design, self.study.fingerprint, self.reader, trials)

    def state(self) -> dict[str, Any]:
        """Return the state as plain JSON, without the truth, to go on later."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "design": self.study.design.document(),
            "study_sha256": self.study.fingerprint,
            "reader": self.reader,
            "answers": list(self._answers),
            "revealed": self._revealed,
        }


def order_of(study: Study, reader: str) -> list[int]:
    """Return the order in which a reader sees the questions: the study's own for one without a name."""
    places = np.arange(len(study.questions))
    if reader:
        name = int.from_bytes(hashlib.sha256(reader.casefold().encode()).digest()[:8], "big")
        places = np.random.default_rng([study.design.seed, name]).permutation(places)
    return places.tolist()


def resumed(study: Study, state: Mapping[str, Any]) -> Reading:
    """Go on with a reading.

    Parameters
    ----------
    study : Study
        The same one.
    state : mapping
        What :meth:`Reading.state` returned.

    Raises
    ------
    EvaluationError
        When it is no such state, or of another study.
    """
    try:
        if state["format"] != FORMAT or state["format_version"] > VERSION:
            raise ValueError("its format is unknown")
        if study.fingerprint != state["study_sha256"]:
            raise EvaluationError(
                "This reading was begun with other spectra or pictures; open the same cubes, or start a new one."
            )
        reading = Reading(study, str(state["reader"]))
        for answer in state["answers"]:
            reading.answer(answer)
        reading._revealed = bool(state["revealed"])
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"This reading cannot go on ({error}); start a new one.") from error
    return reading
