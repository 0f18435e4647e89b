"""A table of the numbers of a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from qtpy.QtWidgets import QWidget

from napari_udt.population.tables import Cell, Table
from napari_udt.viewer.qt import table as qt

_WIDEST = 230  # pixels: longer texts are elided; tooltips have the whole of them
Row = tuple[Cell, ...]


class NumberTable(qt.Table):
    """Table view of :class:`napari_udt.population.tables.Table`.

    Parameters
    ----------
    title : str
        What screen readers say.
    tooltips : mapping of str to str
        Explanations of columns, by their names.
    parent : QWidget, optional
    """

    def __init__(
        self, title: str, tooltips: Mapping[str, str] | None = None, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(title=title, sorts=True, parent=parent)
        self._tooltips = dict(tooltips or {})

    def show_table(
        self,
        table: Table,
        cell_tooltip: Callable[[int, Row], str] | None = None,
        bar: Callable[[int, Row], tuple[float, str] | None] | None = None,
        decoration: Callable[[int, Row], object] | None = None,
    ) -> None:
        """Show these rows and no others, unsorted.

        Parameters
        ----------
        table : Table
        cell_tooltip, bar, decoration : callable, optional
            Of the cell in a column (its place) and a row; see :class:`napari_udt.viewer.qt.table.Column`.
        """
        columns = [
            qt.Column(
                name,
                partial(_text, place),
                self._tooltips.get(name, name),
                cell_tooltip=partial(cell_tooltip or _exact, place),
                exact=partial(_exact, place),
                sort_key=partial(_cell, place),
                is_number=any(not isinstance(row[place], str) for row in table.rows),
                bar=None if bar is None else partial(bar, place),
                decoration=None if decoration is None else partial(decoration, place),
            )
            for place, name in enumerate(table.columns)
        ]
        self.set_columns(columns, table.rows)
        self.fit_columns(dict.fromkeys(range(len(columns)), _WIDEST))


def shown(value: Cell) -> str:
    """Return a cell as people read it: counts with commas, other numbers with four digits, a dash for none."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:.4g}" if np.isfinite(value) else "–"


def _cell(place: int, row: Row) -> Cell:
    return row[place]


def _text(place: int, row: Row) -> str:
    return shown(row[place])


def _exact(place: int, row: Row) -> str:
    value = row[place]
    return value if isinstance(value, str) else f"{value:.9g}"
