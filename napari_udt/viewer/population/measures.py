"""Lines of the tab "Metrics": one per structure and measure, with a number for each group. No Qt."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from napari_udt.outgoing_text import pasted_cell
from napari_udt.population.appearance import appearances
from napari_udt.population.functional import FunctionalIndices, IndexRow
from napari_udt.population.groups import Part, Population
from napari_udt.population.measures import ALL_CLASSES, CATALOGUE, Measure, MeasureRow, MeasureTable
from napari_udt.population.pictures import PictureMeasures, PictureRow
from napari_udt.population.tables import Cell, Table

WHOLE_PICTURE = "whole picture"
# Computed at once for every population; the others take seconds to minutes.
QUICK = ("median_difference", "mae", "rmse", "bias", "spectral_angle", "cohens_d", "wasserstein")
ALL_MEASURES = "All measures"
_ARROWS = {"lower": "↓", "higher": "↑", "near": "→", "none": ""}
BEST, NEARLY_BEST = "★", "☆"

HEADINGS = ("Structure", "Measure", "Unit")  # before one column per group
TIPS = (
    "The structure whose spectra are compared. Click to sort.",
    "↓ lower is better, ↑ higher is better, → best near a value. Click to sort.",
    "Unit of the values; empty for a pure number.",
)
ITSELF_HEADING = "Target itself"
ITSELF_TIP = (
    "What a perfect transfer would give: one half of the target (blocks of the picture, or subjects) measured against the "
    "other, by one division. For measures of pictures and functional indices: the target's own value. Click to sort."
)


@dataclass(frozen=True)
class Number:
    """A value with its interval.

    Parameters
    ----------
    value, low, high : float
        NaN where there is none.
    note : str
        What it was computed from.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""


@dataclass(frozen=True)
class GroupColumn:
    """The column of a group.

    Parameters
    ----------
    name, label, origin : str
        Name of the group, its label in legends, and where it comes from.
    part : {"simulated", "transferred", "real"}
    """

    name: str
    label: str
    origin: str
    part: Part


@dataclass(frozen=True)
class MeasureLine:
    """One line of the table.

    Parameters
    ----------
    structure : str
        ``WHOLE_PICTURE`` for a measure of a picture.
    measure : Measure
    unit : str
    numbers : mapping of str to Number
        By the names of the groups.
    itself : Number, optional
        Of two halves of the reference; for a picture the reference's own.
    """

    structure: str
    measure: Measure
    unit: str = ""
    numbers: Mapping[str, Number] = field(default_factory=dict)
    itself: Number | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the line."""
        return self.structure, self.measure.key


@dataclass(frozen=True, eq=False)
class Numbers:
    """Measures of a population.

    Parameters
    ----------
    measures : MeasureTable
    halves : MeasureTable, optional
        Of one half of the reference against the other.
    pictures : PictureMeasures, optional
    indices : FunctionalIndices, optional
    """

    measures: MeasureTable
    halves: MeasureTable | None = None
    pictures: PictureMeasures | None = None
    indices: FunctionalIndices | None = None


def columns_of(population: Population, hidden: Collection[str] = ()) -> tuple[GroupColumn, ...]:
    """Return a column for each group that is compared with the reference and not hidden."""
    looks = appearances(population)
    return tuple(
        GroupColumn(group.name, looks[group.name].short, group.origin, group.part)
        for group in population.compared
        if group.name not in hidden
    )


def lines_of(numbers: Numbers) -> tuple[MeasureLine, ...]:
    """Return all lines, structure by structure; those of whole pictures last."""
    spectra: dict[tuple[str, str], list[MeasureRow]] = {}
    for row in numbers.measures.rows:
        spectra.setdefault((row.class_name, row.key), []).append(row)
    own = {} if numbers.halves is None else {(r.class_name, r.key): r for r in numbers.halves.rows}
    pictures: dict[str, list[PictureRow]] = {}
    for picture_row in () if numbers.pictures is None else numbers.pictures.rows:
        pictures.setdefault(picture_row.key, []).append(picture_row)
    lines = [
        MeasureLine(
            structure,
            rows[0].measure,
            rows[0].unit,
            {row.group: _of_spectra(row) for row in rows},
            _of_spectra(own[structure, key]) if (structure, key) in own else None,
        )
        for (structure, key), rows in spectra.items()
    ]
    for picture_rows in pictures.values():
        found = {row.group: Number(row.value, note=row.note) for row in picture_rows}
        itself = found.pop(numbers.measures.reference, None)
        lines.append(MeasureLine(WHOLE_PICTURE, picture_rows[0].measure, "", found, itself))
    return (*lines, *_index_lines(numbers.indices))


def _index_lines(indices: FunctionalIndices | None) -> Iterator[MeasureLine]:
    """Yield a line for each structure and functional index: values of the groups, mean ± standard deviation over subjects."""
    by_line: dict[tuple[str, str], list[IndexRow]] = {}
    for row in () if indices is None else indices.rows:
        by_line.setdefault((row.structure, row.index.key), []).append(row)
    for (structure, key), rows in by_line.items():
        index = rows[0].index
        measure = Measure(f"index_{key}", index.title, "functional", "none", index.meaning, index.source)
        found = {
            row.group: Number(row.value, row.value - row.spread, row.value + row.spread, row.note)
            for row in rows
        }
        itself = found.pop(indices.reference, None) if indices is not None else None
        yield MeasureLine(structure, measure, rows[0].unit, found, itself)


def _of_spectra(row: MeasureRow) -> Number:
    counts = f"{row.count:,} against {row.reference_count:,} spectra"
    return Number(row.value, row.low, row.high, f"{counts}; {row.note}" if row.note else counts)


def shown(lines: Iterable[MeasureLine], structure: str | None, key: str) -> list[MeasureLine]:
    """Return the lines of one structure (None: of all) and one measure ("": of all)."""
    always = (WHOLE_PICTURE, ALL_CLASSES)
    return [
        line
        for line in lines
        if (structure is None or line.structure in (structure, *always))
        and (not key or line.measure.key == key)
    ]


def measures_in(lines: Iterable[MeasureLine]) -> dict[str, str]:
    """Return titles of the measures that occur, by their keys, in the order of the catalogue."""
    present = {line.measure.key: line.measure.title for line in lines}
    return {key: present[key] for key in (*CATALOGUE, *present) if key in present}


def best(line: MeasureLine, columns: Sequence[GroupColumn]) -> tuple[str, str]:
    """Return the name of the group that agrees best with the reference, and its mark; empty where none does.

    Simulated and transferred groups are compared. The mark is hollow where its interval overlaps that of the next one.
    """
    of_measure = line.measure
    if of_measure.better == "none":
        return "", ""
    found = [
        (_distances(line.numbers[c.name], of_measure), c.name)
        for c in columns
        if c.part != "real" and c.name in line.numbers and math.isfinite(line.numbers[c.name].value)
    ]
    if len(found) < 2:
        return "", ""
    (first, name), (second, _) = sorted(found)[:2]
    if math.isclose(first[0], second[0], rel_tol=1e-6):
        return "", ""
    return name, NEARLY_BEST if second[1] <= first[2] else BEST


def _distances(number: Number, of_measure: Measure) -> tuple[float, float, float]:
    """Return how far a value is from the best one, and the ends of its interval; the smaller the better."""
    values = (number.value, number.low, number.high)
    match of_measure.better:
        case "lower":
            return values
        case "higher":
            return -values[0], -values[2], -values[1]
    value, low, high = (v - (of_measure.ideal or 0) for v in values)
    ends = sorted((abs(low), abs(high)))
    return abs(value), 0.0 if low <= 0 <= high else ends[0], ends[1]


def title_of(line: MeasureLine) -> str:
    """Return the measure's name with an arrow for its direction."""
    return f"{line.measure.title} {_ARROWS[line.measure.better]}".rstrip()


