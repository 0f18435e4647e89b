"""The tables of an evaluation as the last section of a model's card."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.run import Evaluation
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.report.evaluation import evaluation_markdown

HEADING = "## On untouched data"


def with_evaluation(card: str, evaluation: Evaluation, model: str) -> str:
    """Return a card whose last section holds the tables of one model beside both domains; an older one is replaced.

    Parameters
    ----------
    card : str
        Markdown.
    evaluation : Evaluation
    model : str
        Name of the row.
    """
    kept = card.partition(f"\n{HEADING}\n")[0].rstrip()
    rows = [row for row in evaluation.rows if row.kind in ("second", "simulated") or row.name == model]
    report = evaluation_markdown(replace(evaluation, rows=rows))
    sections = re.sub(r"^## ", "### ", report.partition("\n")[2], flags=re.MULTILINE).strip()
    return f"{kept}\n\n{HEADING}\n\nMade by `napari-udt evaluate`.\n\n{sections}\n"


def update_card(folder: Path, evaluation: Evaluation, model: str) -> None:
    """Write the section into a model folder's card.

    Raises
    ------
    EvaluationError
        When the folder holds no card.
    """
    path = folder / "CARD.md"
    if not path.is_file():
        raise EvaluationError(
            f"{path}: there is no card to complete; give --cards only with folders of models."
        )
    text = with_evaluation(path.read_text(encoding="utf-8"), evaluation, model)
    with whole_or_nothing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
