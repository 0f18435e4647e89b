"""Results of an evaluation as JSON: all numbers, and what they were computed from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_udt.evaluation import paper
from napari_udt.evaluation.card_numbers import NUMBERS
from napari_udt.evaluation.plain import plain
from napari_udt.evaluation.run import Evaluation, RowResult
from napari_udt.files.writing import whole_or_nothing

FORMAT = "napari-udt evaluation"
VERSION = 1


def as_document(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain JSON values; a number that does not exist becomes null.

    Numbers computed here stand under "rows", the paper's under "paper_table_1", and only there.
    """
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "modality": evaluation.modality,
        **plain(evaluation.provenance),
        "rows": [plain(row) | {"numbers": _numbers(row, evaluation.modality)} for row in evaluation.rows],
        "paper_table_1": paper.as_document(evaluation.modality),
    }


def _numbers(row: RowResult, modality: str) -> dict[str, Any]:
    """Return the ten numbers of cards, each with its interval and its parts by class."""
    return {
        spec.short: plain(spec.of(row)) | {"classes": plain(spec.classes(row))} for spec in NUMBERS[modality]
    }


def save_results(evaluation: Evaluation, path: Path | str) -> None:
    """Write the JSON file, whole or not at all."""
    text = json.dumps(as_document(evaluation), indent=1, allow_nan=False) + "\n"
    with whole_or_nothing(Path(path)) as temporary:
        temporary.write_text(text, "utf-8")
