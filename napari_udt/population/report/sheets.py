"""Sheets of the report: measures, their explanations, pictures, and the downstream test beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.evaluation.downstream import METRICS
from napari_udt.population.measures import CATALOGUE, Measure, MeasureRow, MeasureTable
from napari_udt.population.pictures import PictureMeasures
from napari_udt.population.report.document import Cell, Column, Sheet, cell, is_tissue, number

if TYPE_CHECKING:
    from napari_udt.population.downstream import DownstreamResult

_SCORES = {"balanced_accuracy": "Balanced accuracy", "auroc": "AUROC", "f1": "F1"}


def measure_sheets(table: MeasureTable) -> tuple[Sheet, ...]:
    """Return the means over structures, all rows, and what each measure means."""
    note = _statement(table)
    sheets = [_all_rows(table, note), _explanations(table)]
    tissues = [name for name in table.class_names if is_tissue(name)]
    return (_means(table, note), *sheets) if len(tissues) > 1 else tuple(sheets)


def _statement(table: MeasureTable) -> str:
    options = table.facts.get("options", {})
    told = f"Held against {table.reference} ({table.reference_origin})"
    if options.get("normalisation", "none") != "none":
        told += f"; every spectrum divided by its {options['normalisation'].upper()} norm"
    if options.get("resamples"):
        told += (
            f"; below each value its {options['confidence']:.0%} bootstrap interval ({options['resamples']} resamples; "
            "spectra of one picture are alike, so it is narrower than one over subjects would be unless subjects are known)"
        )
    return f"{told}."


def _head(key: str, unit: str) -> Column:
    measure = CATALOGUE[key]
    return Column(
        _title(measure, unit), f"{measure.meaning} {measure.direction}. {measure.source}.".replace(" . ", " ")
    )


def _title(measure: Measure, unit: str) -> str:
    return f"{measure.title} [{unit}]" if unit in ("%", "°") else measure.title


def _unit(table: MeasureTable, key: str) -> str:
    return next(row.unit for row in table.rows if row.key == key)


def _means(table: MeasureTable, note: str) -> Sheet:
    """Unweighted means over the tissues that a group shares with the reference."""
    rows, left_out = [], [name for name in table.class_names if not is_tissue(name)]
    for group in table.groups:
        own = [row for row in table.rows if row.group == group and row.class_name not in left_out]
        means = [_mean([row.value for row in own if row.key == key]) for key in table.keys]
        rows.append((Cell(group), *(Cell(number(mean), mean) for mean in means)))
    columns = (Column("Group"), *(_head(key, _unit(table, key)) for key in table.keys))
    without = (f"Without {', '.join(left_out)}.",) if left_out else ()
    return Sheet("Means over structures", columns, tuple(rows), (note, *without))


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else None


def _all_rows(table: MeasureTable, note: str) -> Sheet:
    by_place = {(row.class_name, row.group, row.key): row for row in table.rows}
    places = dict.fromkeys((row.class_name, row.group) for row in table.rows)
    rows = tuple(
        (Cell(name), Cell(group), *(_measured(by_place.get((name, group, key))) for key in table.keys))
        for name, group in places
    )
    columns = (Column("Structure"), Column("Group"), *(_head(key, _unit(table, key)) for key in table.keys))
    return Sheet("All structures", columns, rows, (note, *table.facts.get("notes", ())))


def _measured(row: MeasureRow | None) -> Cell:
    if row is None:
        return Cell("–")
    value = row.value if math.isfinite(row.value) else None
    interval = f"{number(row.low)} to {number(row.high)}" if math.isfinite(row.low) else ""
    counts = f"{row.count:,} against {row.reference_count:,} spectra"
    return Cell(number(value), value, interval, "; ".join(filter(None, [counts, row.note])))


def _explanations(table: MeasureTable) -> Sheet:
    columns = (Column("Measure"), Column("Unit"), Column("Best"), Column("Meaning"), Column("Source"))
    rows = tuple(
        (
            Cell(CATALOGUE[key].title),
            Cell(_unit(table, key) or "1"),
            Cell(CATALOGUE[key].direction or "–"),
            Cell(CATALOGUE[key].meaning),
            Cell(CATALOGUE[key].source),
        )
        for key in table.keys
    )
    return Sheet("What the measures mean", columns, rows, folded=True)


def picture_sheet(found: PictureMeasures) -> Sheet:
    """Return the measures of pictures, one row per group."""
    measures = dict.fromkeys(row.key for row in found.rows)
    groups = dict.fromkeys(row.group for row in found.rows)
    by_place = {(row.group, row.key): row for row in found.rows}
    rows = tuple(
        (Cell(group), *(_picture_cell(by_place.get((group, key))) for key in measures)) for group in groups
    )
    heads = {row.key: row.measure for row in found.rows}
    columns = (
        Column("Group"),
        *(Column(heads[k].title, f"{heads[k].meaning} {heads[k].source}.") for k in measures),
    )
    where = dict.fromkeys(f"{row.measure.title}: {row.note}." for row in found.rows)
    return Sheet("Measures of pictures", columns, rows, (" ".join(where), *found.notes))


def _picture_cell(row: object) -> Cell:
    value, note = getattr(row, "value", None), getattr(row, "note", "")
    return Cell(number(value), value, hint=note)


def downstream_sheets(result: DownstreamResult) -> tuple[Sheet, Sheet]:
    """Return the scores computed here, and the paper's, which are never mixed."""
    columns = (Column("Trained on"), Column("Origin"), *(Column(title) for title in _SCORES.values()))
    computed = []
    for row in result.rows:
        mean, std = row.scores.mean, row.scores.std
        scores = [_score(getattr(mean, key), getattr(std, key)) for key in METRICS]
        computed.append((Cell(row.name), Cell(row.origin), *scores))
    ours = Sheet("Computed here", columns, tuple(computed), (result.split, *result.notes))
    paper = tuple(
        (Cell(name), *(cell(float(getattr(scores, key))) for key in METRICS))
        for name, scores in result.paper_table.items()
    )
    theirs = Sheet(
        "Paper's values",
        (Column("Trained on"), *(Column(title) for title in _SCORES.values())),
        paper,
        (
            "Dreher et al., MICCAI 2023, Table 1, on other data: not computed here. Compare the order of rows, not values.",
        ),
    )
    return ours, theirs


def _score(mean: float, std: float) -> Cell:
    return Cell(f"{mean:.3f}", mean, f"± {std:.3f} over seeds" if math.isfinite(std) else "one seed")
