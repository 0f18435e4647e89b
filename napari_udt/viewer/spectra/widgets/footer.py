"""Footer of the Spectra dock."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.qt.export import ExportFooter
from napari_udt.viewer.qt.fields import fill, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.stable_label import StableLabel

_FILTERS = "Table with provenance (*.csv);;JSON with provenance (*.json);;Picture (*.png);;Drawing (*.svg);;PDF in vectors (*.pdf)"
_STATEMENT_LINES = 2  # in a dock of the usual width


class SpectraFooter(ExportFooter):
    """Statement, remarks, and the buttons for pins and export."""

    cleared = Signal()
    figure_requested = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(
            ("Copy", "Copy all curves and their provenance to the clipboard, as CSV."),
            "Save the curves (CSV, JSON) or the plot as it is on the screen (PNG, SVG, PDF).",
            ("Export spectra", "spectra.csv"),
            parent=parent,
        )
        self._statement = StableLabel("statement", self, lines=_STATEMENT_LINES)
        self._remarks = StableLabel("remarks", self)
        self._clear = push_button("Clear pins", "Delete all pins, and untick all structures.", self)
        self.figure_button = push_button(
            "Figure...", "A white figure for a paper: size in millimetres, letters and lines in points.", self
        )
        buttons = (self._clear, self.copy_button, self.figure_button, self.export_button)
        set_tab_order(*buttons)
        fill(self, self._statement, self._remarks, row_of(*buttons))
        self._clear.clicked.connect(self._on_clear)
        self.figure_button.clicked.connect(self._on_figure)

    def show_statement(self, statement: str, remarks: Sequence[str]) -> None:
        """Show what is drawn, and remarks about it."""
        self.show_message(statement)
        self._statement.setVisible(bool(statement))
        self._remarks.setText("\n".join(remarks))

    def show_message(self, sentence: str) -> None:
        """Show a message in place of the statement."""
        self._statement.setText(sentence)
        self._statement.setVisible(True)

    def set_possible(self, *, clearing: bool, export: bool) -> None:
        """Enable the buttons that have something to act on."""
        self._clear.setEnabled(clearing)
        self.copy_button.setEnabled(export)
        self.export_button.setEnabled(export)
        self.figure_button.setEnabled(export)

    def file_filters(self) -> str:
        """Return the kinds of files that can be exported."""
        return _FILTERS

    def _on_figure(self) -> None:
        self.figure_requested.emit()

    def _on_clear(self) -> None:
        self.cleared.emit()
