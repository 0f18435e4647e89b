"""The table of measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_udt.viewer.population import measures as view
from napari_udt.viewer.population.measures import GroupColumn, MeasureLine
from napari_udt.viewer.qt import table as qt

STRUCTURE, MEASURE, UNIT, FIRST_GROUP = range(4)
_LETTERS = {STRUCTURE: 14, MEASURE: 24, UNIT: 17}  # at most: numbers need the room


class MeasureTableView(qt.Table):
    """One row per structure and measure, one column per group; sorted by a click on a heading, rows without a number last."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        self.groups: tuple[GroupColumn, ...] = ()
        super().__init__(_columns(()), name="measures", title="Measures", key=_key, sorts=True, parent=parent)

    def set_lines(self, lines: Sequence[MeasureLine], groups: tuple[GroupColumn, ...]) -> None:
        """Show other lines; a column of one value takes no room. Other groups are shown unsorted."""
        if groups == self.groups:
            self.set_rows(lines)
        else:
            self.groups = groups
            self.set_columns(_columns(groups), lines)
        self.setColumnHidden(STRUCTURE, len({line.structure for line in lines}) == 1)
        self.setColumnHidden(FIRST_GROUP + len(groups), all(line.itself is None for line in lines))
        letter = self.fontMetrics().averageCharWidth()
        self.fit_columns({column: letters * letter for column, letters in _LETTERS.items()})

    def text_of(self, rows: Sequence[Any]) -> str:
        """Return rows as text, with intervals, notes and exact numbers."""
        return view.copied(rows, self.groups)


def _key(line: MeasureLine) -> tuple[str, str]:
    return line.key


def _columns(groups: Sequence[GroupColumn]) -> list[qt.Column]:
    heads = [
        qt.Column(title, text, tip, cell_tooltip=cell_tip)
        for title, text, tip, cell_tip in zip(
            view.HEADINGS,
            (_structure, view.title_of, _unit),
            view.TIPS,
            (None, view.measure_tip, None),
            strict=True,
        )
    ]
    numbers = [
        qt.Column(
            group.label,
            partial(_text, group, groups),
            f"{group.name}: {group.origin}. {view.BEST} best of the line. Click to sort.",
            cell_tooltip=partial(_tip, group),
            sort_key=partial(_value, group),
            is_number=True,
        )
        for group in groups
    ]
    itself = qt.Column(
        view.ITSELF_HEADING,
        lambda line: view.number_text(line.itself),
        f"<qt>{view.ITSELF_TIP}</qt>",
        cell_tooltip=lambda line: view.number_tip(line, line.itself, view.ITSELF_HEADING),
        sort_key=lambda line: math.nan if line.itself is None else line.itself.value,
        is_number=True,
    )
    return [*heads, *numbers, itself]


def _structure(line: MeasureLine) -> str:
    return line.structure.replace("_", " ")


def _unit(line: MeasureLine) -> str:
    return line.unit


def _text(group: GroupColumn, groups: Sequence[GroupColumn], line: MeasureLine) -> str:
    name, mark = view.best(line, groups)
    return view.number_text(line.numbers.get(group.name), mark if name == group.name else "")


def _tip(group: GroupColumn, line: MeasureLine) -> str:
    return view.number_tip(line, line.numbers.get(group.name), f"{group.name}: {group.origin}")


def _value(group: GroupColumn, line: MeasureLine) -> float:
    number = line.numbers.get(group.name)
    return math.nan if number is None else number.value
