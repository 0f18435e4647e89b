"""Footer of the Spectra dock."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_udt.viewer.qt.export import ExportFooter
from napari_udt.viewer.qt.fields import fill, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.stable_label import StableLabel

_OVER_SERIES = "Table with provenance (*.csv);;Picture (*.png);;Drawing (*.svg);;PDF in vectors (*.pdf)"
_FILTERS = "Table with provenance (*.csv);;JSON with provenance (*.json);;Spectral library (*.sli);;Picture (*.png);;Drawing (*.svg);;PDF in vectors (*.pdf)"
_WIDE = 560  # pixels
_STATEMENT_LINES = 2  # in a dock of the usual width


class SpectraFooter(ExportFooter):
    """Statement, the buttons for pins and export beside or below it, and remarks."""

    cleared = Signal()
    figure_requested = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(
            ("Copy", "Copy all curves and their provenance to the clipboard, as CSV."),
            "Save the curves (CSV, JSON, spectral library) or the plot as it is on the screen (PNG, SVG, PDF).",
            ("Export spectra", "spectra.csv"),
            parent=parent,
        )
        self._over_series = False
        self._statement = StableLabel("statement", self, lines=_STATEMENT_LINES)
        self._remarks = StableLabel("remarks", self)
        self._clear = push_button("Clear pins", "Delete all pins, and untick all structures.", self)
        self.figure_button = push_button(
            "Figure...", "A white figure for a paper: size in millimetres, letters and lines in points.", self
        )
        buttons = (self._clear, self.copy_button, self.figure_button, self.export_button)
        set_tab_order(*buttons)
        self._buttons = QWidget(self)
        row_of(*buttons, parent=self._buttons)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.addWidget(self._statement, 0, 0)
        self._grid.setColumnStretch(0, 1)
        self._place_buttons(beside=False)
        fill(self, self._grid, self._remarks)
        self._clear.clicked.connect(self._on_clear)
        self.figure_button.clicked.connect(self._on_figure)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put the buttons beside the statement where it is wide enough: the plot needs the height."""
        super().resizeEvent(event)
        self._place_buttons(beside=self.width() >= _WIDE)

    def _place_buttons(self, *, beside: bool) -> None:
        self._grid.addWidget(self._buttons, *((0, 1) if beside else (1, 0)))

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

    def offer_for(self, axis: str | None) -> None:
        """Export curves over "time" or "depth"; None for those over wavelength."""
        self._over_series = axis is not None
        self.name_export("Export spectra", f"{'spectra' if axis is None else f'over_{axis}'}.csv")

    def file_filters(self) -> str:
        """Return the kinds of files that can be exported."""
        return _OVER_SERIES if self._over_series else _FILTERS

    def _on_figure(self) -> None:
        self.figure_requested.emit()

    def _on_clear(self) -> None:
        self.cleared.emit()
