"""The result of a blind test: numbers with intervals, who judged, and the way into a file."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_udt.population.blind_result import BlindResult, save_blind_test
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.population.blind_test import result_rows
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.spectra.widgets.footer import with_suffix


class BlindCard(QWidget):
    """Shows a result and saves it."""

    message = Signal(str)
    again_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: BlindResult | None = None
        self.sentence = wrapping_label("outcome", self)
        self.sentence.setStyleSheet("font-weight: bold")
        self.numbers = QWidget(self)
        self._form = QFormLayout(self.numbers)
        self._form.setContentsMargins(4, 4, 4, 4)
        self._form.setVerticalSpacing(2)
        self.observer, self.date = self._line("Observer"), self._line("Date")
        self.save_button = QPushButton("Save result...", self)
        self.save_button.setToolTip("Save all answers, the truth and the numbers as JSON.")
        self.again_button = QPushButton("New test", self)
        self.again_button.setToolTip("Leave this result and choose another test.")
        self._arrange()
        self.save_button.clicked.connect(self._on_save)
        self.again_button.clicked.connect(self.again_wanted)

    def show_result(self, result: BlindResult) -> None:
        """Show the numbers."""
        self.result = result
        self.sentence.setText(result.sentence)
        while self._form.rowCount():
            self._form.removeRow(0)
        for name, value, meaning in result_rows(result):
            title, number = QLabel(name, self.numbers), QLabel(value, self.numbers)
            title.setToolTip(meaning)
            number.setToolTip(meaning)
            number.setObjectName(name)
            number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._form.addRow(title, number)

    def _on_save(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(self, "Save result", "blind_test.json", "JSON (*.json)")
        if name and self.result is not None:
            save = partial(save_blind_test, self.result, observer=self.observer.text(), date=self.date.text())
            self.message.emit(saved(save, with_suffix(name, chosen)))

    def _line(self, name: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setObjectName(name)
        line.setAccessibleName(name)
        line.setPlaceholderText(f"{name} (optional)")
        line.setToolTip("Written to the file as it stands here; nothing is filled in by itself.")
        return line

    def _arrange(self) -> None:
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setWidget(self.numbers)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        who, buttons = QHBoxLayout(), QHBoxLayout()
        for line in (self.observer, self.date):
            who.addWidget(line)
        for button in (self.save_button, self.again_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.sentence)
        layout.addWidget(area, stretch=1)
        layout.addLayout(who)
        layout.addLayout(buttons)
