"""What is chosen before a blind test begins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_udt.population.groups import Population
from napari_udt.viewer.population.blind_test import COUNTS, KINDS, BlindForm, explanation, pair_titles
from napari_udt.viewer.qt.stable_label import wrapping_label


class BlindStart(QWidget):
    """Shows and changes a form; starts a test, or goes on with one."""

    changed = Signal()
    start_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = BlindForm()
        self._population: Population | None = None
        self._pairs: list[tuple[str, str]] = []
        self.pair = self._box("pair", "What is judged", "A transferred cube against a real one.")
        self.kind = self._box(
            "kind",
            "What is shown",
            "Single L2-normalised spectra, as often of each structure, or square cut-outs of the pictures at the slider's "
            "wavelength, each with its own contrast, mirrored at random.",
        )
        for kind, title in KINDS.items():
            self.kind.addItem(title, kind)
        self.count = self._number("count", COUNTS, "How many are shown; half of them real.", " questions")
        self.count.setSingleStep(2)
        self.seed = self._number("seed", (0, 9999), "Another seed: another draw, another order.", "")
        self.seed.setPrefix("Seed ")
        self.explanation = wrapping_label("explanation", self)
        self.start = QPushButton("Start", self)
        self.start.setObjectName("Start")
        self.resume = QPushButton("Go on", self)
        self.resume.setObjectName("Go on")
        self.resume.setToolTip("Go on with the test that was begun, where it was left.")
        self._arrange()
        self.pair.activated.connect(self._on_pair)
        self.kind.activated.connect(self._on_kind)
        self.start.clicked.connect(self.start_wanted)
        self.resume.clicked.connect(self.resume_wanted)
        self.set_population(None)
        self.set_resumable(False)

    def set_population(self, population: Population | None) -> None:
        """Offer what there is; nobody is told."""
        self._population = population
        titles = pair_titles(population)
        self._pairs = list(titles)
        self.pair.clear()
        self.pair.addItems(list(titles.values()))
        self.start.setEnabled(bool(titles))
        self._show()

    def set_form(self, form: BlindForm) -> None:
        """Show a form; nobody is told."""
        self.form = form
        self._show()

    def set_resumable(self, possible: bool) -> None:
        """Offer to go on with a test."""
        self.resume.setVisible(possible)

    def _show(self) -> None:
        seen = self.form if self._population is None else self.form.seen(self._population)
        self.pair.setCurrentIndex(self._pairs.index(seen.pair) if seen.pair in self._pairs else -1)
        self.explanation.setText(explanation(self._population, seen.pair))
        self.kind.setCurrentIndex(self.kind.findData(seen.kind))
        for box, value in ((self.count, seen.count), (self.seed, seen.seed)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)

    def _change(self, **changes: Any) -> None:
        self.form = replace(self.form, **changes)
        self.changed.emit()

    def _on_pair(self, index: int) -> None:
        self._change(pair=self._pairs[index])
        self._show()

    def _on_kind(self, index: int) -> None:
        self._change(kind=self.kind.itemData(index))

    def _on_number(self, value: int) -> None:
        name = self.sender().objectName()
        self._change(**{name: value - value % 2 if name == "count" else value})

    def _arrange(self) -> None:
        upper, lower, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (upper, (self.pair, self.kind)),
            (lower, (self.count, self.seed)),
            (buttons, (self.start, self.resume)),
        ):
            row.setSpacing(4)
            for widget in widgets:
                row.addWidget(widget, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(upper)
        layout.addLayout(lower)
        layout.addWidget(self.explanation)
        layout.addLayout(buttons)
        layout.addStretch()

    def _box(self, name: str, question: str, tip: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(question)
        box.setToolTip(f"<qt>{question}: {tip}</qt>")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    def _number(self, name: str, limits: tuple[int, int], tip: str, suffix: str) -> QSpinBox:
        box = QSpinBox(self)
        box.setObjectName(name)
        box.setAccessibleName(tip)
        box.setToolTip(tip)
        box.setRange(*limits)
        box.setSuffix(suffix)
        box.valueChanged.connect(self._on_number)
        return box
