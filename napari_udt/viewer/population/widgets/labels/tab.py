"""The tab "Labels": whether transferred pixels still look like what their labels say."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from qtpy.QtGui import QColor

from napari_udt.population.groups import Population
from napari_udt.population.label_audit import LabelAudit, audit_labels
from napari_udt.population.tables import Table
from napari_udt.viewer.layers.layer_data import structure_colours
from napari_udt.viewer.layers.overlays.pictures import SpectralMap
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.population.widgets.table import NumberTable
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.state.jobs import Report

_RUN = "Audit labels"
_HINT = (
    "A classifier is trained on the reference, without some of its subjects or blocks, and predicts every transferred pixel. Where it "
    "sees another structure than the label says, the label flips."
)
_TIPS = {
    "label kept": "Share of the structure's pixels that the classifier takes for it after the transfer.",
    "kept before": "The same for the simulated pixels.",
    "kept in reference": "The same for reference spectra that were held out: what can be hoped for.",
    "structure": "Its colour is that of the map of flips.",
    "growth": "Pixels that are taken for the structure over pixels that bear its label.",
}


class LabelsTab(PopulationTab):
    """Predicts transferred pixels by a classifier of the reference, and maps what changed its label."""

    NAME = "labels"
    TITLE = "Labels"
    TIP = "Whether a classifier of the reference still sees in transferred pixels what their labels say."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audit: LabelAudit | None = None
        self._audited: Population | None = None
        self._running_on: Population | None = None
        self.task = TaskRow(_RUN, f"{_HINT} Takes seconds to minutes.", parent=self)
        self.map_button = push_button(
            "Map of flips",
            "Show what pixels are taken for where that is not their label, over the transferred pictures.",
            self,
        )
        self.rows = NumberTable("Audit of labels", _TIPS, parent=self)
        self.rows.setToolTip("What became of the labels of each structure; shares are fractions.")
        self.hint = wrapping_label("hint", self)
        self.hint.setText(_HINT)
        top = row_of(self.task, self.map_button, equal=False)
        top.setStretch(0, 1)
        fill(self, top, self.hint, self.rows, stretched=self.rows)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_succeeded)
        self.task.ended.connect(self.message)
        self.map_button.clicked.connect(self._on_map)
        self._show()

    @property
    def busy(self) -> bool:
        """Whether an audit is running."""
        return self.task.running

    @property
    def statement(self) -> str:
        """What was found, and how the reference was divided."""
        if self.audit is None:
            return ""
        outdated = "" if self._audited is self.population else "Of the cubes before. "
        return f"{outdated}{self.audit.statement} {self.audit.split}"

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Keep the audit until the next one; it says when it is of other cubes."""
        super().set_population(population, choices)
        self._show()

    def table(self) -> Table | None:
        """Return the audit's rows."""
        return None if self.audit is None else self.audit.table()

    @property
    def finding(self) -> LabelAudit | None:
        """The audit, if it belongs to the population that is shown."""
        return self.audit if self._audited is self.population else None

    def stop(self) -> None:
        """End an audit that is running."""
        self.task.cancel()

    def _on_wanted(self) -> None:
        if self.population is not None:
            self._running_on = self.population
            self.task.start(partial(_audited, self.population))

    def _on_succeeded(self, audit: LabelAudit) -> None:
        self.audit, self._audited = audit, self._running_on
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        self.hint.setVisible(self.audit is None)
        self.rows.setVisible(self.audit is not None)
        self.map_button.setEnabled(self.finding is not None and bool(self.finding.flips))
        if self.audit is not None:
            colours = dict(zip(self.audit.classes, class_colours(self.audit), strict=True))
            self.rows.show_table(
                self.audit.table(),
                decoration=lambda place, row: None if place else QColor(colours[str(row[0])]),
            )

    def _on_map(self) -> None:
        if self.audit is None or self.population is None:
            return
        for group in self.population.groups:
            if group.cube is not None and group.name in self.audit.flips:
                self.session.map_requested.emit(group.cube, flip_map(self.audit, group.name))


def class_colours(audit: LabelAudit) -> tuple[str, ...]:
    """Return the colours (hex) of the classes in the map."""
    return structure_colours([name.replace("_", " ") for name in audit.classes])


def flip_map(audit: LabelAudit, group: str) -> SpectralMap:
    """Return the map of what the pixels of a group are taken for where that is not their label."""
    flips = audit.flips[group]
    names = tuple(name.replace("_", " ") for name in audit.classes)
    values = np.where(flips >= 0, flips, np.nan).astype(np.float32)
    return SpectralMap("taken for", "1", values, (-0.5, len(names) - 0.5), class_colours(audit), names)


def _audited(population: Population, report: Report) -> LabelAudit:
    return audit_labels(population, progress=report)
