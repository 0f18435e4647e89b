"""The file of a study, to hand to several readers: its questions, and the truth, which the window hides until the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from napari_udt.errors import EvaluationError
from napari_udt.files.reading import open_regular
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.reader_study.design import design_from
from napari_udt.population.reader_study.stimuli import Question, Study, Truth

ENDING = ".udt-study.npz"
FORMAT = "napari-udt reader study"
VERSION = 1


def save_study(study: Study, path: Path) -> None:
    """Write a study, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    texts = {
        "format": FORMAT,
        "format_version": VERSION,
        "design": study.design.document(),
        "structures": [question.structure for question in study.questions],
        "marks": [question.mark for question in study.questions],
        "truths": [asdict(truth) for truth in study.truths],
        "sha256": study.fingerprint,
    }
    values = np.stack([np.stack(question.values) for question in study.questions])
    with whole_or_nothing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, texts=np.array(json.dumps(texts)), wavelengths_nm=study.wavelengths_nm, values=values
        )


def load_study(path: Path) -> Study:
    """Read a study.

    Raises
    ------
    EvaluationError
        When it is none, or damaged.
    """
    try:
        with open_regular(path) as stream, np.load(stream, allow_pickle=False) as file:
            texts = json.loads(str(file["texts"]))
            wavelengths_nm, values = file["wavelengths_nm"], file["values"].astype(np.float32, copy=False)
        if texts["format"] != FORMAT or texts["format_version"] > VERSION:
            raise ValueError("its format is unknown")
        study = Study(
            design_from(texts["design"]),
            wavelengths_nm,
            tuple(
                Question(number, str(structure), tuple(shown), _mark(mark))
                for number, (structure, shown, mark) in enumerate(
                    zip(texts["structures"], values, texts["marks"], strict=True), start=1
                )
            ),
            tuple(truth_from(truth) for truth in texts["truths"]),
        )
        if study.fingerprint != texts["sha256"] or len(study.truths) != len(study.questions):
            raise ValueError("its content is not what was written")
    except OSError as error:
        raise EvaluationError(f"{path}: the study cannot be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, IndexError, TypeError, BadZipFile, EOFError) as error:
        raise EvaluationError(
            f"{path} is no reader study ({error}); expected a file that ends with {ENDING}."
        ) from error
    return study


def _mark(plain: list[int] | None) -> tuple[int, int] | None:
    return None if plain is None else (int(plain[0]), int(plain[1]))


def truth_from(plain: Mapping[str, Any]) -> Truth:
    """Return a truth from plain JSON values."""
    shown = tuple(plain["shown"])
    if not shown or set(shown) - {"real", "transferred"}:
        raise ValueError(f"shown is {shown!r}")
    return Truth(shown, str(plain["structure"]), str(plain["image"]))
