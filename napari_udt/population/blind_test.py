"""The blind test: a person judges whether stimuli are real or transferred; nothing is revealed before the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from napari_udt.errors import EvaluationError
from napari_udt.population.blind_result import BlindResult, blind_result
from napari_udt.population.blind_stimuli import Deck, Design, Stimulus, Truth, draw_deck
from napari_udt.population.groups import Population

Verdict = Literal["real", "transferred", "skipped"]

FORMAT = "napari-udt blind test in progress"
VERSION = 1


class BlindTest:
    """A test in progress: the next stimulus, and the verdicts so far.

    Parameters
    ----------
    population : Population
    design : Design

    Raises
    ------
    EvaluationError
        See :func:`~napari_udt.population.blind_stimuli.draw_deck`.
    """

    def __init__(self, population: Population, design: Design) -> None:
        self.design = design
        self._deck: Deck = draw_deck(population, design)
        self._verdicts: list[Verdict] = []
        self._revealed = False

    @property
    def total(self) -> int:
        """How many stimuli there are."""
        return len(self._deck.stimuli)

    @property
    def answered(self) -> int:
        """How many of them were judged or skipped."""
        return len(self._verdicts)

    @property
    def finished(self) -> bool:
        """Whether all were judged or skipped."""
        return self.answered == self.total

    @property
    def revealed(self) -> bool:
        """Whether the truth was shown: no verdict can be changed from then on."""
        return self._revealed

    @property
    def stimulus(self) -> Stimulus | None:
        """The stimulus to judge now; None at the end."""
        return None if self.finished else self._deck.stimuli[self.answered]

    def judge(self, verdict: Verdict) -> None:
        """Judge or skip the current stimulus; at the end nothing happens."""
        if verdict not in get_args(Verdict):
            raise ValueError(
                f"verdict {verdict!r} is unknown; expected one of {', '.join(get_args(Verdict))}."
            )
        if not self.finished:
            self._verdicts.append(verdict)

    def undo(self) -> bool:
        """Take the last verdict back; False where there is none, or where the truth is known by now."""
        if self._revealed or not self._verdicts:
            return False
        self._verdicts.pop()
        return True

    def stop(self) -> None:
        """Skip everything that is left."""
        self._verdicts += ["skipped"] * (self.total - self.answered)

    def reveal(self) -> BlindResult:
        """Return the result and the truth.

        Raises
        ------
        EvaluationError
            Before the end, or when nothing was judged.
        """
        if not self.finished:
            raise EvaluationError(
                f"{self.total - self.answered} of {self.total} are still to be judged; the truth is shown at the end."
            )
        truths: tuple[Truth, ...] = self._deck.truths
        structures = tuple(stimulus.structure for stimulus in self._deck.stimuli)
        result = blind_result(self.design, truths, tuple(self._verdicts), structures, self._deck.fingerprint)
        self._revealed = True
        return result

    def state(self) -> dict[str, Any]:
        """Return the state of the test as plain JSON, without the truth, to continue it later."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "design": self.design.document(),
            "data_sha256": self._deck.fingerprint,
            "verdicts": list(self._verdicts),
            "revealed": self._revealed,
        }


def resumed(population: Population, state: Mapping[str, Any]) -> BlindTest:
    """Go on with a test.

    Parameters
    ----------
    population : Population
        Of the same data.
    state : mapping
        What :meth:`BlindTest.state` returned.

    Raises
    ------
    EvaluationError
        When it is no such state, or of other data.
    """
    try:
        design = dict(state["design"])
        design["classes"] = tuple(design["classes"])
        verdicts = [verdict for verdict in state["verdicts"] if verdict in get_args(Verdict)]
        if state["format"] != FORMAT or state["format_version"] > VERSION or verdicts != state["verdicts"]:
            raise ValueError("its format is unknown")
        test = BlindTest(population, Design(**design))
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"This blind test cannot go on ({error}); start a new one.") from error
    if test._deck.fingerprint != state["data_sha256"]:
        raise EvaluationError(
            "This blind test was begun with other spectra; open the same cubes, or start a new one."
        )
    for verdict in verdicts:
        test.judge(verdict)
    test._revealed = bool(state["revealed"])
    return test
