"""Start page of a blind test with its choices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSpinBox, QWidget

from napari_udt.population.groups import Population
from napari_udt.viewer.population.blind_test import COUNTS, KINDS, BlindForm, explanation, pair_titles
from napari_udt.viewer.qt.fields import combo_box, fill, push_button, row_of, spin_box
from napari_udt.viewer.qt.stable_label import wrapping_label


class BlindStart(QWidget):
    """Form of a blind test, with buttons that start a test or continue one."""

    changed = Signal()
    start_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = BlindForm()
        self._population: Population | None = None
        self._pairs: list[tuple[str, str]] = []
        self.pair = combo_box("pair", "Pair", "A transferred cube against a reference.", self)
        self.kind = combo_box(
            "kind",
            "Kind",
            "Single L2-normalised spectra, as often of each structure, or square cut-outs of the pictures at the slider's "
            "wavelength, each with its own contrast, mirrored at random.",
            self,
            KINDS,
        )
        self.count = self._number("count", "Questions", "How many are shown; half of them real.", COUNTS)
        self.count.setSingleStep(2)
        self.count.setSuffix(" questions")
        self.seed = self._number("seed", "Seed", "Another seed: another draw, another order.", (0, 9999))
        self.seed.setPrefix("Seed ")
        self.explanation = wrapping_label("explanation", self)
        self.start = push_button("Start", "Start a test with these choices.", self)
        self.resume = push_button("Go on", "Continue the test that was begun.", self)
        self._arrange()
        self.pair.activated.connect(self._on_pair)
        self.kind.activated.connect(self._on_kind)
        self.start.clicked.connect(self.start_wanted)
        self.resume.clicked.connect(self.resume_wanted)
        self.set_population(None)
        self.set_resumable(False)

    def set_population(self, population: Population | None) -> None:
        """Offer the pairs of a population; no signal is emitted."""
        self._population = population
        titles = pair_titles(population)
        self._pairs = list(titles)
        self.pair.clear()
        self.pair.addItems(list(titles.values()))
        self.start.setEnabled(bool(titles))
        self._show()

    def set_form(self, form: BlindForm) -> None:
        """Show a form; no signal is emitted."""
        self.form = form
        self._show()

    def set_resumable(self, possible: bool) -> None:
        """Offer to continue a test."""
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
        choices, numbers = row_of(self.pair, self.kind), row_of(self.count, self.seed)
        fill(self, choices, numbers, self.explanation, row_of(self.start, self.resume)).addStretch()

    def _number(self, name: str, title: str, tooltip: str, limits: tuple[int, int]) -> QSpinBox:
        box = spin_box(name, title, tooltip, self, limits)
        box.valueChanged.connect(self._on_number)
        return box
