"""The result of a reader study: a picture and a table of its numbers, and buttons that save answers and add other readers'."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSplitter, QWidget

from napari_udt.population.reader_study.reading_file import ENDING, Answers, save_answers
from napari_udt.population.reader_study.result import StudyResult
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.population.widgets.reader_study.interval_plot import IntervalPlot
from napari_udt.viewer.population.widgets.table import NumberTable
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label

_TIPS = {
    "by guessing": "Where readers who guess, or who see no difference, would be.",
    "answers": "That the number was counted from.",
    "interval": "How its ends were found.",
}


_SHARES = (3, 2)  # of picture and table


class ResultPage(QWidget):
    """Shows a result and saves the answers."""

    message = Signal(str)
    again_wanted = Signal()
    join_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: StudyResult | None = None
        self.own: Answers | None = None  # that can be saved
        self._divided = False  # between picture and table; afterwards as the user wants
        self.sentence = wrapping_label("outcome", self)
        self.sentence.setStyleSheet("font-weight: bold")
        self.plot = IntervalPlot(parent=self)
        self.rows = NumberTable("Numbers of the reader study", _TIPS, parent=self)
        self.rows.setToolTip("<qt>Every number with its 95 % interval; Ctrl+C copies the selected rows.</qt>")
        self.rows.copied.connect(self.message)
        self.save_button = push_button(
            "Save answers...", "Save all answers with the truth, for joining them with other readers'.", self
        )
        self.join_button = push_button(
            "Add readers...", "Add the answers of other readers to the same study, from their files.", self
        )
        self.again_button = push_button("New study", "Leave this result and choose another study.", self)
        self._arrange()
        self.save_button.clicked.connect(self._on_save)
        self.join_button.clicked.connect(self.join_wanted)
        self.again_button.clicked.connect(self.again_wanted)

    def show_result(self, result: StudyResult, own: Answers | None) -> None:
        """Show the numbers; answers of one's own can be saved."""
        self.result, self.own = result, own
        self.sentence.setText(result.sentence)
        self.plot.show_result(result)
        self.rows.show_table(result.table())
        self.save_button.setEnabled(own is not None)
        if not self._divided:
            self._parts.setSizes([1000 * stretch for stretch in _SHARES])
            self._divided = True

    def _on_save(self) -> None:
        if self.own is None:
            return
        name = "".join(c if c.isalnum() else "_" for c in self.own.reader) or "reader"
        path = ask_save_path(
            self, "Save answers", f"{name}{ENDING}", f"Answers (*{ENDING})", self.message.emit
        )
        if path is not None:
            self.message.emit(saved(partial(save_answers, self.own), path))

    def _arrange(self) -> None:
        self._parts = parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.plot)
        parts.addWidget(self.rows)
        for place, stretch in enumerate(_SHARES):
            parts.setStretchFactor(place, stretch)
        buttons = row_of(self.save_button, self.join_button, self.again_button)
        fill(self, self.sentence, parts, buttons, stretched=parts)
