"""The list of call-outs: named and sized here, chosen, taken away."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_udt.viewer.population.call_outs import CallOuts

_TEXT, _PICTURE, _PLACE, _SIZE = range(4)
_MOST_ROWS = 3  # more are scrolled: pictures need the room
_HEADINGS = ("Call-out", "Picture", "Row, column", "Side [px]")


class CallOutTable(QTableWidget):
    """One row per call-out."""

    edited = Signal(int, str, str)  # place in the list, "text" or "size", what was typed
    deleted = Signal(object)  # places in the list
    chosen = Signal(int)  # place in the list, -1 for none

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self.setObjectName("call-outs")
        self.setAccessibleName("Call-outs")
        self.setToolTip(
            "Double-click a name or a size to change it; Delete takes the selected call-outs away."
        )
        self.setHorizontalHeaderLabels(_HEADINGS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._on_item_changed)
        self.itemSelectionChanged.connect(self._on_selection_changed)

    def show_call_outs(self, call_outs: CallOuts, titles: Mapping[str, str]) -> None:
        """Show these; nobody is told, and what is selected stays so."""
        self.blockSignals(True)
        self.setRowCount(len(call_outs))
        for row, one in enumerate(call_outs):
            texts = (
                one.text,
                titles.get(one.picture, f"{one.picture} (not shown)"),
                f"{one.row}, {one.column}",
                str(one.size),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column in (_PICTURE, _PLACE):
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                self.setItem(row, column, item)
        self.blockSignals(False)
        header, line = self.horizontalHeader(), self.fontMetrics().height() + 8
        top = line if header is None else header.sizeHint().height()
        self.setFixedHeight(top + min(len(call_outs), _MOST_ROWS) * line + 4)

    def selected_places(self) -> list[int]:
        """Return the places of the selected call-outs."""
        return sorted({index.row() for index in self.selectedIndexes()})

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Delete takes the selected call-outs away."""
        places = self.selected_places()
        if event is not None and event.key() == Qt.Key.Key_Delete and places:
            self.deleted.emit(places)
        else:
            super().keyPressEvent(event)

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        self.edited.emit(item.row(), "text" if item.column() == _TEXT else "size", item.text())

    def _on_selection_changed(self) -> None:
        self.chosen.emit(next(iter(self.selected_places()), -1))
