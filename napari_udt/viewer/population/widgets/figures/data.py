"""The tab "Data": sources and values of the groups, and the number of spectra of each structure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

from napari_udt.population.groups import Population
from napari_udt.population.summary import Summary, summary
from napari_udt.viewer.population.group_tables import class_table, group_table
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.population.widgets.table import NumberTable, Row
from napari_udt.viewer.qt.fields import fill


class DataTab(FigureTab):
    """Sources, origins, value ranges, wavelengths and class balance."""

    NAME = "data"
    TITLE = "Data"
    TIP = "Where the spectra come from, how many there are of each structure, their wavelengths and values."

    def make(self, body: QWidget) -> None:
        """Make two tables: of the groups, and of the structures in them."""
        self._bars: dict[tuple[str, int], tuple[float, str]] = {}  # structure, column -> share, colour
        self.groups = NumberTable("Groups of spectra", parent=body)
        self.classes = NumberTable("Spectra of each structure", parent=body)
        self.classes.setToolTip("Number of spectra of each structure; bars show its share in the domain.")
        splitter = QSplitter(Qt.Orientation.Vertical, body)
        splitter.addWidget(self.groups)
        splitter.addWidget(self.classes)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([200, 200])
        fill(body, splitter)

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Summary]]:
        """Return the work that computes the summary of all groups."""
        return (), partial(summary, population)

    def draw(self, figure: Summary) -> None:
        """Fill both tables."""
        group_appearances = self.group_appearances
        titles = [group_appearances[group.name].short for group in figure.groups]
        table = class_table(figure, titles)
        self._bars = {
            (str(row[0]), column): (float(share), group_appearances[group.name].style.colour)
            for column, group in enumerate(figure.groups, start=1)
            for row, share in zip(table.rows, group.shares, strict=False)
        }
        self.groups.show_table(group_table(figure, titles))
        self.classes.show_table(table, self._tooltip, self._bar)

    @property
    def statement(self) -> str:
        """The wavelengths."""
        figure: Summary | None = self.figure
        return "" if figure is None else f"{figure.grid}."

    def _bar(self, column: int, row: Row) -> tuple[float, str] | None:
        return self._bars.get((str(row[0]), column))

    def _tooltip(self, column: int, row: Row) -> str:
        bar = self._bar(column, row)
        return str(row[column]) if bar is None else f"{bar[0]:.2%} of the spectra with a known structure"
