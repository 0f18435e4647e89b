"""The tab "Data": what is compared, in numbers, and how many spectra there are of each structure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from napari_udt.population.summary import Summary, summary
from napari_udt.viewer.population.group_tables import class_table, fact_table
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.population.widgets.table import NumberTable
from napari_udt.viewer.qt.share_delegate import COLOUR, SHARE, ShareDelegate


class DataTab(FigureTab):
    """Sources, origins, value ranges, wavelengths and class balance."""

    NAME = "data"
    TITLE = "Data"
    TIP = "Where the spectra come from, how many there are of each structure, their wavelengths and values."

    def make(self, body: QWidget) -> None:
        """Make two tables: facts of the groups, and the structures in them."""
        self.facts, self.classes = NumberTable(parent=body), NumberTable(parent=body)
        self.facts.setAccessibleName("Groups of spectra")
        self.classes.setAccessibleName("Spectra of each structure")
        self.classes.setItemDelegate(ShareDelegate(self.classes))
        self.classes.setToolTip("Number of spectra of each structure; bars show its share in the domain.")
        splitter = QSplitter(Qt.Orientation.Vertical, body)
        splitter.addWidget(self.facts)
        splitter.addWidget(self.classes)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([200, 200])
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def request(self) -> tuple[Hashable, Callable[[], Summary]] | None:
        """Ask for the summary of all groups."""
        return None if self.population is None else ((), partial(summary, self.population))

    def draw(self, figure: Summary) -> None:
        """Fill both tables."""
        looks = self.looks
        titles = [looks[group.name].short for group in figure.groups]
        self.facts.show_table(fact_table(figure, titles))
        self.classes.show_table(class_table(figure, titles))
        for column, group in enumerate(figure.groups, start=1):
            colour = looks[group.name].style.colour
            for row, share in enumerate(group.shares):
                item = self.classes.item(row, column)
                if item is not None:
                    item.setData(SHARE, float(share))
                    item.setData(COLOUR, colour)
                    item.setToolTip(f"{share:.2%} of the spectra with a known structure")

    @property
    def statement(self) -> str:
        """The wavelengths."""
        figure: Summary | None = self.figure
        return "" if figure is None else f"{figure.grid}."
