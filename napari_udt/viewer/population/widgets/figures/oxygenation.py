"""The tab "sO₂": distributions of oxygen saturation before and after a transfer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QSplitter, QWidget

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.density import Density
from napari_udt.population.groups import Population
from napari_udt.population.oxygenation import Oxygenations, Saturations, oxygenations
from napari_udt.population.tables import Table
from napari_udt.viewer.population.choices import label_of
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas, reused
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.population.widgets.table import NumberTable
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.spectra.widgets.curve_items import pen
from napari_udt.viewer.style import Theme, readable

_OPACITY = 45  # of 255
_PER_CENT = 100.0
_TIPS = {
    "estimate, median [%]": "By linear unmixing of each spectrum: an estimate for the eye, not a measurement.",
    "simulated, median [%]": "What the simulation put into these pixels; a transfer should not move it.",
    "mean error [%]": "Estimate minus simulated saturation, in percentage points.",
    "with blood": "Spectra in which unmixing finds haemoglobin.",
}


class SaturationItems:
    """Density of the estimates, filled, and of what was simulated, dashed."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._estimated = pg.PlotCurveItem(antialias=True)
        self._known = pg.PlotCurveItem(antialias=True)
        for item in (self._estimated, self._known):
            plot.addItem(item)

    def show(self, found: Saturations, appearance: GroupAppearance, theme: Theme) -> None:
        """Draw one group."""
        colour = QColor(readable(appearance.style.colour, theme.background))
        fill = QColor(colour)
        fill.setAlpha(_OPACITY)
        _set(self._estimated, found.density, pen=pen(colour.name(), (), width=2), fillLevel=0.0, brush=fill)
        dotted = pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)
        _set(self._known, found.known_density, pen=dotted)

    def hide(self) -> None:
        """Draw nothing."""
        for item in (self._estimated, self._known):
            item.setVisible(False)


class OxygenationTab(FigureTab):
    """Densities above, medians and errors below."""

    NAME = "oxygenation"
    TITLE = "sO₂"
    TIP = "Oxygen saturation before and after the transfer, estimated by unmixing, beside what was simulated."

    def make(self, body: QWidget) -> None:
        """Make a plot and a table."""
        self._items: list[SaturationItems] = []
        self.canvas = self.figure_view = FigureCanvas("Oxygen saturation", parent=body)
        self.canvas.hovered.connect(self._on_hovered)
        self.plot = self.canvas.make_plot("Density [1/%]", "Oxygen saturation [%]")
        self.plot.setMouseEnabled(y=False)
        self.canvas.ci.addItem(self.plot, 0, 0)
        self.numbers = NumberTable("Oxygen saturation in numbers", _TIPS, parent=body)
        splitter = QSplitter(Qt.Orientation.Vertical, body)
        splitter.addWidget(self.canvas)
        splitter.addWidget(self.numbers)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([260, 120])
        fill(body, splitter)

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Oxygenations]]:
        """Return the work that computes the saturations of the chosen structure."""
        label = label_of(population, self.choices)
        return label, partial(oxygenations, population, label)

    def draw(self, figure: Oxygenations) -> None:
        """Draw the groups that are not hidden."""
        group_appearances = self.group_appearances
        self.canvas.set_theme(self.theme)
        shown = self.shown(figure.groups)
        for items, part in reused(self._items, partial(SaturationItems, self.plot), shown):
            items.show(part, group_appearances[part.group.name], self.theme)
        self.plot.setXRange(0, _PER_CENT, padding=0.02)
        self.plot.enableAutoRange(axis="y")
        self.numbers.show_table(_numbers(figure, group_appearances))

    def _on_hovered(self, plot: pg.PlotItem | None, x: float, _y: float) -> None:
        figure: Oxygenations | None = self.figure
        if figure is None or plot is None:
            self.message.emit("")
            return
        group_appearances = self.group_appearances
        parts = [
            f"{group_appearances[s.group.name].short} {np.interp(x / _PER_CENT, s.density.at, s.density.values) / _PER_CENT:.3g}"
            for s in self.shown(figure.groups)
            if s.density is not None
        ]
        self.message.emit(f"sO₂ {x:.1f} %: density {', '.join(parts)}" if parts else "")


def _set(item: pg.PlotCurveItem, found: Density | None, **style: object) -> None:
    item.setVisible(found is not None)
    if found is not None:
        item.setData(found.at * _PER_CENT, found.values / _PER_CENT, **style)


def _numbers(figure: Oxygenations, group_appearances: dict[str, GroupAppearance]) -> Table:
    """Return the table for the screen: in per cent, with the legend's words."""
    whole = figure.table()
    columns = (
        "group",
        "spectra",
        "with blood",
        "estimate, median [%]",
        "25 % [%]",
        "75 % [%]",
        "simulated, median [%]",
        "mean error [%]",
        "mean absolute error [%]",
    )
    rows = tuple(
        (
            group_appearances[str(name)].short,
            count,
            blood,
            *(_PER_CENT * float(v) for v in (median, low, high, known, error, absolute)),
        )
        for name, _, count, blood, low, median, high, known, error, absolute in whole.rows
    )
    return Table(whole.title, columns, rows, whole.notes)
