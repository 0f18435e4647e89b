"""Texts, choices and settings of the tab "Reader study". No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from napari_udt.cube import ORIGINS
from napari_udt.population.appearance import appearances
from napari_udt.population.groups import Population
from napari_udt.population.reader_study.design import Design, Display, Kind, Task
from napari_udt.population.reader_study.evaluate import evaluate_readings
from napari_udt.population.reader_study.reading import Reading, resumed
from napari_udt.population.reader_study.reading_file import Answers, load_readings, merged
from napari_udt.population.reader_study.result import StudyResult
from napari_udt.population.reader_study.stimuli import (
    Study,
    draw_study,
    group_pairs,
    tissues,
    usual_structures,
)
from napari_udt.population.reader_study.study_file import load_study, save_study
from napari_udt.viewer.state.jobs import Report

TASKS: dict[Task, str] = {
    "origin": "Real or transferred?",
    "structure": "Which structure?",
    "realism": "How realistic?",
}
DISPLAYS: dict[Display, str] = {"one": "One by one", "pair": "Side by side"}
KINDS: dict[Kind, str] = {"spectra": "Spectra", "pictures": "Cut-outs of pictures"}
COUNTS = (2, 400)
MOST_SEEDS = 9999
NOTHING = "A reader study needs transferred and reference cubes, open at the same time or in a collection; or open the file of a study."
_EXPLANATIONS: dict[tuple[Task, Display], str] = {
    (
        "origin",
        "one",
    ): "Real and transferred ones are shown in random order, half of each: say which is which.",
    (
        "origin",
        "pair",
    ): "A real and a transferred one of the same structure stand side by side: say which is real.",
    (
        "structure",
        "one",
    ): "Real and transferred ones are shown in random order, half of each: say which structure it is.",
    ("structure", "pair"): "Structures are asked for one by one only.",
    (
        "realism",
        "one",
    ): "Real and transferred ones are shown in random order, half of each: rate each from 1 to 5.",
    (
        "realism",
        "pair",
    ): "A real and a transferred one of the same structure stand side by side: say which looks more real.",
}
_KEYS = " Answer with the buttons or the keys on them; S skips, Z undoes the last answer. Nothing is revealed before the end."
_RATINGS: dict[Display, tuple[str, ...]] = {
    "one": ("1 artificial", "2", "3 undecided", "4", "5 real"),
    "pair": ("1 left, clearly", "2 left", "3 no difference", "4 right", "5 right, clearly"),
}


@dataclass(frozen=True)
class StudyForm:
    """State of the controls.

    Parameters
    ----------
    pair : tuple of (real, transferred)
        Names of groups; ("", "") for the newest.
    task, display, kind : str
    count, seed : int
    structures : tuple of str
        That are chosen; empty for the usual ones.
    reader : str
    """

    pair: tuple[str, str] = ("", "")
    task: Task = "origin"
    display: Display = "one"
    kind: Kind = "spectra"
    count: Annotated[int, Field(ge=COUNTS[0], le=COUNTS[1])] = 40
    seed: Annotated[int, Field(ge=0, le=MOST_SEEDS)] = 0
    structures: tuple[str, ...] = ()
    reader: str = ""

    def seen(self, population: Population) -> StudyForm:
        """Return the form with a pair and structures that the population holds."""
        possible = group_pairs(population)
        pair = self.pair if self.pair in possible else (possible[0] if possible else ("", ""))
        offered = tissues(population, pair)
        chosen = tuple(name for name in offered if name in self.structures)
        return replace(self, pair=pair, structures=chosen or usual_structures(offered, self.task))

    def design(self, population: Population, wavelength_nm: float | None) -> Design:
        """Return the design of the study; pictures are taken at the wavelength of the slider."""
        seen = self.seen(population)
        return Design(
            *seen.pair,
            seen.task,
            seen.display,
            seen.kind,
            seen.count + (seen.count % 2 if seen.display == "one" else 0),
            seen.seed,
            seen.structures,
            800.0 if wavelength_nm is None else wavelength_nm,
        )


def pair_titles(population: Population | None) -> dict[tuple[str, str], str]:
    """Return the titles of pairs that can be compared, by the names of their groups."""
    if population is None:
        return {}
    group_appearances = appearances(population)
    found = {pair: tuple(group_appearances[name].short for name in pair) for pair in group_pairs(population)}
    twice = len(set(found.values())) < len(found)
    return {
        (real, transferred): (
            f"{transferred} against {real}"
            if twice
            else f"{found[real, transferred][1]} against {found[real, transferred][0]}"
        )
        for real, transferred in found
    }


def explanation(population: Population | None, form: StudyForm) -> str:
    """Return how to judge, and what the target is."""
    real = (
        next((g for g in population.groups if g.name == form.pair[0]), None)
        if population is not None
        else None
    )
    if real is None:
        return NOTHING
    words = _EXPLANATIONS[form.task, form.display] + _KEYS
    measured = real.origin == ORIGINS["real"]
    return words if measured else f"{words} “Real” means {real.name}: {real.origin}."


def question(reading: Reading) -> str:
    """Return the present question."""
    asked, design = reading.question, reading.study.design
    if asked is None:
        return "All are judged. The next step shows the result; until then the last answer can be undone."
    words = {
        ("origin", "one"): "real or transferred?",
        ("origin", "pair"): "which one is real?",
        ("structure", "one"): "which structure is it?",
        ("realism", "one"): "how realistic does it look?",
        ("realism", "pair"): "which one looks more real?",
    }[design.task, design.display]
    if design.task == "structure" and design.kind == "pictures":
        words = "which structure is in the ring?"
    what = f"{asked.structure.replace('_', ' ')}: {words}" if asked.structure else words.capitalize()
    return f"{reading.answered + 1} of {reading.total}   {what}"


def answer_buttons(design: Design) -> list[tuple[str, str, str]]:
    """Return answer, text of its button, and Qt's name of its key."""
    if design.task == "origin" and design.display == "pair":
        return [("left", "Left is real (←)", "Left"), ("right", "Right is real (→)", "Right")]
    if design.task == "origin":
        return [("real", "Real (R)", "R"), ("transferred", "Transferred (T)", "T")]
    if design.task == "realism":
        texts = _RATINGS[design.display]
    else:
        texts = tuple(f"{n} {name.replace('_', ' ')}" for n, name in enumerate(design.classes, start=1))
    return [
        (answer, text, str(number))
        for number, (answer, text) in enumerate(zip(design.answers, texts, strict=True), start=1)
    ]


def drawn(
    population: Population, design: Design, state: Mapping[str, Any] | None, reader: str, report: Report
) -> Reading:
    """Draw a study and begin it, or go on with it (in another thread)."""
    return _begun(draw_study(population, design, report), state, reader)


def read_study(path: Path, state: Mapping[str, Any] | None, reader: str, report: Report) -> Reading:
    """Read the file of a study and begin it, or go on with it (in another thread)."""
    return _begun(load_study(path), state, reader)


def _begun(study: Study, state: Mapping[str, Any] | None, reader: str) -> Reading:
    return Reading(study, reader) if state is None else resumed(study, state)


def written(population: Population, design: Design, path: Path, report: Report) -> Path:
    """Draw a study and write its file (in another thread)."""
    save_study(draw_study(population, design, report), path)
    return path


def joined(own: Sequence[Answers], paths: Sequence[Path], report: Report) -> tuple[StudyResult, list[str]]:
    """Evaluate answers and those in the files of other readers (in another thread); with a sentence for each that is left out."""
    others, problems = load_readings(paths) if paths else ([], [])
    kept, more = merged([*own, *others])
    return evaluate_readings(kept), [*problems, *more]
