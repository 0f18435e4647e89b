"""Lines of the tab "Metrics": selection, cells and tooltips. No Qt."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum

from napari_udt.population.appearance import appearances
from napari_udt.population.groups import Population
from napari_udt.population.measures import ALL_CLASSES, CATALOGUE, Measure, MeasureTable
from napari_udt.population.pictures import PictureMeasures
from napari_udt.population.tables import Table

WHOLE_PICTURE = "whole picture"
# Computed at once for every population; the others take seconds to minutes.
QUICK = ("median_difference", "mae", "rmse", "bias", "spectral_angle", "cohens_d", "wasserstein")
ALL_MEASURES = "All measures"
_ARROWS = {"lower": "↓", "higher": "↑", "near": "→", "none": ""}


class Column(IntEnum):
    """Columns from left to right."""

    STRUCTURE = 0
    GROUP = 1
    MEASURE = 2
    VALUE = 3
    INTERVAL = 4
    UNIT = 5
    NOTE = 6


HEADINGS = {
    Column.STRUCTURE: "Structure",
    Column.GROUP: "Group",
    Column.MEASURE: "Measure",
    Column.VALUE: "Value",
    Column.INTERVAL: "95 % interval",
    Column.UNIT: "Unit",
    Column.NOTE: "Note",
}
TIPS = {
    Column.STRUCTURE: "The structure whose spectra are compared. Click to sort.",
    Column.GROUP: "The group that is compared with the reference. Click to sort.",
    Column.MEASURE: "↓ lower is better, ↑ higher is better, → best near a value. Click to sort.",
    Column.VALUE: "The measure, computed here. Click to sort.",
    Column.INTERVAL: "Bootstrap interval: of spectra, or of subjects where these are known. Click to sort by its width.",
    Column.UNIT: "Unit of the value; empty for a pure number.",
    Column.NOTE: "What the number was computed from.",
}


@dataclass(frozen=True)
class MeasureLine:
    """One line of the table.

    Parameters
    ----------
    structure : str
        ``WHOLE_PICTURE`` for a measure of a picture.
    group, label : str
        Name of the group, and its label in legends.
    measure : Measure
    value, low, high : float
        NaN where there is none.
    unit, note, origin : str
    """

    structure: str
    group: str
    label: str
    measure: Measure
    value: float
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    note: str = ""
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Measures of a population.

    Parameters
    ----------
    measures : MeasureTable
    pictures : PictureMeasures, optional
    """

    measures: MeasureTable
    pictures: PictureMeasures | None = None


def lines_of(numbers: Numbers, population: Population) -> tuple[MeasureLine, ...]:
    """Return all lines, structure by structure; those of whole pictures last."""
    group_appearances = {name: appearance.short for name, appearance in appearances(population).items()}
    spectra = tuple(
        MeasureLine(
            row.class_name, row.group, group_appearances.get(row.group, row.group), row.measure,
            row.value, row.low, row.high, row.unit, _noted(row.count, row.reference_count, row.note), row.origin,
        )
        for row in numbers.measures.rows
    )  # fmt: skip
    pictures = () if numbers.pictures is None else numbers.pictures.rows
    return spectra + tuple(
        MeasureLine(
            WHOLE_PICTURE, row.group, group_appearances.get(row.group, row.group), row.measure,
            row.value, note=row.note, origin=row.origin,
        )
        for row in pictures
    )  # fmt: skip


def _noted(count: int, reference_count: int, note: str) -> str:
    counts = f"{count:,} against {reference_count:,} spectra"
    return f"{counts}; {note}" if note else counts


def shown(
    lines: Iterable[MeasureLine], structure: str | None, key: str, hidden: Collection[str]
) -> list[MeasureLine]:
    """Return the lines of one structure (None: of all) and one measure ("": of all), without hidden groups."""
    always = (WHOLE_PICTURE, ALL_CLASSES)
    return [
        line
        for line in lines
        if (structure is None or line.structure in (structure, *always))
        and (not key or line.measure.key == key)
        and line.group not in hidden
    ]


def measures_in(lines: Iterable[MeasureLine]) -> dict[str, str]:
    """Return titles of the measures that occur, by their keys, in the order of the catalogue."""
    present = {line.measure.key: line.measure.title for line in lines}
    return {key: present[key] for key in (*CATALOGUE, *present) if key in present}


def number(line: MeasureLine, column: Column) -> float:
    """Return what a column of numbers is sorted by: the value, or the width of its interval."""
    return line.value if column == Column.VALUE else line.high - line.low


def cell(line: MeasureLine, column: Column) -> str:
    """Return what a cell shows."""
    match column:
        case Column.STRUCTURE:
            return line.structure.replace("_", " ")
        case Column.GROUP:
            return line.label
        case Column.MEASURE:
            return f"{line.measure.title} {_ARROWS[line.measure.better]}".rstrip()
        case Column.VALUE:
            return f"{line.value:.4g}" if math.isfinite(line.value) else "–"
        case Column.INTERVAL:
            return f"{line.low:.3g} … {line.high:.3g}" if math.isfinite(line.high - line.low) else ""
        case Column.UNIT:
            return line.unit
    return line.note


def tip(line: MeasureLine, column: Column) -> str:
    """Return the tooltip of a cell: what the number means and where it comes from."""
    if column == Column.GROUP:
        return f"{line.group}: {line.origin}"
    if column in (Column.MEASURE, Column.VALUE, Column.INTERVAL):
        measure = line.measure
        sentences = (measure.meaning, f"{measure.direction.capitalize()}." if measure.direction else "")
        meaning = " ".join(sentence for sentence in sentences if sentence)
        return f"{measure.title}: {meaning}\nSource: {measure.source}\n{line.note}".rstrip()
    return cell(line, column)


def table(lines: Iterable[MeasureLine], notes: tuple[str, ...]) -> Table:
    """Return lines as a table for export, with exact numbers."""
    columns = ("structure", "group", "origin", "measure", "value", "low", "high", "unit", "note")
    rows = tuple(
        (x.structure, x.group, x.origin, x.measure.title, x.value, x.low, x.high, x.unit, x.note)
        for x in lines
    )
    return Table("Measures against the reference, computed here", columns, rows, notes)


def copied(lines: Iterable[MeasureLine]) -> str:
    """Return lines for the clipboard, separated by tabs, exact numbers."""
    whole = table(lines, ())
    rows = [
        [f"{value:.9g}" if isinstance(value, float) else str(value) for value in row] for row in whole.rows
    ]
    return "\n".join("\t".join(row) for row in [list(whole.columns), *rows])


def statement(numbers: Numbers, *, complete: bool) -> str:
    """Return the reference of the numbers, and how they were computed."""
    measures = numbers.measures
    options = dict(measures.provenance.get("options", {}))
    against = f"Against {measures.reference} ({measures.reference_origin})"
    if not complete:
        return f"{against}; quick measures without intervals."
    return (
        f"{against}; {100 * options['confidence']:.0f} % intervals from {options['resamples']} bootstrap resamples, "
        f"{options['permutations']} permutations; at most {options['most_pairwise']} spectra a side for pairwise distances."
    )
