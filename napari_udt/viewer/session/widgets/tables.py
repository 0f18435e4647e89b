"""Tables of the Session dock: cubes with their roles, pins with their numbers."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QKeyEvent, QKeySequence, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_udt.viewer.qt.tab_order import walk_in_order
from napari_udt.viewer.state.pin_table import NAME, NUMBER, pin_table
from napari_udt.viewer.state.session import Role, Session

ROLE_TITLES: dict[Role, str] = {
    "simulated": "simulated",
    "transferred": "transferred",
    "real": "real (by structure)",
    "none": "not compared",
}
_ROLE_HELP = (
    "The role a cube plays in comparisons, at first by its metadata. Any number of cubes may be transferred. "
    "Real cubes are compared structure by structure, never pixel by pixel: they show another scene."
)
_ROLE = 1  # column
_PIN_COLUMNS = {NAME: "Pin", "structure": "Structure", "row": "Row", "column": "Column"}
_MM_COLUMNS = {"x [mm]": "x [mm]", "y [mm]": "y [mm]"}
_SATURATION = {"sO2": "sO₂ [%]"}


class RoleBox(QComboBox):
    """The role of one cube."""

    def __init__(self, session: Session, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._key = session, ""
        self.addItems(list(ROLE_TITLES.values()))
        self.setToolTip(_ROLE_HELP)
        self.activated.connect(self._on_activated)

    def show_role(self, key: str, role: Role) -> None:
        """Stand for another cube; nobody is told."""
        self._key = key
        self.setCurrentIndex(list(ROLE_TITLES).index(role))
        self.setAccessibleName(f"Role of {key}")

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the table: scrolling must not change roles."""
        if event is not None:
            event.ignore()

    def _on_activated(self, index: int) -> None:
        role = list(ROLE_TITLES)[index]
        if self._key in self._session and self._session[self._key].role != role:
            self._session.set_role(self._key, role)


class CubeTable(QTableWidget):
    """Open cubes, newest last, with the roles they play."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self._session = session
        self._shown: list[tuple[str, Role, str]] = []
        self.setObjectName("cubes")
        self.setAccessibleName("Open cubes")
        self.setToolTip(
            "<qt>The open cubes, newest last; Delete closes the selected ones, Undo brings them back.</qt>"
        )
        self.setHorizontalHeaderLabels(["Cube", "Role", "Origin"])
        _dress(self)
        self.horizontalHeader().setSectionResizeMode(_ROLE, QHeaderView.ResizeMode.Fixed)

    def refresh(self) -> None:
        """Show the cubes as the session has them; nothing is made anew when nothing changed."""
        wanted = [(entry.key, entry.role, entry.cube.origin) for entry in self._session]
        if wanted == self._shown:
            return
        chosen, self._shown = self.selected_keys(), wanted
        self._set_rows(len(wanted))
        for row, (key, role, origin) in enumerate(wanted):
            self.setItem(row, 0, _item(key))
            self._box(row).show_role(key, role)
            self.setItem(row, 2, _item(origin))
        self._give_roles_room()
        _select_rows(self, [row for row, (key, *_) in enumerate(wanted) if key in chosen])

    def _set_rows(self, count: int) -> None:
        for row in range(count, self.rowCount()):
            box = self._box(row)
            self.removeCellWidget(row, _ROLE)
            box.hide()
            box.deleteLater()
        before = self.rowCount()
        self.setRowCount(count)
        for row in range(before, count):
            box = RoleBox(self._session, parent=self)
            self.setCellWidget(row, _ROLE, box)
            walk_in_order(self._box(row - 1) if row else self, box)

    def _give_roles_room(self) -> None:
        """Let the longest role be read in the theme's font; Qt's own fitting forgets boxes in cells."""
        if self.rowCount():
            box = self._box(0)
            box.ensurePolished()
            self.horizontalHeader().resizeSection(_ROLE, box.sizeHint().width())

    def _box(self, row: int) -> RoleBox:
        box = self.cellWidget(row, _ROLE)
        assert isinstance(box, RoleBox)
        return box

    def selected_keys(self) -> list[str]:
        """Return the keys of the selected cubes, top to bottom."""
        return [self._shown[row][0] for row in _selected_rows(self) if self._shown[row][0] in self._session]

    def close_selected(self) -> None:
        """Close the selected cubes, as one step."""
        self._session.remove(*self.selected_keys())

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Close the selected cubes on Delete."""
        if event is not None and event.matches(QKeySequence.StandardKey.Delete):
            self.close_selected()
        else:
            super().keyPressEvent(event)


