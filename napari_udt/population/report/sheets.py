"""Sheets of the report: measures, their explanations, pictures, and the downstream test beside the paper's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_udt.evaluation.downstream import METRICS, Scores
from napari_udt.population.measures import CATALOGUE, Measure, MeasureRow, MeasureTable
from napari_udt.population.pictures import PictureMeasures
from napari_udt.population.report.document import Cell, Column, Sheet, is_tissue, number
from napari_udt.population.selection import NORMALISED

if TYPE_CHECKING:
    from napari_udt.population.downstream import DownstreamResult

_SCORES = {"balanced_accuracy": "Balanced accuracy", "auroc": "AUROC", "f1": "F1"}


def measure_sheets(table: MeasureTable) -> tuple[Sheet, ...]:
    """Return the means over structures, all rows, and what each measure means."""
    tissues = [name for name in table.class_names if is_tissue(name)]
    sheets = (_all_rows(table), _explanations(table))
    return (overview(table), *sheets) if len(tissues) > 1 else sheets


def _statement(table: MeasureTable) -> str:
    against = f"Compared with {table.reference} ({table.reference_origin})"
    how = table.provenance.get("options", {}).get("normalisation", "none")
    return f"{against}; spectra {NORMALISED[how]}."


def _interval_note(table: MeasureTable) -> tuple[str, ...]:
    options = table.provenance.get("options", {})
    if not options.get("resamples"):
        return ()
    return (
        f"Below each value its {options['confidence']:.0%} bootstrap interval ({options['resamples']} resamples). Subjects are "
        "drawn where they are known; else single spectra, and since those of one picture are alike, the interval is too narrow.",
    )


def _head(key: str, unit: str) -> Column:
    measure = CATALOGUE[key]
    return Column(
        _title(measure, unit), f"{measure.meaning} {measure.direction}. {measure.source}.".replace(" . ", " ")
    )


def _title(measure: Measure, unit: str) -> str:
    return f"{measure.title} [{unit}]" if unit in ("%", "°") else measure.title


def _unit(table: MeasureTable, key: str) -> str:
    return next(row.unit for row in table.rows if row.key == key)


def overview(table: MeasureTable) -> Sheet:
    """Return unweighted means over the tissues that each group shares with the reference."""
    rows, left_out = [], [name for name in table.class_names if not is_tissue(name)]
    for group in table.groups:
        own = [row for row in table.rows if row.group == group and row.class_name not in left_out]
        means = [_mean([row.value for row in own if row.key == key]) for key in table.keys]
        rows.append((Cell(group), *(Cell(number(mean), mean) for mean in means)))
    columns = (Column("Group"), *(_head(key, _unit(table, key)) for key in table.keys))
    without = (f"Without {', '.join(left_out)}.",) if left_out else ()
    return Sheet("Means over structures", columns, tuple(rows), (_statement(table), *without))


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else None


def _all_rows(table: MeasureTable) -> Sheet:
    by_place = {(row.class_name, row.group, row.key): row for row in table.rows}
    places = dict.fromkeys((row.class_name, row.group) for row in table.rows)
    rows = tuple(
        (Cell(name), Cell(group), *(_measured(by_place.get((name, group, key))) for key in table.keys))
        for name, group in places
    )
    columns = (Column("Structure"), Column("Group"), *(_head(key, _unit(table, key)) for key in table.keys))
    notes = (_statement(table), *_interval_note(table), *table.provenance.get("notes", ()))
    return Sheet("All structures", columns, rows, notes)


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
    cells = tuple(
        (
            Cell(row.name),
            Cell(row.origin),
            *(_score(getattr(row.scores.mean, key), getattr(row.scores.std, key)) for key in METRICS),
        )
        for row in result.rows
    )
    ours = Sheet("Computed here", columns, cells, (result.split, *result.notes))
    return ours, _paper_sheet(result.paper_table)


def _paper_sheet(table: Mapping[str, Scores]) -> Sheet:
    columns = (Column("Trained on"), *(Column(title) for title in _SCORES.values()))
    rows = tuple(
        (Cell(name), *(Cell(f"{getattr(scores, key):.2f}", getattr(scores, key)) for key in METRICS))
        for name, scores in table.items()
    )
    note = "Dreher et al., MICCAI 2023, Table 1, on other data: not computed here. Compare the order of rows, not values."
    return Sheet("Paper's values", columns, rows, (note,))


def _score(mean: float, std: float) -> Cell:
    return Cell(f"{mean:.3f}", mean, f"± {std:.3f} over seeds" if math.isfinite(std) else "one seed")
