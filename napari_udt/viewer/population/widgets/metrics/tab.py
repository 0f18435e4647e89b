"""The tab "Metrics": measures of every group against the reference by structure, groups side by side."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from qtpy.QtWidgets import QWidget

from napari_udt.population.groups import Population
from napari_udt.population.measures import MeasureTable
from napari_udt.population.tables import Table
from napari_udt.viewer.population import measures as view
from napari_udt.viewer.population.choices import PopulationChoices, label_of
from napari_udt.viewer.population.measures import Numbers
from napari_udt.viewer.population.widgets.metrics.table import MeasureTableView
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import check_box, combo_box, fill, row_of, spin_box
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.state.settings import number_within

_RESAMPLES, _MOST_RESAMPLES = 200, 2000


class MetricsTab(FigureTab):
    """Quick measures at once; all of them, with bootstrap intervals, at the press of a button."""

    NAME = "metrics"
    TITLE = "Metrics"
    TIP = "Differences between the distributions in numbers, with intervals; what each means stands in its tooltip."

    def make(self, body: QWidget) -> None:
        """Make filters, the button, the table."""
        self._complete: tuple[Hashable, Numbers] | None = None  # key of the population, all measures
        self._computing: Hashable = None
        self._lines: tuple[view.MeasureLine, ...] = ()
        self.measure = combo_box(
            "measure", "Measure", "Show one measure, or all.", body, {"": view.ALL_MEASURES}
        )
        self.everywhere = check_box(
            "All structures", "Show every structure, not only the one that is chosen above.", body
        )
        self.resamples = spin_box(
            "resamples",
            "Bootstrap resamples",
            "How often the spectra are drawn again for the 95 % intervals; 0 for no intervals.",
            body,
            (0, _MOST_RESAMPLES),
            step=50,
        )
        self.resamples.setValue(_RESAMPLES)
        self.resamples.setSuffix(" resamples")
        self.task = TaskRow(
            "All with intervals",
            "Compute every measure, those that take longer included (MMD², Fréchet distance, classifier, what models say), "
            "with bootstrap intervals. It can be cancelled.",
            parent=body,
        )
        self.view = MeasureTableView(parent=body)
        self._arrange(body)
        self.measure.activated.connect(self._on_filter)
        self.everywhere.clicked.connect(self._on_filter)
        self.resamples.valueChanged.connect(self._on_filter)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_succeeded)
        self.task.ended.connect(self._on_ended)
        self.view.copied.connect(self.message)

    # -- interface of tabs -----------------------------------------------------------------------

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Any]]:
        """Return the work that computes the quick measures."""
        normalisation = self.choices.normalised("l2")
        return normalisation, partial(_quick, population, normalisation)

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Show the numbers of this population; filters work while measures are computed."""
        super().set_population(population, choices)
        if self.task.running and not super().busy:
            self._show()

    def draw(self, figure: Numbers) -> None:
        """Fill the table, with all measures where they were computed."""
        numbers = self._numbers()
        if numbers is None or self.population is None:
            return
        self._lines = view.lines_of(numbers)
        chosen, titles = self.measure.currentData(), view.measures_in(self._lines)
        self.measure.clear()
        self.measure.addItem(view.ALL_MEASURES, "")
        for key, title in titles.items():
            self.measure.addItem(title, key)
        self.measure.setCurrentIndex(max(self.measure.findData(chosen), 0))
        self._fill()

    @property
    def busy(self) -> bool:
        """Whether numbers are being computed."""
        return super().busy or self.task.running

    @property
    def statement(self) -> str:
        """The reference of the numbers."""
        numbers = self._numbers()
        return "" if numbers is None else view.statement(numbers, complete=numbers is not self.figure)

    def table(self) -> Table | None:
        """Return the lines that are shown."""
        numbers = self._numbers()
        return None if numbers is None else view.table(self.view.rows, self.view.groups, (self.statement,))

    def settings(self) -> dict[str, Any]:
        """Return the filters."""
        return {
            "measure": self.measure.currentData(),
            "all_structures": self.everywhere.isChecked(),
            "resamples": self.resamples.value(),
        }

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the filters."""
        box = self.resamples
        if (resamples := number_within(settings.get("resamples"), box.minimum(), box.maximum())) is not None:
            box.setValue(round(resamples))
        self.everywhere.setChecked(settings.get("all_structures") is True)
        self.measure.setCurrentIndex(max(self.measure.findData(settings.get("measure")), 0))

    @property
    def finding(self) -> MeasureTable | None:
        """All measures, if they belong to the population that is shown."""
        numbers = self._numbers()
        return None if numbers is None or numbers is self.figure else numbers.measures

    def stop(self) -> None:
        """End what is being computed."""
        self.task.cancel()

    # -- what happens -----------------------------------------------------------------------------

    def _arrange(self, body: QWidget) -> None:
        filters = row_of(self.measure, self.everywhere, equal=False)
        run = row_of(self.task, self.resamples, equal=False)
        for row in (filters, run):
            row.setStretch(0, 1)
        fill(body, filters, run, self.view, stretched=self.view)

    def _key(self) -> Hashable:
        return id(self.population), self.choices.normalised("l2")

    def _numbers(self) -> Numbers | None:
        """Return all measures where they were computed of what is shown, else the quick ones."""
        if self._complete is not None and self._complete[0] == self._key():
            return self._complete[1]
        return self.figure

    def _shown(self) -> list[view.MeasureLine]:
        if self.population is None:
            return []
        label = None if self.everywhere.isChecked() else label_of(self.population, self.choices)
        structure = None if label is None else self.population.class_names[label]
        return view.shown(self._lines, structure, self.measure.currentData() or "")

    def _fill(self) -> None:
        if self.population is not None:
            self.view.set_lines(self._shown(), view.columns_of(self.population, self.choices.hidden))

    def _on_filter(self, _value: object = None) -> None:
        self._fill()
        self.changed.emit()

    def _on_wanted(self) -> None:
        if self.population is not None:
            self._computing = self._key()
            normalisation = self.choices.normalised("l2")
            self.task.start(partial(_complete, self.population, normalisation, self.resamples.value()))

    def _on_succeeded(self, numbers: Numbers) -> None:
        self._complete = (self._computing, numbers)
        self._show()

    def _on_ended(self, sentence: str) -> None:
        self.message.emit(sentence)
        self.changed.emit()


def _quick(population: Population, normalisation: Any) -> Numbers:
    from napari_udt.population.functional import functional
    from napari_udt.population.measures import MeasureOptions, measure, measure_halves

    options = MeasureOptions(normalisation, view.QUICK, resamples=0)
    return Numbers(
        measure(population, options), measure_halves(population, options), indices=functional(population)
    )


def _complete(population: Population, normalisation: Any, resamples: int, report: Report) -> Numbers:
    from napari_udt.population.functional import functional
    from napari_udt.population.measures import MeasureOptions, measure, measure_halves
    from napari_udt.population.model_judge import ModelJudge
    from napari_udt.population.pictures import measure_pictures

    def go_on(_done: int, total: int) -> None:
        report(0, total)

    judge = ModelJudge(progress=go_on)
    pictures = measure_pictures(population, progress=go_on)
    options = MeasureOptions(normalisation, resamples=resamples, judge=judge)
    halves = measure_halves(population, options, go_on)
    return Numbers(measure(population, options, report), halves, pictures, functional(population))
