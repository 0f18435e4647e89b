"""Start page of a reader study with its choices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QLineEdit, QMenu, QSizePolicy, QSpinBox, QToolButton, QWidget

from napari_udt.population.groups import Population
from napari_udt.population.reader_study.stimuli import tissues
from napari_udt.viewer.population.reader_study import (
    COUNTS,
    DISPLAYS,
    KINDS,
    MOST_SEEDS,
    TASKS,
    StudyForm,
    explanation,
    pair_titles,
)
from napari_udt.viewer.qt.fields import combo_box, fill, push_button, row_of, spin_box
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.qt.stable_label import wrapping_label


class StudyStart(QWidget):
    """Form of a reader study, with buttons that begin one, go on with one, and join the answers of readers."""

    changed = Signal()
    resume_wanted = Signal()
    save_wanted = Signal()
    open_wanted = Signal()
    join_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = StudyForm()
        self._population: Population | None = None
        self._pairs: list[tuple[str, str]] = []
        self._make_choices()
        self.explanation = wrapping_label("explanation", self)
        self.task_row = TaskRow("Start", "Draw the questions with these choices, and begin.", parent=self)
        self.resume = push_button("Go on", "Go on with the reading that was begun.", self)
        self.save_button = push_button(
            "Save study...",
            "Draw the questions and write them into a file, for readers who have no cubes: all of them answer the same.",
            self,
        )
        self.open_button = push_button("Open study...", "Answer the questions in the file of a study.", self)
        self.join_button = push_button(
            "Join readers...",
            "Show the result of several readers from the files of their answers: what they recognised, and whether they agree.",
            self,
        )
        self._arrange()
        self._connect()
        self.set_population(None)
        self.set_resumable(False)

    def set_population(self, population: Population | None) -> None:
        """Offer the pairs of a population; no signal is emitted."""
        self._population = population
        titles = pair_titles(population)
        self._pairs = list(titles)
        self.pair.clear()
        self.pair.addItems(list(titles.values()))
        self._show()

    def set_form(self, form: StudyForm) -> None:
        """Show a form; no signal is emitted."""
        self.form = form
        self._show()

    def set_resumable(self, possible: bool) -> None:
        """Offer to go on with a reading."""
        self.resume.setVisible(possible)

    def _show(self) -> None:
        population = self._population
        seen = self.form if population is None else self.form.seen(population)
        self.pair.setCurrentIndex(self._pairs.index(seen.pair) if seen.pair in self._pairs else -1)
        self.explanation.setText(explanation(population, seen))
        for box, choice in ((self.task, seen.task), (self.display, seen.display), (self.kind, seen.kind)):
            box.setCurrentIndex(box.findData(choice))
        for number, value in ((self.count, seen.count), (self.seed, seen.seed)):
            number.blockSignals(True)
            number.setValue(value)
            number.blockSignals(False)
        self.count.setSingleStep(2 if seen.display == "one" else 1)
        if self.reader.text() != seen.reader:
            self.reader.setText(seen.reader)
        offered = () if population is None else tissues(population, seen.pair)
        self._menu.clear()
        for name in offered:
            action = QAction(name.replace("_", " "), self._menu)
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name in seen.structures)
            self._menu.addAction(action)
        self.structures.setEnabled(bool(offered))
        chosen = [name.replace("_", " ") for name in seen.structures]
        every = "all structures" if len(chosen) == len(offered) else f"{len(chosen)} structures"
        self.structures.setText(", ".join(chosen) if 0 < len(chosen) < 4 else every)
        for button in (self.task_row.button, self.save_button):
            button.setEnabled(bool(self._pairs) or self.task_row.running)

    def _change(self, **changes: Any) -> None:
        self.form = replace(self.form, **changes)
        self._show()
        self.changed.emit()

    def _on_number(self, value: int) -> None:
        name = self.sender().objectName()
        odd = name == "count" and self.form.display == "one" and value % 2
        self._change(**{name: value - 1 if odd else value})

    def _on_structure(self, action: QAction) -> None:
        chosen = tuple(str(own.data()) for own in self._menu.actions() if own.isChecked())
        self._change(structures=chosen)

    # -- building ---------------------------------------------------------------------------------

    def _make_choices(self) -> None:
        self.pair = combo_box("pair", "Pair", "Transferred cubes against a reference.", self)
        self.task = combo_box(
            "task",
            "Task",
            "What is asked: whether a spectrum or picture is real; which structure it is, so that one sees whether transferred "
            "ones are recognised as well as real ones; or how realistic it looks, from 1 to 5.",
            self,
            TASKS,
        )
        self.display = combo_box(
            "display",
            "Display",
            "One at a time, or a real and a transferred one beside each other.",
            self,
            DISPLAYS,
        )
        self.kind = combo_box(
            "kind",
            "Kind",
            "Single L2-normalised spectra, as often of each structure, or square cut-outs of the pictures at the slider's "
            "wavelength, each with its own contrast, mirrored at random.",
            self,
            KINDS,
        )
        self.count = self._number(
            "count", "Questions", "How many there are; one by one, half are real.", COUNTS
        )
        self.count.setSuffix(" questions")
        self.seed = self._number(
            "seed", "Seed", "Another seed: another draw, another order.", (0, MOST_SEEDS)
        )
        self.seed.setPrefix("Seed ")
        self.structures = QToolButton(self)
        self.structures.setObjectName("structures")
        self.structures.setAccessibleName("Structures")
        self.structures.setToolTip("<qt>Structures: those that are shown, or asked for.</qt>")
        self.structures.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.structures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._menu = QMenu(self.structures)
        self.structures.setMenu(self._menu)
        self.reader = QLineEdit(self)
        self.reader.setObjectName("reader")
        self.reader.setAccessibleName("Reader")
        self.reader.setPlaceholderText("Reader (optional)")
        self.reader.setToolTip(
            "<qt>Who answers: each name sees the questions in an order of its own, and stands in the file of the answers. A "
            "pseudonym will do.</qt>"
        )

    def _arrange(self) -> None:
        asked = row_of(self.task, self.display, self.kind)
        numbers = row_of(self.count, self.seed, self.structures)
        start = row_of(self.task_row, self.resume, equal=False)
        start.setStretch(0, 1)
        files = row_of(self.save_button, self.open_button, self.join_button)
        whose = row_of(self.pair, self.reader)
        fill(self, whose, asked, numbers, self.explanation, start, files).addStretch()

    def _connect(self) -> None:
        self.pair.activated.connect(lambda index: self._change(pair=self._pairs[index]))
        for box in (self.task, self.display, self.kind):
            box.activated.connect(self._on_choice)
        self.reader.editingFinished.connect(self._on_reader)
        self._menu.triggered.connect(self._on_structure)
        self.resume.clicked.connect(self.resume_wanted)
        self.save_button.clicked.connect(self.save_wanted)
        self.open_button.clicked.connect(self.open_wanted)
        self.join_button.clicked.connect(self.join_wanted)

    def _on_choice(self, index: int) -> None:
        box = self.sender()
        changes = {box.objectName(): box.itemData(index)}
        if changes.get("task") == "structure":
            changes["display"] = "one"
        if changes.get("display") == "pair" and self.form.task == "structure":
            changes["task"] = "origin"
        if "task" in changes:
            changes["structures"] = ()
        self._change(**changes)

    def _on_reader(self) -> None:
        if self.reader.text() != self.form.reader:
            self._change(reader=self.reader.text())

    def _number(self, name: str, title: str, tooltip: str, limits: tuple[int, int]) -> QSpinBox:
        box = spin_box(name, title, tooltip, self, limits)
        box.valueChanged.connect(self._on_number)
        return box
