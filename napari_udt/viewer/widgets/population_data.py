"""The tab "Data": what is compared, in numbers, and how many spectra there are of each structure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from napari_udt.population.summary import Summary, summary
from napari_udt.population.tables import Table
from napari_udt.viewer.widgets.population_tab import FigureTab
from napari_udt.viewer.widgets.population_table import NumberTable

_TIPS = {
    "part": "The part that it plays in the comparison: the role of its cube.",
    "origin": "Where the data come from, said honestly.",
    "spectra before sub-sampling": "At most 50,000 spectra of a structure and cube are drawn from these.",
    "1 % quantile": "One spectrum value in a hundred is smaller. In the values of the source, not normalised.",
    "class unknown": "Spectra of pixels without a label.",
}


class DataTab(FigureTab):
    """Sources, origins, value ranges, wavelengths and class balance."""

    NAME = "data"
    TITLE = "Data"
    TIP = "Where the spectra come from, how many there are of each structure, their wavelengths and values."

    def make(self, body: QWidget) -> None:
        """Two tables: the groups, and the structures in them."""
        self.groups, self.classes = NumberTable(_TIPS, parent=body), NumberTable(parent=body)
        self.groups.setAccessibleName("Groups of spectra")
        self.classes.setAccessibleName("Spectra of each structure")
        splitter = QSplitter(Qt.Orientation.Vertical, body)
        splitter.addWidget(self.groups)
        splitter.addWidget(self.classes)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([140, 260])
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def request(self) -> tuple[Hashable, Callable[[], Summary]] | None:
        """Ask for the summary of all groups."""
        return None if self.population is None else ((), partial(summary, self.population))

    def draw(self, figure: Summary) -> None:
        """Fill both tables."""
        whole = figure.table()
        kept = [
            i for i, name in enumerate(whole.columns) if name not in (*figure.class_names, "class unknown")
        ]
        rows = tuple(tuple(row[i] for i in kept) for row in whole.rows)
        self.groups.show_table(Table("Groups", tuple(whole.columns[i] for i in kept), rows))
        self.classes.show_table(class_table(figure))

    @property
    def statement(self) -> str:
        """The wavelengths, and what was left out."""
        figure: Summary | None = self.figure
        return "" if figure is None else f"{figure.grid}."


def class_table(figure: Summary) -> Table:
    """Return one row per structure with its number of spectra, and its share, in each group."""
    columns = ["structure"]
    for group in figure.groups:
        columns += [group.name, "%"]
    rows = [
        (name, *(cell for g in figure.groups for cell in (int(g.counts[i]), 100 * float(g.shares[i]))))
        for i, name in enumerate(figure.class_names)
    ]
    if any(g.unknown for g in figure.groups):
        rows.append(("class unknown", *(cell for g in figure.groups for cell in (g.unknown, float("nan")))))
    return Table("Spectra of each structure", tuple(columns), tuple(rows))
