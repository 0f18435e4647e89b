"""Tables of the Session dock: cubes with their roles, pins with their numbers."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from qtpy.QtGui import QColor, QWheelEvent
from qtpy.QtWidgets import QComboBox, QHeaderView, QWidget

from napari_udt.viewer.qt.fields import set_tab_order
from napari_udt.viewer.qt.table import Column, Table
from napari_udt.viewer.state.entities import origin_text
from napari_udt.viewer.state.pin_table import NAME, NUMBER, pin_table
from napari_udt.viewer.state.session import Role, Session

ROLE_TITLES: dict[Role, str] = {
    "simulated": "simulated",
    "transferred": "transferred",
    "real": "reference (by structure)",
    "none": "not compared",
}
_ROLE_HELP = (
    "The role a cube plays in comparisons, at first by its metadata. Any number of cubes may be transferred. "
    "Reference cubes, measured or in the place of measured ones, are compared structure by structure, never pixel by pixel: "
    "they show another scene."
)
_ROLE = 1  # column
_ROW_HEIGHT, _LEAST_HEIGHT = 26, 56  # pixels; headings and one row, in a low window
_PIN_COLUMNS = {
    NAME: "Pin",
    "structure": "Structure",
    "row": "Row",
    "column": "Column",
    "x [mm]": "x [mm]",
    "y [mm]": "y [mm]",
    "sO2": "sO₂ [%]",
}


class RoleBox(QComboBox):
    """The role of one cube."""

    def __init__(self, session: Session, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._key = session, ""
        self.addItems(list(ROLE_TITLES.values()))
        self.setToolTip(_ROLE_HELP)
        self.activated.connect(self._on_activated)

    def show_role(self, key: str, role: Role) -> None:
        """Show the role of a cube; no signal is emitted."""
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


class CubeRow(NamedTuple):
    """What the table shows of a cube."""

    key: str
    role: Role
    origin: str


class CubeTable(Table):
    """Open cubes, newest last, with the roles they play."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        columns = (
            Column("Cube", lambda row: row.key),
            Column("Role", lambda _row: ""),  # a box lies over the cell
            Column("Origin", lambda row: row.origin),
        )
        super().__init__(columns, name="cubes", title="Open cubes", key=lambda row: row.key, parent=parent)
        self._session = session
        self.setToolTip(
            "<qt>The open cubes, newest last; Delete closes the selected ones, Undo brings them back.</qt>"
        )
        _set_up(self)
        self.horizontalHeader().setSectionResizeMode(_ROLE, QHeaderView.ResizeMode.Fixed)
        self.delete_pressed.connect(self.close_selected)

    def refresh(self) -> None:
        """Show the cubes of the session."""
        before = len(self.rows)
        self.set_rows(CubeRow(entry.key, entry.role, origin_text(entry.cube)) for entry in self._session)
        for place in range(before, len(self.rows)):
            box = RoleBox(self._session, parent=self)
            self.setIndexWidget(self.model().index(place, _ROLE), box)
            set_tab_order(self.role_box(place - 1) if place else self, box)
        for place, row in enumerate(self.rows):
            self.role_box(place).show_role(row.key, row.role)
        self._fit_roles()

    def role_box(self, place: int) -> RoleBox:
        """Return the box in a row."""
        box = self.indexWidget(self.model().index(place, _ROLE))
        assert isinstance(box, RoleBox)
        return box

    def selected_cubes(self) -> list[str]:
        """Return the keys of the selected cubes that are open, from top to bottom."""
        return [row.key for row in self.selected_rows() if row.key in self._session]

    def close_selected(self) -> None:
        """Close the selected cubes, as one step."""
        self._session.remove(*self.selected_cubes())

    def _fit_roles(self) -> None:
        """Make the column as wide as the longest role in the theme's font; Qt's own fitting ignores widgets in cells."""
        if self.rows:
            box = self.role_box(0)
            box.ensurePolished()
            self.horizontalHeader().resizeSection(_ROLE, box.sizeHint().width())


class PinTable(Table):
    """Pins with their colours and numbers; names are edited in place, Delete deletes the selected pins."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        name, *others = _PIN_COLUMNS
        columns = [
            Column(
                _PIN_COLUMNS[name],
                lambda row: row[NAME],
                cell_tooltip=_tooltip,
                decoration=lambda row: QColor(row["colour"]),
                edit=self._rename,
            ),
            *(
                Column(_PIN_COLUMNS[other], partial(_cell_text, other), is_number=other != "structure")
                for other in others
            ),
        ]
        super().__init__(columns, name="pins", title="Pins", key=lambda row: row[NUMBER], parent=parent)
        self._session = session
        self.setToolTip(
            "<qt>The pinned pixels; F2 or a double click renames one, Delete deletes the selected ones.</qt>"
        )
        _set_up(self)
        for place in range(2, len(_PIN_COLUMNS)):
            self.horizontalHeader().setSectionResizeMode(place, QHeaderView.ResizeMode.ResizeToContents)
        self.delete_pressed.connect(self.delete_selected)

    def refresh(self) -> None:
        """Show the pins of the session, with the columns for which there is anything to show."""
        table = pin_table(self._session, self._session.pins)
        self.set_rows(dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True))
        in_mm = any(row["x [mm]"] == row["x [mm]"] for row in self.rows)  # NaN does not equal itself
        for place, name in enumerate(_PIN_COLUMNS):
            if name.endswith("[mm]"):
                self.setColumnHidden(place, not in_mm)
            elif name == "sO2":
                self.setColumnHidden(place, name not in table)

    def delete_selected(self) -> None:
        """Delete the selected pins, as one step."""
        numbers = [row[NUMBER] for row in self.selected_rows()]
        if numbers:
            self._session.unpin(*numbers)

    def _rename(self, row: dict[str, Any], text: str) -> None:
        self._session.rename_pin(row[NUMBER], text)


def _tooltip(row: dict[str, Any]) -> str:
    return f"Pin {row[NUMBER]} on {row['cube']}; double-click to rename."


def _cell_text(name: str, row: dict[str, Any]) -> str:
    """Return the text of a cell: millimetres to a tenth, so that points stand below each other, saturation in %."""
    value = row.get(name, "")
    if isinstance(value, str):
        return value
    if value != value:
        return ""
    if name.endswith("[mm]"):
        return f"{value:.1f}"
    return f"{100 * value:.0f}" if name == "sO2" else f"{value:g}"


def _set_up(table: Table) -> None:
    table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.setShowGrid(False)
    table.setMinimumHeight(_LEAST_HEIGHT)
