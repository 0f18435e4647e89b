"""The result of a blind test: numbers with intervals, the observer, and a button that saves all."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from napari_udt.population.blind_result import BlindResult, save_blind_test
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.population.blind_test import result_rows
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label


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
        self.save_button = push_button(
            "Save result...", "Save all answers, the true domains and the numbers as JSON.", self
        )
        self.again_button = push_button("New test", "Leave this result and choose another test.", self)
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
        path = ask_save_path(self, "Save result", "blind_test.json", "JSON (*.json)", self.message.emit)
        if path is not None and self.result is not None:
            save = partial(save_blind_test, self.result, observer=self.observer.text(), date=self.date.text())
            self.message.emit(saved(save, path))

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
        observer, buttons = row_of(self.observer, self.date), row_of(self.save_button, self.again_button)
        fill(self, self.sentence, area, observer, buttons, stretched=area)
