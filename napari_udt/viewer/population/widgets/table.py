"""A table of numbers that sorts by a click on a column and copies with Ctrl+C."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from napari_udt.population.tables import Cell, Table

_EXACT = Qt.ItemDataRole.UserRole
_WIDEST = 230  # pixels: longer texts are elided, and told in full by their tool tips


class NumberItem(QTableWidgetItem):
    """A cell that sorts by its number, not by its text; missing numbers come last."""

    def __init__(self, value: Cell) -> None:
        super().__init__(shown(value))
        self.setData(_EXACT, value)
        self.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if not isinstance(value, str):
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setToolTip(f"{value:.9g}")
        else:
            self.setToolTip(value)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        a, b = self.data(_EXACT), other.data(_EXACT)
        if isinstance(a, str) or isinstance(b, str):
            return str(a).casefold() < str(b).casefold()
        return bool(a < b or (np.isnan(b) and not np.isnan(a)))


class NumberTable(QTableWidget):
    """Shows a :class:`Table`.

    Parameters
    ----------
    tips : mapping of str to str
        What a column means, by the column's name.
    parent : QWidget, optional
    """

    def __init__(self, tips: Mapping[str, str] | None = None, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tips = dict(tips or {})
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        header = self.verticalHeader()
        if header is not None:
            header.hide()
            header.setDefaultSectionSize(self.fontMetrics().height() + 8)

    def show_table(self, table: Table) -> None:
        """Show these rows and no others, sorted as they come until a column is clicked."""
        self.setSortingEnabled(False)
        self.clear()
        self.setColumnCount(len(table.columns))
        self.setRowCount(len(table.rows))
        for place, name in enumerate(table.columns):
            item = QTableWidgetItem(name)
            item.setToolTip(self._tips.get(name, name))
            self.setHorizontalHeaderItem(place, item)
        for row, cells in enumerate(table.rows):
            for column, value in enumerate(cells):
                self.setItem(row, column, NumberItem(value))
        self.resizeColumnsToContents()
        for place in range(len(table.columns)):
            self.setColumnWidth(place, min(self.columnWidth(place), _WIDEST))
        header = self.horizontalHeader()
        if header is not None:
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def selected_text(self) -> str:
        """Return the selected rows (all, where none is) with the names of the columns, separated by tabs."""
        rows = sorted({index.row() for index in self.selectedIndexes()}) or range(self.rowCount())
        columns = range(self.columnCount())
        lines = ["\t".join(self._text(self.horizontalHeaderItem(c)) for c in columns)]
        lines += ["\t".join(self._exact(self.item(r, c)) for c in columns) for r in rows]
        return "\n".join(lines)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Ctrl+C copies the selected rows."""
        clipboard = QGuiApplication.clipboard()
        if event is not None and clipboard is not None and event.matches(QKeySequence.StandardKey.Copy):
            clipboard.setText(self.selected_text())
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _text(item: QTableWidgetItem | None) -> str:
        return "" if item is None else item.text()

    @staticmethod
    def _exact(item: QTableWidgetItem | None) -> str:
        value = "" if item is None else item.data(_EXACT)
        return value if isinstance(value, str) else f"{value:.9g}"


def shown(value: Cell) -> str:
    """Return a cell as people read it: counts with commas, other numbers with four digits, a dash for none."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return f"{value:.4g}" if np.isfinite(value) else "–"
