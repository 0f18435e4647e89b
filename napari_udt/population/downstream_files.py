"""A downstream test as JSON and CSV, the paper's values beside those computed here and never among them.

The CSV is tidy, one line per row and metric; ``values`` is "computed here" or "paper's value", and the paper gives no
spread. Lines that begin with a hash say how the numbers came to be (``pandas.read_csv(path, comment="#")``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_udt.evaluation import paper
from napari_udt.evaluation.downstream import METRICS
from napari_udt.evaluation.plain import plain, software_versions
from napari_udt.files.writing import whole_or_nothing
from napari_udt.population.downstream import DownstreamResult
from napari_udt.population.tables import Cell, Table

FORMAT = "napari-udt downstream test"
VERSION = 1
COLUMNS = ("row", "part", "origin", "values", "metric", "mean", "std", "seeds")
COMPUTED, PAPERS = "computed here", "paper's value"
METHOD = (
    "Random forest of 100 trees with calibrated probabilities, trained on a row's L2-normalised spectra, tested on "
    "held-out real (or target) ones; mean and standard deviation over seeds."
)


def save_downstream(result: DownstreamResult, path: Path) -> None:
    """Write a test as JSON if the name ends so, as CSV otherwise; whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written; an older file of that name is then as it was.
    """
    if path.suffix.casefold() == ".json":
        text = json.dumps(document(result), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    else:
        text = table(result).csv_text()
    with whole_or_nothing(path) as temporary:
        temporary.write_text(text, "utf-8", newline="")


def document(result: DownstreamResult) -> dict[str, Any]:
    """Everything as plain JSON values."""
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "modality": result.modality,
        **_provenance(result),
        "rows": plain(list(result.rows)),
        "paper_table_1": paper.as_document(result.modality),
    }


def table(result: DownstreamResult) -> Table:
    """Return one row per metric of each row, with the provenance as notes."""
    notes = tuple(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in _provenance(result).items())
    return Table("Downstream test", COLUMNS, tuple(_lines(result)), notes)


def _provenance(result: DownstreamResult) -> dict[str, Any]:
    return {
        "method": METHOD,
        "split": result.split,
        "classes": list(result.classes),
        "tested_per_class": list(result.tested),
        "choices": plain(result.choices),
        "notes": list(result.notes),
        "software": software_versions(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _lines(result: DownstreamResult) -> Iterator[tuple[Cell, ...]]:
    for row in result.rows:
        mean, std, seeds = row.scores.mean, row.scores.std, len(row.scores.per_seed)
        for metric in METRICS:
            numbers = getattr(mean, metric), getattr(std, metric)
            yield row.name, row.part, row.origin, COMPUTED, metric, *numbers, seeds
    for name, scores in result.paper_table.items():
        for metric in METRICS:
            yield name, "", "", PAPERS, metric, getattr(scores, metric), float("nan"), ""
