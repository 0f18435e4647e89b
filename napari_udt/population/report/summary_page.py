"""First page of a report: the verdict on every structure, ten numbers, and what got worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from napari_udt.errors import CubeError
from napari_udt.population.groups import Group, Population
from napari_udt.population.measures import CATALOGUE, Measure, MeasureTable
from napari_udt.population.oxygenation import oxygenations
from napari_udt.population.report.document import Cell, Column, Drawing, Section, Sheet, cell, number
from napari_udt.population.report.drawing import Palette
from napari_udt.population.verdict import Row, Verdict, is_made_simulated, source_of, verdict
from napari_udt.population.verdict_change import Kind
from napari_udt.population.verdict_text import (
    MARKS,
    RULE_NOTE,
    plain,
    reference_note,
    row_sentence,
    total_sentence,
)

# Ten numbers of a group: means over the structures of measures that differ in what they are blind to.
TEN = (
    "spectral_angle",
    "bias",
    "rmse",
    "cohens_d",
    "wasserstein",
    "frechet",
    "correlation_rms",
    "recall",
    "nearest_neighbour",
    "two_sample_auc",
)
_KINDS: tuple[Kind, ...] = ("angle", "level")
_AXES: dict[Kind, str] = {
    "angle": "shape: angle to the reference [°]",
    "level": "level: off the reference by a factor of",
}
_COLOURS = {"closer": "#0072b2", "further away": "#d55e00"}  # colour-blind readers see two colours too
_GREY = "#7f7f7f"
_ROW_HEIGHT = 0.28
_MOST_WORSE = 8
_LEAST_RANK = 0.1  # by which the order of saturations falls before it is said


def summary_page(
    population: Population,
    palette: Palette,
    table: MeasureTable | None,
    pictures: Drawing | None = None,
    unfinished: Sequence[str] = (),
) -> Section:
    """Return the first section of a report.

    Parameters
    ----------
    population : Population
    palette : Palette
    table : MeasureTable, optional
        Measures, for the ten numbers.
    pictures : Drawing, optional
        Of all groups.
    unfinished : sequence of str
        What the report lacks, in sentences.
    """
    shown = () if pictures is None else (pictures,)
    try:
        found = verdict(population)
    except CubeError as error:
        return Section("In short", (str(error), *unfinished), shown)
    several = len(found.totals) > 1
    names = {id(group): palette.short(group) if several else "" for group in population.groups}
    text = [total_sentence(found, total, model=names[id(total.group)]) for total in found.totals]
    worse = [row_sentence(row, model=names[id(row.group)]) for row in _worse(found)]
    text += [f"What got worse: {sentence}" for sentence in worse[:_MOST_WORSE]]
    if len(worse) > _MOST_WORSE:
        text.append(f"And {len(worse) - _MOST_WORSE} more; the chart shows them.")
    if not worse and any(row.is_transferred for row in found.rows):
        text.append("No structure moved clearly away from the reference, in shape or in level.")
    text += [f"What got worse, by measures: {line}" for line in _worse_numbers(population, names, table)]
    text += [f"What got worse, oxygenation: {line}" for line in _worse_orders(population, names)]
    text += [reference_note(found), *found.notes, *unfinished]
    sheets = () if table is None else (_ten_numbers(population, palette, table),)
    return Section("In short", tuple(text), (_chart(found, names), *shown), sheets)


def _worse(found: Verdict) -> list[Row]:
    """Rows that moved clearly away from the reference in shape or in level, the worst shape first."""
    rows = found.worst_first("angle")
    return [row for row in rows if any(row.changes[kind].outcome == "further away" for kind in _KINDS)]


def _worse_numbers(
    population: Population, names: dict[int, str], table: MeasureTable | None
) -> Iterator[str]:
    """Yield one line per transfer on those of the ten numbers that lie further from their best value than before it."""
    for group in population.part("transferred") if table is not None else ():
        source = None if is_made_simulated(group) else source_of(group, population)
        if table is None or source is None:
            continue
        worse = []
        for key in TEN:
            before, after = _mean(table, source, key), _mean(table, group, key)
            if _loss(CATALOGUE[key], after) > _loss(CATALOGUE[key], before):
                unit = next((row.unit for row in table.rows if row.key == key), "")
                worse.append(f"{CATALOGUE[key].title} {number(before)} → {number(after)} {unit}".rstrip())
        if worse:
            yield f"{_start(names, group)}{', '.join(worse)} (means over the structures, without intervals)."


def _loss(measure: Measure, value: float) -> float:
    """Return a number that is lower the better a value is; NaN where neither is better."""
    if measure.better == "near":
        return abs(value - (measure.ideal or 0.0))
    return {"lower": value, "higher": -value}.get(measure.better, float("nan"))


def _worse_orders(population: Population, names: dict[int, str]) -> Iterator[str]:
    """Yield one line per transfer on the structures whose order of saturations follows what was simulated less than before."""
    try:
        moves = oxygenations(population, None).moves
    except CubeError:  # no oxygen saturation from these wavelengths
        return
    for group in population.part("transferred"):
        worse = [
            f"{plain(move.structure)} {move.truth_rank_before:.2f} → {move.truth_rank_after:.2f}"
            for move in moves
            if move.group is group and move.truth_rank_before - move.truth_rank_after > _LEAST_RANK
        ]
        if worse and not is_made_simulated(group):
            yield (
                f"{_start(names, group)}rank correlation of the pixels with what was simulated fell by more than {_LEAST_RANK} in "
                f"{', '.join(worse)}."
            )


def _start(names: dict[int, str], group: Group) -> str:
    name = names[id(group)]
    return f"{name} · " if name else ""


def _chart(found: Verdict, names: dict[int, str]) -> Drawing:
    rows = found.worst_first("angle")
    labels = [" · ".join(filter(None, (plain(row.structure), names[id(row.group)]))) for row in rows]

    def draw(canvas: Any) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator

        axes = canvas.subplots(1, len(_KINDS), sharey=True)
        for axis, kind in zip(axes, _KINDS, strict=True):
            for place, row in enumerate(rows):
                _draw_row(axis, place, row, kind)
            axis.set_xlabel(_AXES[kind], fontsize=8.5)
            axis.set_yticks(range(len(rows)), labels, fontsize=8)
            axis.tick_params(axis="x", labelsize=8)
            axis.set_ylim(len(rows) - 0.5, -0.5)
            if kind == "level":
                axis.set_xscale("log")
                axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                axis.xaxis.set_major_formatter(FuncFormatter(_factor))
                axis.xaxis.set_minor_formatter(FuncFormatter(_factor))
            else:
                axis.set_xlim(left=0)

    caption = (
        "Every structure before (circle) and after the transfer (triangle; square: no clear change), the worst first. Grey: the "
        f"reference's own spread. {RULE_NOTE}"
    )
    return Drawing("verdict", caption, (11.0, 0.9 + _ROW_HEIGHT * max(len(rows), 3)), draw)


def _factor(value: float, _place: int | None = None) -> str:
    """Return a tick of the level: a factor, without powers of ten."""
    return f"{value:g}"


def _draw_row(axis: Any, place: int, row: Row, kind: Kind) -> None:
    change = row.changes[kind]
    # A level is drawn as the factor by which it is off, whichever way.
    values = np.array([change.distance_before, change.distance_after, change.spread])
    before, after, spread = np.exp(values) if kind == "level" else values
    start = 1.0 if kind == "level" else 0.0
    if np.isfinite(spread):
        axis.barh(place, spread - start, left=start, height=0.62, color="#e3e3e3", zorder=0)
    colour = _COLOURS.get(change.outcome, _GREY)
    if np.isfinite(before) and np.isfinite(after):
        axis.plot([before, after], [place, place], color=colour, linewidth=1.6, zorder=1)
    if np.isfinite(before):
        axis.plot(
            before, place, "o", markerfacecolor="white", markeredgecolor="#222222", markersize=5, zorder=2
        )
    if np.isfinite(after):
        marker = "s" if change.outcome not in _COLOURS else "<" if after < before else ">"
        axis.plot(after, place, marker, color=colour, markersize=6, zorder=3)
    ends = [value for value in (before, after) if np.isfinite(value)]
    if ends and (mark := MARKS[change.outcome]):
        axis.annotate(f"  {mark}", (max(ends), place), va="center", fontsize=7, color=colour)


def _ten_numbers(population: Population, palette: Palette, table: MeasureTable) -> Sheet:
    groups = [group for group in population.compared if any(row.group == group.name for row in table.rows)]
    rows = []
    for key in TEN:
        values = [_mean(table, group, key) for group in groups]
        if any(np.isfinite(values)):
            known = CATALOGUE[key]
            unit = next((row.unit for row in table.rows if row.key == key), "")
            title = f"{known.title} [{unit}]" if unit else known.title
            rows.append((Cell(title, hint=known.meaning), Cell(known.direction), *map(cell, values)))
    columns = (
        Column("mean over the structures"),
        Column(""),
        *(Column(palette.short(group)) for group in groups),
    )
    return Sheet(
        "Ten numbers", columns, tuple(rows), ("Each structure counts once; intervals are under Measures.",)
    )


def _mean(table: MeasureTable, group: Group, key: str) -> float:
    values = [row.value for row in table.rows if row.group == group.name and row.key == key]
    known = [abs(value) if key == "bias" else value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
