"""A table of plain rows under described columns: sorting, editing, copying, and a selection that follows the rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from qtpy.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from napari_udt.outgoing_text import pasted_cell, without_markup

_BAR = Qt.ItemDataRole.UserRole + 1  # length (0-1) and colour (hex) of the bar in a cell
_BAR_OPACITY = 110  # of 255
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Column:
    """Description of a column: functions of a row, which may be any object.

    Parameters
    ----------
    title, tooltip : str
        Of the heading.
    text : callable
        What a cell shows.
    cell_tooltip : callable, optional
        Tooltip of a cell; its text by default.
    exact : callable, optional
        What is copied; the text by default.
    sort_key : callable, optional
        A number or a text; rows with NaN come last in both directions. By the text by default.
    is_number : bool
        Whether cells are aligned to the right.
    decoration : callable, optional
        A colour or icon before the text.
    font : callable, optional
        Of the text, or None.
    bar : callable, optional
        Length (0-1) and colour (hex) of a bar in the cell, or None.
    is_checked, set_checked : callable, optional
        State of the check box, and what its click does.
    edit : callable, optional
        Called with the row and a text that was typed; without it cells are read-only.
    """

    title: str
    text: Callable[[Any], str]
    tooltip: str = ""
    cell_tooltip: Callable[[Any], str] | None = None
    exact: Callable[[Any], str] | None = None
    sort_key: Callable[[Any], float | str] | None = None
    is_number: bool = False
    decoration: Callable[[Any], object] | None = None
    font: Callable[[Any], object] | None = None
    bar: Callable[[Any], tuple[float, str] | None] | None = None
    is_checked: Callable[[Any], bool] | None = None
    set_checked: Callable[[Any, bool], None] | None = None
    edit: Callable[[Any, str], None] | None = None


class TableModel(QAbstractTableModel):
    """Qt model of rows under columns."""

    def __init__(self, columns: Sequence[Column], *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Any] = []
        self._titles = [column.title for column in columns]
        self._order: tuple[int, bool] | None = None  # column, descending

    def reset(self, columns: Sequence[Column], rows: Iterable[Any]) -> None:
        """Show rows under other columns, in the order in which they come."""
        self.beginResetModel()
        self.columns, self.rows, self._order = tuple(columns), list(rows), None
        self._titles = [column.title for column in columns]
        self.endResetModel()

    def set_rows(self, rows: Iterable[Any]) -> None:
        """Show other rows in the chosen order; views hear only of rows that differ from those that were there."""
        rows = self._sorted(rows)
        before, now = len(self.rows), len(rows)
        changed = [i for i, row in enumerate(rows) if i >= before or row != self.rows[i]]
        if now > before:
            self.beginInsertRows(QModelIndex(), before, now - 1)
        elif now < before:
            self.beginRemoveRows(QModelIndex(), now, before - 1)
        self.rows = rows
        if now > before:
            self.endInsertRows()
        elif now < before:
            self.endRemoveRows()
        if changed:
            last = len(self.columns) - 1
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], last))

    def set_titles(self, titles: Sequence[str]) -> None:
        """Rename the columns; Qt lays a table out anew after each such change."""
        if list(titles) != self._titles:
            self._titles = list(titles)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(titles) - 1)

    def refresh_column(self, column: int) -> None:
        """Let views draw a column again."""
        if self.rows:
            self.dataChanged.emit(self.index(0, column), self.index(len(self.rows) - 1, column))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's interface
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        column, flags = self.columns[index.column()], Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if column.edit is not None:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags if column.is_checked is None else flags | Qt.ItemFlag.ItemIsUserCheckable

    def headerData(  # noqa: N802 - Qt's interface
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return title or tooltip of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return without_markup(self.columns[section].tooltip or self._titles[section])
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = self.rows[index.row()], self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return without_markup((column.cell_tooltip or column.text)(row))
            case Qt.ItemDataRole.TextAlignmentRole if column.is_number:
                return _RIGHT
            case Qt.ItemDataRole.DecorationRole if column.decoration is not None:
                return column.decoration(row)
            case Qt.ItemDataRole.FontRole if column.font is not None:
                return column.font(row)
            case Qt.ItemDataRole.CheckStateRole if column.is_checked is not None:
                return Qt.CheckState.Checked if column.is_checked(row) else Qt.CheckState.Unchecked
        return column.bar(row) if role == _BAR and column.bar is not None else None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Take a text that was typed, or a click on a check box."""
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.EditRole and column.edit is not None:
            column.edit(row, str(value))
        elif role == Qt.ItemDataRole.CheckStateRole and column.set_checked is not None:
            column.set_checked(row, Qt.CheckState(value) == Qt.CheckState.Checked)
            self.dataChanged.emit(index, index)
        else:
            return False
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, now and whenever rows change; a negative one keeps the order."""
        self._order = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self._sorted(self.rows)
        places = {id(row): place for place, row in enumerate(self.rows)}
        for index in self.persistentIndexList():
            self.changePersistentIndex(index, self.index(places[id(before[index.row()])], index.column()))
        self.layoutChanged.emit()

    def exact(self, row: Any, column: int) -> str:
        """Return what is copied of a cell."""
        description = self.columns[column]
        return (description.exact or description.text)(row)

    def _sorted(self, rows: Iterable[Any]) -> list[Any]:
        rows = list(rows)
        if self._order is None:
            return rows
        place, descending = self._order
        column = self.columns[place]
        keys = {id(row): _comparable((column.sort_key or column.text)(row)) for row in rows}
        missing = [row for row in rows if keys[id(row)] is None]
        known = [row for row in rows if keys[id(row)] is not None]
        return sorted(known, key=lambda row: keys[id(row)] or (), reverse=descending) + missing


class Table(QTableView):
    """Table whose whole rows are selected; Ctrl+C copies the selected rows, else all, separated by tabs.

    Parameters
    ----------
    columns : sequence of Column
    name : str
        Object name; ``title`` is what screen readers say.
    key : callable, optional
        What identifies a row: rows of the same key stay selected when rows change. The row itself by default.
    sorts : bool
        Whether a click on a heading sorts.
    parent : QWidget, optional
    """

    selection_changed = Signal()
    copied = Signal(str)  # a sentence about what went to the clipboard
    delete_pressed = Signal()

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        name: str = "",
        title: str = "",
        key: Callable[[Any], Hashable] | None = None,
        sorts: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key or (lambda row: row)
        self._changing = False
        self.table_model = TableModel(columns, parent=self)
        self.setModel(self.table_model)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(sorts)

    @property
    def rows(self) -> list[Any]:
        """The rows from top to bottom."""
        return self.table_model.rows

    def set_columns(self, columns: Sequence[Column], rows: Iterable[Any]) -> None:
        """Show rows under other columns, unsorted."""
        if any(column.bar is not None for column in columns):
            self.setItemDelegate(BarDelegate(self))
        self.table_model.reset(columns, rows)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def set_rows(self, rows: Iterable[Any]) -> None:
        """Show other rows; what was selected stays selected, wherever it stands now."""
        chosen = self.selected_keys()
        self._changing = True
        self.table_model.set_rows(rows)
        if self.selected_keys() != chosen:
            self.select(chosen)
        self._changing = False
        if self.selected_keys() != chosen:
            self.selection_changed.emit()

    def selected_rows(self) -> list[Any]:
        """Return the selected rows from top to bottom."""
        return [self.rows[place] for place in sorted(i.row() for i in self.selectionModel().selectedRows())]

    def selected_keys(self) -> list[Hashable]:
        """Return what identifies the selected rows, from top to bottom."""
        return [self._key(row) for row in self.selected_rows()]

    def select(self, keys: Collection[Hashable]) -> None:
        """Select the rows with these keys and no others."""
        wanted = QItemSelection()
        for place, row in enumerate(self.rows):
            if self._key(row) in keys:
                index = self.table_model.index(place, 0)
                wanted.select(index, index)
        how = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(wanted, how.ClearAndSelect | how.Rows)

    def copied_columns(self) -> Sequence[int]:
        """Return the columns that are copied: those that are shown."""
        return [place for place in range(len(self.table_model.columns)) if not self.isColumnHidden(place)]

    def text_of(self, rows: Sequence[Any]) -> str:
        """Return rows as text below the titles of the columns, separated by tabs."""
        columns = self.copied_columns()
        titles = [self.table_model.headerData(place, Qt.Orientation.Horizontal) for place in columns]
        lines = [titles, *([self._copied(row, place) for place in columns] for row in rows)]
        return "\n".join("\t".join(line) for line in lines)

    def _copied(self, row: Any, place: int) -> str:
        text = self.table_model.exact(row, place)
        return text if self.table_model.columns[place].is_number else pasted_cell(text)

    def fit_columns(self, widest: Mapping[int, int]) -> None:
        """Make columns as wide as their texts, some of them at most so many pixels."""
        self.resizeColumnsToContents()
        for column, width in widest.items():
            self.setColumnWidth(column, min(self.columnWidth(column), width))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Copy on Ctrl+C, announce Delete."""
        if event is not None and event.matches(QKeySequence.StandardKey.Copy):
            rows = self.selected_rows() or self.rows
            self.copy_text(self.text_of(rows), f"{len(rows)} row{'' if len(rows) == 1 else 's'}")
        elif event is not None and event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        """Announce what the user selects."""
        super().selectionChanged(selected, deselected)
        if not self._changing:
            self.selection_changed.emit()

    def copy_text(self, text: str, what: str) -> None:
        """Copy a text to the clipboard, and say so."""
        clipboard = QGuiApplication.clipboard()
        if text and clipboard is not None:
            clipboard.setText(text)
            self.copied.emit(f"Copied {what}")


class BarDelegate(QStyledItemDelegate):
    """Draws a bar in a cell, over its number."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Fill the cell from the left."""
        super().paint(painter, option, index)
        bar = index.data(_BAR)
        if painter is not None and bar is not None:
            length, colour = bar
            filled = QColor(colour)
            filled.setAlpha(_BAR_OPACITY)
            area = option.rect.adjusted(1, 2, -1, -2)
            area.setWidth(max(round(area.width() * length), 1))
            painter.fillRect(area, filled)


def _comparable(value: float | str) -> tuple[bool, Any] | None:
    """Return what values are sorted by: numbers before texts; None where a number is missing."""
    if isinstance(value, str):
        return True, value.casefold()
    return (False, value) if math.isfinite(value) else None
