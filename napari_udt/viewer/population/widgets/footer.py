"""Below the figures: what is seen, what must be told about it, and how it leaves the window."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.spectra.widgets.footer import with_suffix

_NUMBERS, _PICTURES = "Numbers (*.csv)", "Picture (*.png);;Drawing (*.svg)"


class PopulationFooter(QWidget):
    """Statement, the numbers under the mouse, and the buttons for export."""

    copy_wanted = Signal()
    export_wanted = Signal(object)  # Path

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers = self._picture = False
        self._statement = wrapping_label("statement", self)
        self._statement.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message = QLabel(self)
        self._message.setObjectName("told")
        self._copy = _button(
            "Copy numbers", "Copy the numbers of this figure to the clipboard, as CSV.", self
        )
        self._export = _button("Export...", "Save the numbers (CSV) or the figure (PNG, SVG).", self)
        self._row = row = QHBoxLayout()
        row.addStretch()
        for button in (self._copy, self._export):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._statement)
        layout.addWidget(self._message)
        layout.addLayout(row)
        self._message.setMinimumSize(1, self._message.fontMetrics().height())  # the figures must not jump
        self._copy.clicked.connect(self._on_copy)
        self._export.clicked.connect(self._on_export)

    def say(self, statement: str) -> None:
        """Show what is seen, and what must be told about it."""
        self._statement.setText(statement)
        self._statement.setVisible(bool(statement))

    def tell(self, sentence: str) -> None:
        """Show news, or the numbers under the mouse."""
        self._message.setText(sentence)
        self._message.setToolTip(sentence)

    def set_possible(self, *, numbers: bool, picture: bool) -> None:
        """Enable what there is something to do with."""
        self._numbers, self._picture = numbers, picture
        self._copy.setEnabled(numbers)
        self._export.setEnabled(numbers or picture)

    def add_tool(self, tool: QWidget) -> None:
        """Put something more before the buttons."""
        self._row.insertWidget(1, tool)

    def _on_copy(self) -> None:
        self.copy_wanted.emit()

    def _on_export(self) -> None:
        offered = [_NUMBERS] * self._numbers + [_PICTURES] * self._picture
        path, chosen = QFileDialog.getSaveFileName(self, "Export figure", "population", ";;".join(offered))
        if not path:
            return
        target = with_suffix(path, chosen)
        if target != Path(path) and target.exists():  # nobody agreed to replace that one
            self.tell(f"{target.name} exists already: give its full name to replace it.")
        else:
            self.export_wanted.emit(target)


def _button(text: str, tooltip: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(text)
    button.setToolTip(tooltip)
    return button
