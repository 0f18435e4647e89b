"""The tab "Downstream": Table 1 of the paper on the open cubes, the paper's values beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QGraphicsView,
    QHeaderView,
    QStackedWidget,
)

from napari_udt.population.downstream import DownstreamResult, run_downstream
from napari_udt.population.downstream_choices import possible_classes
from napari_udt.population.downstream_files import save_downstream, table
from napari_udt.population.groups import Population
from napari_udt.population.tables import Table
from napari_udt.viewer.files.saving import saved
from napari_udt.viewer.population import downstream as view
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.downstream_sources import Sources, added, transferred
from napari_udt.viewer.population.widgets.downstream.confusion import ConfusionView
from napari_udt.viewer.population.widgets.downstream.controls import DownstreamControls
from napari_udt.viewer.population.widgets.downstream.table_and_matrix import TableAndMatrix
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.population.widgets.table import NumberTable, Row
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.state.jobs import Work
from napari_udt.viewer.style import Theme

_RUN = "Train and test"


class DownstreamTab(PopulationTab):
    """Trains random forests on each group and tests them on real spectra that were held out."""

    NAME = "downstream"
    TITLE = "Downstream"
    TIP = "What the spectra are worth for training a classifier (Table 1)."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.result: DownstreamResult | None = None
        self.sources = Sources()
        self._material: Population | None = None  # of the open cubes and the data set files
        self._tested: Population | None = None  # population of the result
        self._running_on: Population | None = None
        self._make_widgets()
        self._arrange()
        self.controls.changed.connect(self.changed)
        self.controls.data_sets.add_wanted.connect(self._on_add)
        self.controls.data_sets.transfer_wanted.connect(self._on_transfer)
        self.controls.data_sets.clear_wanted.connect(self._on_clear)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_succeeded)
        self.task.ended.connect(self._on_ended)
        self.scores.selection_changed.connect(self._on_selected)
        self.save_button.clicked.connect(self._on_save)
        self._show()

    # -- interface of tabs ------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether forests are being trained."""
        return self.task.running

    @property
    def statement(self) -> str:
        """How the test was done."""
        if self.result is None:
            return ""
        known = () if self.population is None else self.population.notes  # shown by the dock
        return view.statement(self.result, outdated=self._tested is not self._material, without=known)

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Offer the structures and groups of a population; a result stays until the next one."""
        if population is not self.population:
            self._material = self.sources.beside(population)
        super().set_population(population, choices)
        self.controls.set_population(self._material)
        self._show()

    def set_theme(self, colours: Theme) -> None:
        """Draw the matrix in the colours of a theme."""
        super().set_theme(colours)
        self.matrix.set_theme(colours)

    def settings(self) -> dict[str, Any]:
        """Return the choices."""
        return self.controls.form.plain()

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the choices."""
        self.controls.set_form(view.form_from(settings))

    def table(self) -> Table | None:
        """Return all scores; those of the paper are marked."""
        return None if self.result is None else table(self.result)

    def drawing(self) -> QGraphicsView | None:
        """Return the confusion matrix."""
        return None if self.result is None else self.matrix

    @property
    def finding(self) -> DownstreamResult | None:
        """The result, if it belongs to the population that is shown."""
        return self.result if self._tested is self._material else None

    def stop(self) -> None:
        """End a test that is running."""
        self.task.cancel()

    # -- building ---------------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        self.controls = DownstreamControls(parent=self)
        self.task = TaskRow(
            _RUN,
            "Train a calibrated random forest on each group with each seed and test it on held-out reference spectra. It can be "
            "cancelled between two forests.",
            parent=self,
        )
        self.save_button = push_button(
            "Save JSON...", "Save every number, confusion matrices included, with its provenance.", self
        )
        papers = dict.fromkeys(view.PAPERS_TITLES, view.PAPERS_TIP)
        self.scores = NumberTable("Scores of the downstream test", view.TIPS | papers, parent=self)
        self.matrix = ConfusionView(parent=self)
        self._hint = wrapping_label("hint", self)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _arrange(self) -> None:
        both = TableAndMatrix(self.scores, self.matrix, "Confusion", parent=self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(both)
        row = row_of(self.task, both.switch, self.save_button, equal=False)
        row.setStretch(0, 1)
        fill(self, self.controls, row, self._pages, stretched=self._pages).setContentsMargins(0, 4, 0, 0)

    # -- what happens -----------------------------------------------------------------------------

    def _on_wanted(self) -> None:
        material = self._material
        if material is not None:
            self._running_on = material
            self._start(partial(run_downstream, material, self.controls.form.choices(material)))

    def _on_add(self, paths: Sequence[Path]) -> None:
        if self.population is not None:
            self._start(partial(added, self.sources, self.population, paths))

    def _on_transfer(self, model: str) -> None:
        self._start(partial(transferred, self.sources, model))

    def _on_clear(self) -> None:
        self._take(Sources())

    def _start(self, work: Work[Any]) -> None:
        self.message.emit("One thing at a time: wait, or cancel." if self.task.running else "")
        self.task.start(work)

    def _on_succeeded(self, found: DownstreamResult | Sources) -> None:
        if isinstance(found, Sources):
            self._take(found)
        else:
            self._show_result(found)

    def _take(self, sources: Sources) -> None:
        """Use these data sets from now on."""
        self.sources, self._material = sources, sources.beside(self.population)
        groups = 0 if sources.population is None else len(sources.population.groups)
        self.controls.data_sets.show_loaded(groups, sources.models)
        self.controls.set_population(self._material)
        self._show()

    def _show_result(self, result: DownstreamResult) -> None:
        self.result, self._tested = result, self._running_on
        self.scores.show_table(view.score_table(result), self._cell_tooltip)
        header = self.scores.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)  # who is who comes first
        self.scores.selectRow(0)
        self._show()

    def _on_ended(self, sentence: str) -> None:
        self._running_on = None
        self.message.emit(sentence)
        self.changed.emit()

    def _on_selected(self) -> None:
        if self.result is None:
            return
        rows = dict(zip(view.row_titles(self.result), self.result.rows, strict=True))
        for title in [str(row[0]) for row in self.scores.selected_rows()[:1]]:
            if title in rows:
                self.matrix.show_matrix(rows[title].shares, self.result.classes, view.matrix_title(title))

    def _cell_tooltip(self, column: int, row: Row) -> str:
        rows = (
            {}
            if self.result is None
            else dict(zip(view.row_titles(self.result), self.result.rows, strict=True))
        )
        computed = rows.get(str(row[0])) if column == 0 else None
        return str(row[column]) if computed is None else view.row_tip(computed)

    def _on_save(self) -> None:
        path = ask_save_path(self, "Save test", "downstream.json", "JSON (*.json)", self.message.emit)
        if path is not None and self.result is not None:
            self.message.emit(saved(partial(save_downstream, self.result), path))

    def _show(self) -> None:
        material = self._material
        possible = () if material is None else possible_classes(material)
        self._hint.setText(view.hint(material, possible, _RUN))
        self._pages.setCurrentIndex(0 if self.result is None else 1)
        self.save_button.setEnabled(self.result is not None)
        self.changed.emit()
