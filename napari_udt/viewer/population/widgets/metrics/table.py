"""The table of measures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_udt.viewer.population.measures import (
    HEADINGS,
    TIPS,
    Column,
    MeasureLine,
    cell,
    copied,
    number,
    tip,
)
from napari_udt.viewer.qt import table as qt

_NUMBERS = (Column.VALUE, Column.INTERVAL)
_LETTERS = {Column.STRUCTURE: 12, Column.GROUP: 12, Column.MEASURE: 24}  # at most: numbers need the room


class MeasureTableView(qt.Table):
    """Measures, one per row; sorted by a click on a heading, rows without a number last."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        columns = [
            qt.Column(
                HEADINGS[column],
                partial(cell, column=column),
                TIPS[column],
                cell_tooltip=partial(tip, column=column),
                sort_key=partial(number if column in _NUMBERS else cell, column=column),
                is_number=column in _NUMBERS,
            )
            for column in Column
        ]
        super().__init__(columns, name="measures", title="Measures", sorts=True, parent=parent)

    def set_lines(self, lines: Sequence[MeasureLine]) -> None:
        """Show other lines; a column of one value takes no room."""
        self.set_rows(lines)
        self.setColumnHidden(Column.STRUCTURE, len({line.structure for line in lines}) == 1)
        self.setColumnHidden(Column.INTERVAL, not any(cell(line, Column.INTERVAL) for line in lines))
        letter = self.fontMetrics().averageCharWidth()
        self.fit_columns({column: letters * letter for column, letters in _LETTERS.items()})

    def text_of(self, rows: Sequence[Any]) -> str:
        """Return rows as text, with origins, notes and exact numbers."""
        return copied(rows)