def number_text(number: Number | None, mark: str = "") -> str:
    """Return a cell: a mark, the value, and its interval in brackets."""
    if number is None:
        return ""
    if not math.isfinite(number.value):
        return "–"
    if not math.isfinite(number.high - number.low):
        return f"{mark} {number.value:.4g}".lstrip()
    return f"{mark} {number.value:.3g} [{number.low:.3g}, {number.high:.3g}]".lstrip()


def measure_tip(line: MeasureLine) -> str:
    """Return what a measure means, and its source."""
    found = line.measure
    sentences = (found.meaning, f"{found.direction.capitalize()}." if found.direction else "")
    return f"{found.title}: {' '.join(filter(None, sentences))}\nSource: {found.source}"


def number_tip(line: MeasureLine, number: Number | None, where: str) -> str:
    """Return the tooltip of a number: whose it is, what it was computed from, what the measure means."""
    return "\n".join(filter(None, (where, "" if number is None else number.note, measure_tip(line))))


def table(lines: Iterable[MeasureLine], columns: Sequence[GroupColumn], notes: tuple[str, ...]) -> Table:
    """Return lines as a table for export and clipboard, with exact numbers."""
    heads = [part for c in columns for part in (f"{c.name} ({c.origin})", "low", "high", "computed from")]
    rows = []
    for line in lines:
        cells: list[Cell] = [line.structure, line.measure.title, line.measure.direction, line.unit]
        for column in columns:
            number = line.numbers.get(column.name, Number(math.nan))
            cells += [number.value, number.low, number.high, number.note]
        name = best(line, columns)[0]
        itself = line.itself or Number(math.nan)
        rows.append((*cells, itself.value, itself.note, name))
    titles = ("structure", "measure", "direction", "unit", *heads, "target itself", "computed from", "best")
    return Table("Measures against the reference, computed here", titles, tuple(rows), notes)


def copied(lines: Iterable[MeasureLine], columns: Sequence[GroupColumn]) -> str:
    """Return lines for the clipboard, separated by tabs, exact numbers."""
    whole = table(lines, columns, ())
    rows = [
        [f"{value:.9g}" if isinstance(value, float) else pasted_cell(str(value)) for value in row]
        for row in whole.rows
    ]
    return "\n".join("\t".join(row) for row in [list(map(pasted_cell, whole.columns)), *rows])


def statement(numbers: Numbers, *, complete: bool) -> str:
    """Return the reference of the numbers, how they were computed, and what the marks mean."""
    measures = numbers.measures
    moved = numbers.indices.statement if numbers.indices is not None else ""
    options = dict(measures.provenance.get("options", {}))
    against = f"Against {measures.reference} ({measures.reference_origin})"
    if not complete:
        return f"{against}; quick measures without intervals. {BEST} best of the line. {moved}".rstrip()
    return (
        f"{against}; {100 * options['confidence']:.0f} % intervals from {options['resamples']} bootstrap resamples, "
        f"{options['permutations']} permutations; at most {options['most_pairwise']} spectra a side for pairwise distances. "
        f"{BEST} best of the line; {NEARLY_BEST} its interval overlaps the next one's. {moved}"
    ).rstrip()
