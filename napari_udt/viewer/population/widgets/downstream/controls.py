"""What is chosen for a downstream test: structures, rows, how real spectra are divided, seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from napari_udt.population.downstream_choices import possible_classes
from napari_udt.population.groups import Population
from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.population.downstream import NUMBERS, RULES, DownstreamForm, rule_title
from napari_udt.viewer.population.look import looks_of
from napari_udt.viewer.population.widgets.downstream.data_set_button import DataSetButton
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton

_RULE_TIP = (
    "<qt>How real spectra are divided into those to learn from and those to test on. By subject is best; blocks of the "
    "picture keep neighbouring pixels on one side; single spectra are fair only where they were drawn one by one.</qt>"
)


class DownstreamControls(QWidget):
    """Two rows of controls that show and change a form."""

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
        self.rule = self._rule_box()
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
        """Offer what there is; nobody is told."""
        self._population = population
        possible = () if population is None else possible_classes(population)
        looks = {} if population is None else looks_of(population)
        self.classes.set_picks([Pick(n, n.replace("_", " "), structure_colour(n)) for n in possible])
        self.rows.set_picks([Pick(name, look.title, look.style.colour) for name, look in looks.items()])
        self.rule.setItemText(0, rule_title(None, population))
        self._show()

    def set_form(self, form: DownstreamForm) -> None:
        """Show a form; nobody is told."""
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

    # -- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (upper, (self.classes, self.rows, self.data_sets)),
            (lower, (self.rule, self.seeds, self.division)),
        ):
            row.setSpacing(4)
            for widget in widgets:
                row.addWidget(widget, stretch=0 if isinstance(widget, QSpinBox) else 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(upper)
        layout.addLayout(lower)

    def _rule_box(self) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName("rule")
        box.setAccessibleName("Split of the real spectra")
        box.setToolTip(_RULE_TIP)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for rule, title in RULES.items():
            box.addItem(title, rule)
        return box

    def _number(self, name: str, title: str, tip: str) -> QSpinBox:
        box = QSpinBox(self)
        box.setObjectName(name)
        box.setAccessibleName(title)
        box.setToolTip(f"<qt>{title}: {tip}</qt>")
        box.setPrefix(f"{title} ")
        box.setRange(*NUMBERS[name])
        box.valueChanged.connect(self._on_number)
        return box
