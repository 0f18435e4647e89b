"""The tab "Methods": every way of transfer in a row, what matters in columns, and the picture behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QFileDialog, QGraphicsView, QSplitter

from napari_udt.population.groups import Population
from napari_udt.population.methods.matrix import Method, MethodMatrix, Quality
from napari_udt.population.methods.of_cubes import methods_of
from napari_udt.population.methods.of_results import matrix_of_files
from napari_udt.population.tables import Table
from napari_udt.viewer.population import methods as view
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.methods.picture import KEY, MethodPicture
from napari_udt.viewer.population.widgets.tab import PopulationTab
from napari_udt.viewer.qt import table as qt
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.qt.jobs import TaskRow
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.state.jobs import Report
from napari_udt.viewer.style import Theme

_RUN = "Compare open cubes"
_HINT = (
    "Transfer a cube by several models and by methods that learn nothing, open a reference, and compare them all; or open results of "
    "napari-udt evaluate, of several trainings and test sets if there are."
)
_FILTER = "Results of evaluations (*.json)"
_WIDEST = 170  # pixels of the column of names


class MethodsTab(PopulationTab):
    """A matrix of methods and qualities, of the open cubes or of files; best and worst of each column are marked."""

    NAME = "methods"
    TITLE = "Methods"
    TIP = "All methods side by side in what matters, models beside rows that learn nothing."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.matrix: MethodMatrix | None = None
        self._source: Population | tuple[Path, ...] | None = None
        self._running_on: Population | tuple[Path, ...] | None = None
        self.task = TaskRow(
            _RUN,
            "Measure every transfer of the open cubes against the reference. Takes seconds to minutes; it can be cancelled.",
            parent=self,
        )
        self.open_button = push_button(
            "Open results...",
            "Show the numbers of one or several files that napari-udt evaluate wrote.",
            self,
        )
        self.rows = qt.Table(name="methods", title="Methods", key=_key, sorts=True, parent=self)
        self.picture = MethodPicture(parent=self)
        self.hint = wrapping_label("hint", self)
        self.hint.setText(_HINT)
        self.key = wrapping_label("key", self)
        self.key.setText(f"{view.KEY} {KEY}")
        self.parts = QSplitter(Qt.Orientation.Vertical, self)
        self.parts.addWidget(self.rows)
        self.parts.addWidget(self.picture)
        self.parts.setStretchFactor(1, 1)
        top = row_of(self.task, self.open_button, equal=False)
        top.setStretch(0, 1)
        fill(self, top, self.hint, self.key, self.parts, stretched=self.parts)
        self.task.wanted.connect(self._on_wanted)
        self.task.succeeded.connect(self._on_succeeded)
        self.task.ended.connect(self.message)
        self.open_button.clicked.connect(self._on_open)
        self.rows.selectionModel().currentChanged.connect(self._on_cell)
        self.rows.doubleClicked.connect(self._on_double_clicked)
        self._show()

    @property
    def busy(self) -> bool:
        """Whether methods are being compared."""
        return self.task.running

    @property
    def shows_without_cubes(self) -> bool:
        """Whether numbers are known; those of files need no cubes."""
        return self.matrix is not None

    @property
    def statement(self) -> str:
        """Which method leads, and what the numbers come from."""
        if self.matrix is None:
            return ""
        outdated = (
            "Of the cubes before. "
            if isinstance(self._source, Population) and self._source is not self.population
            else ""
        )
        return "\n".join((outdated + self.matrix.statement, *self.matrix.notes))

    def set_population(self, population: Population | None, choices: PopulationChoices) -> None:
        """Keep the matrix until the next one; it says when it is of other cubes."""
        super().set_population(population, choices)
        self._show()

    def set_theme(self, colours: Theme) -> None:
        """Draw in the colours of a theme."""
        super().set_theme(colours)
        self.picture.set_theme(colours)

    def table(self) -> Table | None:
        """Return all numbers."""
        return None if self.matrix is None else self.matrix.table()

    def drawing(self) -> QGraphicsView | None:
        """Return the picture behind the chosen number."""
        return self.picture.canvas if self.picture.lines else None

    def stop(self) -> None:
        """End what is being compared."""
        self.task.cancel()

    def show_results(self, paths: Sequence[Path]) -> None:
        """Read results of evaluations, beside the window, and show them."""
        self._running_on = tuple(paths)
        self.task.start(partial(_read, self._running_on))

    # -- what happens -----------------------------------------------------------------------------

    def _on_wanted(self) -> None:
        if self.population is not None:
            self._running_on = self.population
            self.task.start(partial(_compared, self.population))
        else:
            self.message.emit("Nothing to compare: open a reference and transferred cubes first.")

    def _on_open(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Results of evaluations", "", _FILTER)
        if names:
            self.show_results([Path(name) for name in names])

    def _on_succeeded(self, matrix: MethodMatrix) -> None:
        self.matrix, self._source = matrix, self._running_on
        self.rows.set_columns(_columns(matrix), matrix.methods)
        self.rows.fit_columns({0: _WIDEST})
        self._show()
        self._draw_first()
        self.changed.emit()

    def _draw_first(self) -> None:
        """Choose the cell of the first quality of the first transfer."""
        rows = [place for place, method in enumerate(self.rows.rows) if method.competes]
        if rows and self.matrix is not None and self.matrix.qualities:
            self.rows.setCurrentIndex(self.rows.table_model.index(rows[0], 1))

    def _on_cell(self, index: QModelIndex, _before: QModelIndex) -> None:
        quality = self._quality(index)
        if quality is not None and self.matrix is not None:
            self.picture.show_cell(self.matrix, quality, self.rows.rows[index.row()].name)
            self.changed.emit()

    def _on_double_clicked(self, index: QModelIndex) -> None:
        """Turn to the figure that a number of the open cubes sums up."""
        quality = self._quality(index)
        if quality is not None and quality.figure and self._source is self.population:
            self.figure_wanted.emit(quality.figure)

    def _quality(self, index: QModelIndex) -> Quality | None:
        place = index.column() - 1
        if self.matrix is None or not index.isValid() or not 0 <= place < len(self.matrix.qualities):
            return None
        return self.matrix.qualities[place]

    def _show(self) -> None:
        known = self.matrix is not None
        self.hint.setVisible(not known)
        self.key.setVisible(known)
        self.parts.setVisible(known)


def _columns(matrix: MethodMatrix) -> list[qt.Column]:
    name = qt.Column(
        "Method",
        lambda method: method.name,
        "Click to sort.",
        cell_tooltip=lambda method: f"{method.name}: {view.kind_text(method)}; {method.origin}",
        font=_font,
    )
    numbers = [
        qt.Column(
            quality.heading,
            partial(_text, matrix, quality),
            f"{quality.title[0].upper()}{quality.title[1:]}. {quality.better.capitalize()} is better. Click to sort.",
            cell_tooltip=partial(_tip, quality),
            exact=partial(_exact, quality),
            sort_key=partial(_value, quality),
            is_number=True,
        )
        for quality in matrix.qualities
    ]
    return [name, *numbers]


def _key(method: Method) -> str:
    return method.name


def _font(method: Method) -> QFont | None:
    font = QFont()
    font.setItalic(method.kind != "model")
    font.setBold(method.kind == "model")
    return font


def _text(matrix: MethodMatrix, quality: Quality, method: Method) -> str:
    return view.cell_text(matrix, method, quality)


def _tip(quality: Quality, method: Method) -> str:
    return view.cell_tip(method, quality)


def _exact(quality: Quality, method: Method) -> str:
    return f"{method.cell(quality).value:.9g}"


def _value(quality: Quality, method: Method) -> float:
    return method.cell(quality).value


def _compared(population: Population, report: Report) -> MethodMatrix:
    return methods_of(population, report)


def _read(paths: tuple[Path, ...], report: Report) -> MethodMatrix:
    report(0, 1)
    return matrix_of_files(paths)
