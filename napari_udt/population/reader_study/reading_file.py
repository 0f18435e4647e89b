"""The answers of a reader beside the truth, and their file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.plain import software_versions
from napari_udt.files.reading import read_text
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.reader_study.design import SKIPPED, Design, design_from
from napari_udt.population.reader_study.stimuli import Truth
from napari_udt.population.reader_study.study_file import truth_from

ENDING = ".udt-reading.json"
FORMAT = "napari-udt reading"
VERSION = 1
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Trial:
    """One question and its answer.

    Parameters
    ----------
    number : int
        Of the question.
    truth : Truth
    answer : str
        "skipped" where there is none.
    """

    number: int
    truth: Truth
    answer: str


@dataclass(frozen=True)
class Answers:
    """All answers of a reader.

    Parameters
    ----------
    design : Design
    study_sha256 : str
    reader : str
        Empty unless given.
    trials : tuple of Trial
        In the order of the study, whatever order the reader saw.
    """

    design: Design
    study_sha256: str
    reader: str
    trials: tuple[Trial, ...]

    @property
    def skipped(self) -> int:
        """How many questions have no answer."""
        return sum(trial.answer == SKIPPED for trial in self.trials)


def save_answers(answers: Answers, path: Path) -> None:
    """Write answers as JSON, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    found: dict[str, Any] = {
        "format": FORMAT,
        "format_version": VERSION,
        "reader": answers.reader,
        "design": answers.design.document(),
        "study_sha256": answers.study_sha256,
        "trials": [
            {"number": trial.number, **asdict(trial.truth), "answer": trial.answer}
            for trial in answers.trials
        ],
        "software": software_versions(),
    }
    with whole_or_nothing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def load_answers(path: Path) -> Answers:
    """Read a reader's file; who left no name is called after it.

    Raises
    ------
    EvaluationError
        When it is none.
    """
    try:
        found = json.loads(read_text(path, _MOST_BYTES))
        if found["format"] != FORMAT or found["format_version"] > VERSION:
            raise ValueError("its format is unknown")
        design = design_from(found["design"])
        trials = tuple(
            Trial(int(row["number"]), truth_from(row), str(row["answer"])) for row in found["trials"]
        )
        if unknown := {trial.answer for trial in trials} - {*design.answers, SKIPPED}:
            raise ValueError(f"{unknown.pop()!r} is no answer")
        name = str(found["reader"]) or path.name.removesuffix(ENDING).removesuffix(".json")
        return Answers(design, str(found["study_sha256"]), name, trials)
    except OSError as error:
        raise EvaluationError(f"{path}: the file cannot be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} has no answers of a reader ({error}); expected a file that ends with {ENDING}."
        ) from error


def merged(readings: Iterable[Answers]) -> tuple[list[Answers], list[str]]:
    """Return the readings of one study, that of the first, under different names, and a sentence for each other one."""
    kept: list[Answers] = []
    problems = []
    for reading in readings:
        name = reading.reader or f"reader {len(kept) + 1}"
        if kept and reading.study_sha256 != kept[0].study_sha256:
            problems.append(
                f"{name} is left out: the answers are to another study than {kept[0].reader}'s; give the files of one study."
            )
        elif kept and [t.truth for t in reading.trials] != [t.truth for t in kept[0].trials]:
            problems.append(f"{name} is left out: the file's truth is not that of the study.")
        elif any(name == known.reader for known in kept):
            problems.append(
                f"{name} is left out: there are answers of this reader already; give each reader a name."
            )
        else:
            kept.append(replace(reading, reader=name))
    return kept, problems


def load_readings(paths: Iterable[Path]) -> tuple[list[Answers], list[str]]:
    """Read the files of several readers of one study; a sentence for each that is left out.

    Raises
    ------
    EvaluationError
        When none can be used.
    """
    found, problems = [], []
    for path in paths:
        try:
            found.append(load_answers(path))
        except EvaluationError as error:
            problems.append(str(error))
    kept, others = merged(found)
    if not kept:
        raise EvaluationError(problems[0] if problems else "There are no answers; give files of readers.")
    return kept, [*problems, *others]
