"""Below the curves: what is seen, what must be told about it, and how it leaves the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_udt.viewer.qt.stable_label import StableLabel

_FILTERS = "Table with provenance (*.csv);;JSON with provenance (*.json);;Picture (*.png);;Drawing (*.svg)"

_STATEMENT_LINES = 2  # in a dock of the usual width


class SpectraFooter(QWidget):
    """Statement, remarks, and the buttons for pins and export."""

    cleared = Signal()
    copy_wanted = Signal()
    export_wanted = Signal(object)  # Path

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._statement = StableLabel("statement", self, lines=_STATEMENT_LINES)
        self._remarks = StableLabel("remarks", self)
        self._clear = _button("Clear pins", "Take all pins away, and untick all structures.", self)
        self._copy = _button("Copy", "Copy all curves and their provenance to the clipboard, as CSV.", self)
        self._export = _button("Export...", "Save the curves (CSV, JSON) or the plot (PNG, SVG).", self)
        buttons = QHBoxLayout()
        for button in (self._clear, self._copy, self._export):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._statement)
        layout.addWidget(self._remarks)
        layout.addLayout(buttons)
        self._clear.clicked.connect(self._on_clear)
        self._copy.clicked.connect(self._on_copy)
        self._export.clicked.connect(self._on_export)

    def say(self, statement: str, remarks: Sequence[str]) -> None:
        """Show what is seen, and what must be told about it."""
        self._statement.setText(statement)
        self._statement.setVisible(bool(statement))
        self._remarks.setText("\n".join(remarks))

    def tell(self, sentence: str) -> None:
        """Show news in place of the statement."""
        self._statement.setText(sentence)
        self._statement.setVisible(True)

    def set_possible(self, *, clearing: bool, export: bool) -> None:
        """Enable what there is something to do with."""
        self._clear.setEnabled(clearing)
        self._copy.setEnabled(export)
        self._export.setEnabled(export)

    def _on_clear(self) -> None:
        self.cleared.emit()

    def _on_copy(self) -> None:
        self.copy_wanted.emit()

    def _on_export(self) -> None:
        path, chosen = QFileDialog.getSaveFileName(self, "Export spectra", "spectra.csv", _FILTERS)
        if not path:
            return
        target = with_suffix(path, chosen)
        if target != Path(path) and target.exists():  # nobody agreed to replace that one
            self.tell(f"{target.name} exists already: give its full name to replace it.")
        else:
            self.export_wanted.emit(target)


def with_suffix(path: str, name_filter: str) -> Path:
    """Return the path with the suffix of the chosen filter, "Table (*.csv)", where it has none of its own."""
    suffix = name_filter[name_filter.rfind("*") + 1 :].rstrip(")")
    return Path(path) if Path(path).suffix else Path(path + suffix)


def _button(text: str, tooltip: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(text)
    button.setToolTip(tooltip)
    return button
