"""Footer of the Population dock."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.qt.export import ExportFooter
from napari_udt.viewer.qt.fields import fill, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label

_NUMBERS, _PICTURES = "Numbers (*.csv)", "Picture (*.png);;Drawing (*.svg);;PDF in vectors (*.pdf)"


class PopulationFooter(ExportFooter):
    """Statement, the numbers under the mouse, and the buttons for export, with another widget before them."""

    def __init__(self, tool: QWidget, *, parent: QWidget | None = None) -> None:
        super().__init__(
            ("Copy numbers", "Copy the numbers of this figure to the clipboard, as CSV."),
            "Save the numbers (CSV) or the figure (PNG, SVG).",
            ("Export figure", "population"),
            parent=parent,
        )
        self._numbers = self._picture = False
        self._statement = wrapping_label("statement", self)
        self._statement.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message = QLabel(self)
        self._message.setObjectName("message")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setMinimumSize(1, self._message.fontMetrics().height())  # the figures must not jump
        buttons = row_of(tool, self.copy_button, self.export_button, equal=False)
        buttons.insertStretch(0)
        fill(self, self._statement, self._message, buttons)

    def show_statement(self, statement: str) -> None:
        """Show what is drawn, with the notes that belong to it."""
        self._statement.setText(statement)
        self._statement.setVisible(bool(statement))

    def show_message(self, sentence: str) -> None:
        """Show a message, or the numbers under the mouse; whole sentences, such as errors, are wrapped."""
        self._message.setWordWrap(sentence.endswith("."))
        self._message.setText(sentence)
        self._message.setToolTip(without_markup(sentence))

    def set_possible(self, *, numbers: bool, picture: bool) -> None:
        """Enable the buttons for what can be exported."""
        self._numbers, self._picture = numbers, picture
        self.copy_button.setEnabled(numbers)
        self.export_button.setEnabled(numbers or picture)

    def file_filters(self) -> str:
        """Return the kinds of files that can be exported now."""
        return ";;".join([_NUMBERS] * self._numbers + [_PICTURES] * self._picture)
