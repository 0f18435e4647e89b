"""The table of call-outs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHeaderView, QWidget

from napari_udt.population.scenes import CallOut
from napari_udt.viewer.population.call_outs import CallOuts
from napari_udt.viewer.qt.table import Column, Table

_MOST_ROWS = 3  # more are scrolled: pictures need the room


class CallOutRow(NamedTuple):
    """A call-out with its position in the list and the title of its picture."""

    position: int
    call_out: CallOut
    picture: str


class CallOutTable(Table):
    """One row per call-out; names and sizes are edited in place, Delete deletes the selected ones."""

    edited = Signal(int, str, str)  # position in the list, "text" or "size", what was typed

    def __init__(self, *, parent: QWidget | None = None) -> None:
        columns = (
            Column("Call-out", lambda row: row.call_out.text, edit=self._edit_text),
            Column("Picture", lambda row: row.picture),
            Column("Row, column", lambda row: f"{row.call_out.row}, {row.call_out.column}"),
            Column("Side [px]", lambda row: str(row.call_out.size), edit=self._edit_size),
        )
        super().__init__(
            columns, name="call-outs", title="Call-outs", key=lambda row: row.position, parent=parent
        )
        self.setToolTip(
            "Double-click a name or a size (or press F2) to change it; Delete deletes the selected call-outs."
        )
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_call_outs(self, call_outs: CallOuts, titles: Mapping[str, str]) -> None:
        """Show these call-outs; the selected rows stay selected."""
        self.set_rows(
            CallOutRow(position, one, titles.get(one.picture, f"{one.picture} (not shown)"))
            for position, one in enumerate(call_outs)
        )
        row = self.verticalHeader().defaultSectionSize()
        height = self.horizontalHeader().sizeHint().height() + min(len(call_outs), _MOST_ROWS) * row
        self.setFixedHeight(height + 4)

    def selected_positions(self) -> list[int]:
        """Return the positions of the selected call-outs."""
        return [row.position for row in self.selected_rows()]

    def _edit_text(self, row: CallOutRow, text: str) -> None:
        self.edited.emit(row.position, "text", text)

    def _edit_size(self, row: CallOutRow, text: str) -> None:
        self.edited.emit(row.position, "size", text)
