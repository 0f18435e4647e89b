"""Page of a reader study with what is shown and the buttons to answer."""

from __future__ import annotations

from functools import partial

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QGridLayout, QProgressBar, QPushButton, QWidget

from napari_udt.population.reader_study.design import SKIPPED, Design
from napari_udt.population.reader_study.reading import Reading
from napari_udt.viewer.population.reader_study import answer_buttons, question
from napari_udt.viewer.population.widgets.reader_study.stimulus_plot import StimulusPlot
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import Theme

_MOST_IN_A_ROW = 5


class QuestionPage(QWidget):
    """Shows one or two spectra or cut-outs; it has no access to the truth."""

    answered = Signal(str)
    undo_wanted = Signal()
    reveal_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.question = wrapping_label("question", self)
        self.plots = (StimulusPlot("Shown", parent=self), StimulusPlot("Shown at the right", parent=self))
        self.progress = QProgressBar(self)
        self.progress.setFormat("%v of %m")
        self.buttons: dict[str, QPushButton] = {}
        self._keys: dict[Qt.Key, str] = {}
        self._design: Design | None = None
        self.skip = self._button("Skip (S)", "Do not judge; it is not counted. Key: S.")
        self.undo = self._button("Undo (Z)", "Undo the last answer. Key: Z.")
        self.stop = self._button("Stop", "Skip all remaining questions.")
        self.reveal = self._button("Show result", "Show the result; answers cannot be changed afterwards.")
        self.skip.clicked.connect(partial(self._on_answer, SKIPPED))
        self.undo.clicked.connect(self.undo_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.reveal.clicked.connect(self.reveal_wanted)
        self._arrange()

    def show_reading(self, reading: Reading) -> None:
        """Show the next question."""
        asked, design = reading.question, reading.study.design
        if design != self._design:
            self._offer_answers(design)
        self.question.setText(question(reading))
        self.progress.setRange(0, reading.total)
        self.progress.setValue(reading.answered)
        for button in (*self.buttons.values(), self.skip, self.stop):
            button.setVisible(asked is not None)
        self.reveal.setVisible(asked is None)
        self.undo.setEnabled(reading.answered > 0)
        shown = () if asked is None else asked.values
        for place, plot in enumerate(self.plots):
            plot.setVisible(place < len(shown))
        if asked is not None:
            limits = (min(float(np.nanmin(v)) for v in shown), max(float(np.nanmax(v)) for v in shown))
            for plot, values in zip(self.plots, shown, strict=False):
                plot.show_values(values, reading.study.wavelengths_nm, limits, asked.mark)

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        for plot in self.plots:
            plot.set_theme(colours)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Answer with the keys on the buttons; skip with S; undo with Z or Backspace."""
        key = None if event is None else Qt.Key(event.key())
        free = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
        plain = event is not None and event.modifiers() in free
        if plain and key in self._keys:
            self.answered.emit(self._keys[key])
        elif plain and key == Qt.Key.Key_S:
            self.answered.emit(SKIPPED)
        elif plain and key in (Qt.Key.Key_Z, Qt.Key.Key_Backspace):
            self.undo_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _offer_answers(self, design: Design) -> None:
        """Make the buttons of a design."""
        self._design = design
        for button in self.buttons.values():
            button.deleteLater()
        self.buttons, self._keys = {}, {}
        for place, (answer, text, key) in enumerate(answer_buttons(design)):
            button = self._button(text, f"Key: {key}.")
            button.clicked.connect(partial(self._on_answer, answer))
            button.setMinimumHeight(2 * self.fontMetrics().height() + 8)
            self.buttons[answer] = button
            self._keys[getattr(Qt.Key, f"Key_{key}")] = answer
            self._answers.addWidget(button, *divmod(place, _MOST_IN_A_ROW))

    def _on_answer(self, answer: str) -> None:
        self.answered.emit(answer)
        self.setFocus()  # keys work after a click, too

    def _button(self, text: str, tip: str) -> QPushButton:
        return push_button(text, tip, self, shrinks=True)

    def _arrange(self) -> None:
        self._answers = QGridLayout()
        self._answers.setSpacing(4)
        rest = row_of(self.progress, self.skip, self.undo, self.stop)
        rest.setStretch(0, 2)
        shown = QWidget(self)
        row_of(*self.plots, parent=shown)
        fill(self, self.question, shown, self._answers, self.reveal, rest, stretched=shown)
