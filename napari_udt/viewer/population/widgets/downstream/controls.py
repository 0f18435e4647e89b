"""Choices of a downstream test: structures, groups, split of the real spectra, seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSpinBox, QWidget

from napari_udt.population.appearance import appearances
from napari_udt.population.downstream_choices import possible_classes
from napari_udt.population.groups import Population
from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.population.downstream import NUMBERS, RULES, DownstreamForm, rule_title
from napari_udt.viewer.population.widgets.downstream.data_set_button import DataSetButton
from napari_udt.viewer.qt.fields import combo_box, fill, row_of, spin_box
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton

_RULE_TIP = (
    "How reference spectra are divided into those to learn from and those to test on. By subject is best; blocks of the "
    "picture keep neighbouring pixels on one side; single spectra are fair only where they were drawn one by one."
)


class DownstreamControls(QWidget):
    """Form of a downstream test."""

    changed = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = DownstreamForm()
        self._population: Population | None = None
        self.classes = PickButton(
            "classes",
            "Structures",
            "Structures to tell apart; those of the paper's experiment unless you tick others.",
            parent=self,
        )
        self.rows = PickButton("rows", "Train on", "Groups to learn from: one row each.", parent=self)
        self.data_sets = DataSetButton(parent=self)
        self.rule = combo_box("rule", "Split of the reference spectra", _RULE_TIP, self, RULES)
        self.seeds = self._number("seeds", "Seeds", "Each seed: another draw of spectra and another forest.")
        self.division = self._number(
            "division",
            "Division",
            "Another number holds out other subjects or blocks: see how much the scores owe to the split.",
        )
        self._arrange()
        self.classes.chosen.connect(self._on_chosen)
        self.rows.chosen.connect(self._on_chosen)
        self.rule.activated.connect(self._on_rule)
        self._show()

    def set_population(self, population: Population | None) -> None:
        """Offer structures and groups of a population; no signal is emitted."""
        self._population = population
        possible = () if population is None else possible_classes(population)
        group_appearances = {} if population is None else appearances(population)
        self.classes.set_picks([Pick(n, n.replace("_", " "), structure_colour(n)) for n in possible])
        self.rows.set_picks(
            [
                Pick(name, appearance.title, appearance.style.colour)
                for name, appearance in group_appearances.items()
            ]
        )
        self.rule.setItemText(0, rule_title(None, population))
        self._show()

    def set_form(self, form: DownstreamForm) -> None:
        """Show a form; no signal is emitted."""
        self.form = form
        self._show()

    def _show(self) -> None:
        seen = self.form if self._population is None else self.form.ticked(self._population)
        self.classes.set_ticked(seen.classes or ())
        self.rows.set_ticked(seen.rows or ())
        self.rule.setCurrentIndex(self.rule.findData(seen.rule))
        for box in (self.seeds, self.division):
            box.blockSignals(True)
            box.setValue(getattr(seen, box.objectName()))
            box.blockSignals(False)

    def _change(self, **changes: Any) -> None:
        self.form = replace(self.form, **changes)
        self.changed.emit()

    def _on_chosen(self, option: str, values: tuple[str, ...]) -> None:
        self._change(**{option: values})

    def _on_rule(self, index: int) -> None:
        self._change(rule=self.rule.itemData(index))

    def _on_number(self, value: int) -> None:
        self._change(**{self.sender().objectName(): value})

    def _arrange(self) -> None:
        numbers = row_of(self.rule, self.seeds, self.division, equal=False)
        numbers.setStretch(0, 1)
        fill(self, row_of(self.classes, self.rows, self.data_sets), numbers)

    def _number(self, name: str, title: str, tooltip: str) -> QSpinBox:
        box = spin_box(name, title, tooltip, self, NUMBERS[name])
        box.setPrefix(f"{title} ")
        box.valueChanged.connect(self._on_number)
        return box