class PinTable(QTableWidget):
    """Pins with their colours and numbers; names are typed in place, Delete deletes."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: dict[str, list[Any]] = {}
        self.setObjectName("pins")
        self.setAccessibleName("Pins")
        self.setToolTip(
            "<qt>The pinned pixels; F2 or a double click renames one, Delete deletes the selected ones.</qt>"
        )
        _dress(self)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.itemChanged.connect(self._on_item_changed)

    def refresh(self) -> None:
        """Show the pins as the session has them; nothing is made anew when nothing changed."""
        table = pin_table(self._session, self._session.pins)
        if str(table) == str(self._shown):  # as text, because NaN is not itself
            return
        chosen, self._shown = self.selected_numbers(), table
        columns = self._columns()
        self.blockSignals(True)
        self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels(list(columns.values()))
        for column in range(2, len(columns)):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setRowCount(len(table[NUMBER]))
        for row in range(self.rowCount()):
            for column, name in enumerate(columns):
                self.setItem(row, column, self._cell(row, name))
        self.blockSignals(False)
        _select_rows(self, [row for row, number in enumerate(table[NUMBER]) if number in chosen])

    def selected_numbers(self) -> list[int]:
        """Return the numbers of the selected pins."""
        numbers = self._shown.get(NUMBER, [])
        return [numbers[row] for row in _selected_rows(self) if row < len(numbers)]

    def delete_selected(self) -> None:
        """Delete the selected pins, as one step."""
        numbers = self.selected_numbers()
        if numbers:
            self._session.unpin(*numbers)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Delete the selected pins on Delete."""
        if event is not None and event.matches(QKeySequence.StandardKey.Delete):
            self.delete_selected()
        else:
            super().keyPressEvent(event)

    def _columns(self) -> dict[str, str]:
        metric = any(value == value for value in self._shown["x [mm]"])
        return {
            **_PIN_COLUMNS,
            **(_MM_COLUMNS if metric else {}),
            **(_SATURATION if "sO2" in self._shown else {}),
        }

    def _cell(self, row: int, name: str) -> QTableWidgetItem:
        value = self._shown[name][row]
        item = _item(_cell_text(name, value), editable=name == NAME)
        if name == NAME:
            item.setData(Qt.ItemDataRole.DecorationRole, QColor(self._shown["colour"][row]))
            item.setToolTip(
                f"Pin {self._shown[NUMBER][row]} on {self._shown['cube'][row]}; double-click to rename."
            )
        elif not isinstance(value, str):
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        self._session.rename_pin(self._shown[NUMBER][item.row()], item.text())


def _cell_text(name: str, value: Any) -> str:
    """Return what a cell says: millimetres to a tenth, so that points stand below each other, saturation in %."""
    if isinstance(value, str):
        return value
    if value != value:
        return ""
    if name in _MM_COLUMNS:
        return f"{value:.1f}"
    return f"{100 * value:.0f}" if name in _SATURATION else f"{value:g}"


def _item(text: str, *, editable: bool = False) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
    item.setFlags(flags | Qt.ItemFlag.ItemIsEditable if editable else flags)
    item.setToolTip(text)
    return item


def _dress(table: QTableWidget) -> None:
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(26)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setMinimumHeight(26 + 30)  # headings and one row, in a low window


def _selected_rows(table: QTableWidget) -> list[int]:
    return sorted({index.row() for index in table.selectedIndexes()})


def _select_rows(table: QTableWidget, rows: list[int]) -> None:
    table.clearSelection()
    mode = table.selectionMode()
    table.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
    for row in rows:
        table.selectRow(row)
    table.setSelectionMode(mode)
