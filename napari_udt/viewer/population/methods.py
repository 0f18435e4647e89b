"""What the tab "Methods" shows: texts of cells, and the lines of the picture behind a cell. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from napari_udt.population.methods.matrix import Cell, Kind, Method, MethodMatrix, Quality

BEST, WORST = "★", "▽"
KEY = f"{BEST} best, {WORST} worst transfer of the column; a click on a number draws it."
LEARNS_NOTHING = "learns nothing"
_KINDS: Mapping[Kind, str] = {
    "target": "the target itself",
    "simulated": "not transferred",
    "baseline": LEARNS_NOTHING,
    "model": "trained model",
}


@dataclass(frozen=True)
class IntervalLine:
    """One line of a picture: a mark with its interval.

    Parameters
    ----------
    name : str
    value, low, high : float
        NaN where there is no such number.
    kind : {"target", "simulated", "baseline", "model"}
    chosen : bool
        Whether it is the method that was clicked on.
    before : float
        The same number of the simulated row, drawn as a ring; NaN for none.
    """

    name: str
    value: float
    low: float
    high: float
    kind: Kind
    chosen: bool = False
    before: float = math.nan


def number_text(quality: Quality, value: float) -> str:
    """Return a number in the format of its column; a dash for none."""
    return format(value, quality.form) if math.isfinite(value) else "–"


def mark_of(matrix: MethodMatrix, method: Method, quality: Quality) -> str:
    """Return the mark of a cell; empty for most."""
    if method.name in matrix.best(quality):
        return BEST
    return WORST if method.name in matrix.worst(quality) else ""


def cell_text(matrix: MethodMatrix, method: Method, quality: Quality) -> str:
    """Return what a cell shows: its mark, the number, and how far several trainings or data sets differ."""
    cell = method.cell(quality)
    text = f"{mark_of(matrix, method, quality)} {number_text(quality, cell.value)}".strip()
    low, high = cell.range
    if len(cell.entries) > 1:
        text += f" [{number_text(quality, low)}, {number_text(quality, high)}]"
    return text


def cell_tip(method: Method, quality: Quality) -> str:
    """Return everything that is known of a cell."""
    cell = method.cell(quality)
    lines = [f"{method.name} ({kind_text(method)}): {quality.title}."]
    for entry in cell.entries:
        interval = (
            f" [{number_text(quality, entry.low)}, {number_text(quality, entry.high)}]"
            if math.isfinite(entry.high - entry.low)
            else ""
        )
        lines.append(f"{number_text(quality, entry.value)}{interval}  {entry.of}".rstrip())
    lines.append("Lower is better." if quality.better == "lower" else "Higher is better.")
    return "\n".join(lines)


def kind_text(method: Method) -> str:
    """Return what a method is, with the number of trainings where there are several."""
    text = _KINDS[method.kind]
    return f"{text}, {method.trainings} trainings" if method.trainings > 1 else text


def lines_of_methods(matrix: MethodMatrix, quality: Quality, chosen: str) -> list[IntervalLine]:
    """Return a line for each method that has the number."""
    return [
        IntervalLine(m.name, m.cell(quality).value, *m.cell(quality).range, m.kind, m.name == chosen)
        for m in matrix.methods
        if math.isfinite(m.cell(quality).value)
    ]


def lines_of_structures(matrix: MethodMatrix, quality: Quality, chosen: str) -> list[IntervalLine]:
    """Return a line for each structure of one method, with the simulated one's number before it; none where the number has no parts."""
    method = next((m for m in matrix.methods if m.name == chosen), None)
    if method is None:
        return []
    simulated = next((m for m in matrix.methods if m.kind == "simulated" and m is not method), None)
    before: Mapping[str, float] = (Cell() if simulated is None else simulated.cell(quality)).classes
    return [
        IntervalLine(
            name.replace("_", " "), value, math.nan, math.nan, method.kind, True, before.get(name, math.nan)
        )
        for name, value in method.cell(quality).classes.items()
    ]
