"""The table of measures: sorts by a click on a column, copies with Ctrl+C, explains itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_udt.viewer.population.measures import (
    HEADINGS,
    TIPS,
    Column,
    MeasureLine,
    cell,
    copied,
    ordered,
    tip,
)

_NUMBERS = (Column.VALUE, Column.INTERVAL)
# In letters: a long name must not push the numbers out of sight; its tooltip has the whole of it.
_WIDEST = {Column.STRUCTURE: 12, Column.GROUP: 12, Column.MEASURE: 24}


class MeasureTableModel(QAbstractTableModel):
    """Lines of measures; sorting puts what has no number last."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: list[MeasureLine] = []
        self._order: tuple[Column, bool] | None = None

    def set_lines(self, lines: Sequence[MeasureLine]) -> None:
        """Show other lines, in the order that was chosen."""
        self.beginResetModel()
        self.lines = ordered(lines, *self._order) if self._order else list(lines)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """One row per line."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """As many as `Column` has."""
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802 - Qt's interface
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        texts = {Qt.ItemDataRole.DisplayRole: HEADINGS, Qt.ItemDataRole.ToolTipRole: TIPS}
        return texts[role][Column(section)] if role in texts else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, its explanation and its alignment."""
        line, column = self.lines[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell(line, column)
            case Qt.ItemDataRole.ToolTipRole:
                return tip(line, column)
            case Qt.ItemDataRole.TextAlignmentRole if column in _NUMBERS:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; a negative one keeps the order."""
        if column < 0:
            self._order = None
            return
        self.layoutAboutToBeChanged.emit()
        self._order = (Column(column), order == Qt.SortOrder.DescendingOrder)
        self.lines = ordered(self.lines, *self._order)
        self.layoutChanged.emit()


class MeasureTableView(QTableView):
    """Shows the lines."""

    copied = Signal(str)  # what went to the clipboard, in words

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = MeasureTableModel(parent=self)
        self.setModel(self.rows)
        self.setObjectName("measures")
        self.setAccessibleName("Measures")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setSortingEnabled(True)

    def set_lines(self, lines: Sequence[MeasureLine]) -> None:
        """Show other lines; a column of one value takes no room."""
        self.rows.set_lines(lines)
        self.setColumnHidden(Column.STRUCTURE, len({line.structure for line in lines}) == 1)
        self.setColumnHidden(Column.INTERVAL, not any(cell(line, Column.INTERVAL) for line in lines))
        self.resizeColumnsToContents()
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in _WIDEST.items():
            self.setColumnWidth(column, min(self.columnWidth(column), letters * letter))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Ctrl+C copies the selected rows."""
        clipboard = QGuiApplication.clipboard()
        if event is None or clipboard is None or not event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
            return
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if rows:
            clipboard.setText(copied(self.rows.lines[row] for row in rows))
            self.copied.emit(f"Copied {len(rows)} row{'s' * (len(rows) > 1)}")
