"""Page of a blind test with one spectrum or cut-out and the buttons to answer."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QProgressBar, QPushButton, QWidget

from napari_udt.population.blind_test import BlindTest
from napari_udt.viewer.population.blind_test import question
from napari_udt.viewer.population.widgets.figures.canvas import without_menu
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import Theme, theme

_ANSWERS = {
    "real": ("Real (R)", "It is of the target domain. Key: R."),
    "transferred": ("Transferred (T)", "A model made it. Key: T."),
    "skipped": ("Skip (S)", "Do not judge it; it is not counted. Key: S."),
}
_KEYS = {Qt.Key.Key_R: "real", Qt.Key.Key_T: "transferred", Qt.Key.Key_S: "skipped"}
_GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)


class BlindPage(QWidget):
    """Shows a spectrum or cut-out; it has no access to the true domain."""

    answered = Signal(str)
    undo_wanted = Signal()
    reveal_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme("dark")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.question = wrapping_label("question", self)
        self.plot = _plot(self)
        self._curve = self.plot.plot(pen=pg.mkPen(self._theme.text, width=2))
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setLookupTable(_GREYS)
        self.plot.addItem(self._image)
        self.progress = QProgressBar(self)
        self.progress.setFormat("%v of %m")
        self.buttons = {name: self._answer(name, *texts) for name, texts in _ANSWERS.items()}
        self.undo = self._button("Undo (Z)", "Undo the last answer. Key: Z.", self.undo_wanted)
        self.stop = self._button("Stop", "Skip all remaining questions.", self.stop_wanted)
        self.reveal = self._button(
            "Show result", "Show the result; answers cannot be changed afterwards.", self.reveal_wanted
        )
        self._arrange()

    def show_test(self, test: BlindTest, wavelengths_nm: np.ndarray) -> None:
        """Show the next question."""
        stimulus = test.stimulus
        self.question.setText(question(test))
        self.progress.setRange(0, test.total)
        self.progress.setValue(test.answered)
        for button in (*self.buttons.values(), self.stop):
            button.setVisible(stimulus is not None)
        self.reveal.setVisible(stimulus is None)
        self.undo.setEnabled(test.answered > 0)
        self.plot.setVisible(stimulus is not None)
        if stimulus is not None:
            self._show_values(stimulus.values, wavelengths_nm)

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        self._theme = colours
        self.plot.setBackground(colours.background)
        self._curve.setPen(pg.mkPen(colours.text, width=2))
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(colours.grid)
            self.plot.getAxis(side).setTextPen(colours.text)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Answer with R, T and S; undo with Z or Backspace."""
        key = None if event is None else Qt.Key(event.key())
        plain = event is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier
        if plain and key in _KEYS:
            self.answered.emit(_KEYS[key])
        elif plain and key in (Qt.Key.Key_Z, Qt.Key.Key_Backspace):
            self.undo_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _show_values(self, values: np.ndarray, wavelengths_nm: np.ndarray) -> None:
        is_spectrum, box = values.ndim == 1, self.plot.getPlotItem().getViewBox()
        self._curve.setVisible(is_spectrum)
        self._image.setVisible(not is_spectrum)
        for side in ("bottom", "left"):
            self.plot.getPlotItem().showAxis(side, is_spectrum)
        self.plot.getPlotItem().showGrid(x=is_spectrum, y=is_spectrum, alpha=0.15)
        box.setAspectLocked(not is_spectrum)
        box.invertY(not is_spectrum)
        if is_spectrum:
            self._curve.setData(wavelengths_nm, values)
        else:
            self._curve.setData([], [])
            self._image.setImage(values, levels=(0, 1))
        box.autoRange(padding=0.03)

    def _on_answer(self) -> None:
        self.answered.emit(self.sender().property("verdict"))
        self.setFocus()  # keys work after a click, too

    def _answer(self, name: str, text: str, tip: str) -> QPushButton:
        button = self._button(text, tip, self._on_answer)
        button.setProperty("verdict", name)
        return button

    def _button(self, text: str, tip: str, slot: object) -> QPushButton:
        button = push_button(text, tip, self)
        button.clicked.connect(slot)
        return button

    def _arrange(self) -> None:
        for name in ("real", "transferred"):
            self.buttons[name].setMinimumHeight(2 * self.fontMetrics().height() + 8)
        answers = row_of(self.buttons["real"], self.buttons["transferred"], self.reveal)
        rest = row_of(self.progress, self.buttons["skipped"], self.undo, self.stop, equal=False)
        rest.setStretch(0, 1)
        fill(self, self.question, self.plot, answers, rest, stretched=self.plot)


def _plot(parent: QWidget) -> pg.PlotWidget:
    plot = pg.PlotWidget(parent=parent)
    item = without_menu(plot.getPlotItem(), plot)
    item.getViewBox().setMouseEnabled(x=False, y=False)
    item.setLabel("bottom", "Wavelength [nm]")
    item.setLabel("left", "L2-normalised value")
    for side in ("bottom", "left"):
        item.getAxis(side).enableAutoSIPrefix(False)
    plot.setMinimumHeight(120)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return plot
