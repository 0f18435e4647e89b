"""The tab "Differences": Fig. 5b, how far each group's median spectrum lies from the real one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.differences import Difference, Differences, differences
from napari_udt.population.groups import Population
from napari_udt.viewer.population.choices import label_of
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas, reused
from napari_udt.viewer.population.widgets.figures.structures import QUANTITIES
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.spectra.widgets.curve_items import pen
from napari_udt.viewer.style import Theme, readable

_HALF_WIDTH = 0.4  # of a violin, in units of the axis, on which violins are 1 apart
_OPACITY = 70  # of 255


class ViolinItems:
    """Outline, dots, mean line and curve of one group, reused for each figure."""

    def __init__(self, violins: pg.PlotItem, curves: pg.PlotItem) -> None:
        self._outline = pg.PlotCurveItem(antialias=True)
        self._dots = pg.ScatterPlotItem(size=4, useCache=False)
        self._mean = pg.PlotCurveItem()
        self._curve = pg.PlotCurveItem(antialias=True)
        self._level = pg.PlotCurveItem()
        for item in (self._outline, self._dots, self._mean):
            violins.addItem(item)
        for item in (self._curve, self._level):
            curves.addItem(item)
        self._all = (self._outline, self._dots, self._mean, self._curve, self._level)

    def show(
        self,
        position: int,
        found: Difference,
        wavelengths_nm: NDArray[np.float64],
        appearance: GroupAppearance,
        theme: Theme,
    ) -> None:
        """Draw one group at a position along the axis."""
        colour = QColor(readable(appearance.style.colour, theme.background))
        fill = QColor(colour)
        fill.setAlpha(_OPACITY)
        for item in self._all:
            item.setVisible(True)
        if found.outline is None:
            self._outline.setVisible(False)
            width = np.zeros(len(found.values))
        else:
            reach = _HALF_WIDTH * found.outline.values / found.outline.values.max()
            x = np.concatenate([position - reach, position + reach[::-1], [position - reach[0]]])
            y = np.concatenate([found.outline.at, found.outline.at[::-1], [found.outline.at[0]]])
            self._outline.setData(x, y, pen=pg.mkPen(colour, width=1), brush=fill, fillLevel="enclosed")
            width = np.interp(found.values, found.outline.at, reach)
        self._dots.setData(position + 0.7 * width * spread(len(width)), found.values, brush=colour, pen=None)
        ends = np.array([position - _HALF_WIDTH, position + _HALF_WIDTH])
        dashed = pg.mkPen(theme.text, width=1.5, style=Qt.PenStyle.DashLine)
        self._mean.setData(ends, np.full(2, found.mean), pen=dashed)
        self._curve.setData(
            wavelengths_nm, found.values, pen=pen(colour.name(), appearance.style.dash, width=2)
        )
        faint = pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine)
        self._level.setData(wavelengths_nm[[0, -1]], np.full(2, found.mean), pen=faint)

    def hide(self) -> None:
        """Draw nothing."""
        for item in self._all:
            item.setVisible(False)


class DifferencesTab(FigureTab):
    """Violins at the left, the same numbers over the wavelength at the right, on one scale."""

    NAME = "differences"
    TITLE = "Differences"
    TIP = "|Median of the reference − median of the others| at each wavelength: violins, dots, dashed means (Fig. 5b)."

    def make(self, body: QWidget) -> None:
        """Two plots on one sheet."""
        self._items: list[ViolinItems] = []
        self._shown: list[Difference] = []
        self.canvas = self.figure_view = FigureCanvas("Differences of median spectra", parent=body)
        self.canvas.hovered.connect(self._on_hovered)
        self.violins = self.canvas.make_plot("|Difference of medians|")
        self.curves = self.canvas.make_plot("", "Wavelength [nm]")
        self.violins.setMouseEnabled(x=False)
        self.violins.showGrid(x=False, y=True, alpha=0.15)
        self.curves.setYLink(self.violins)
        self.canvas.ci.addItem(self.violins, 0, 0)
        self.canvas.ci.addItem(self.curves, 0, 1)
        self.canvas.ci.layout.setColumnStretchFactor(0, 2)
        self.canvas.ci.layout.setColumnStretchFactor(1, 3)
        for plot in (self.violins, self.curves):
            plot.getAxis("bottom").setHeight(44)
        fill(body, self.canvas)

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Differences]]:
        """Return the work that computes the differences of the chosen structure."""
        label, normalisation = label_of(population, self.choices), self.choices.normalised("l2")
        return (label, normalisation), partial(differences, population, label, normalisation)

    def draw(self, figure: Differences) -> None:
        """Draw the groups that are not hidden."""
        group_appearances = self.group_appearances
        self._shown = self.shown(figure.differences)
        self.canvas.set_theme(self.theme)
        pairs = reused(self._items, partial(ViolinItems, self.violins, self.curves), self._shown)
        for i, (items, found) in enumerate(pairs):
            items.show(i, found, figure.wavelengths_nm, group_appearances[found.group.name], self.theme)
        names = [group_appearances[d.group.name].style.word for d in self._shown]
        self.violins.getAxis("bottom").setTicks([list(enumerate(names))])
        self.violins.setLabel("left", f"|Difference of medians| ({QUANTITIES[figure.normalisation]})")
        self._fit(figure.wavelengths_nm)

    def _fit(self, wavelengths_nm: NDArray[np.float64]) -> None:
        self.violins.setXRange(-0.5, max(len(self._shown), 1) - 0.5, padding=0)
        self.curves.setXRange(float(wavelengths_nm[0]), float(wavelengths_nm[-1]), padding=0.02)
        self.violins.setYRange(0, highest_shown(self._shown), padding=0.02)

    def _on_hovered(self, plot: pg.PlotItem | None, x: float, y: float) -> None:
        figure: Differences | None = self.figure
        if figure is None or plot is None or not self._shown:
            self.message.emit("")
            return
        if plot is self.violins:
            place = int(np.clip(round(x), 0, len(self._shown) - 1))
            at = int(np.abs(self._shown[place].values - y).argmin())
            chosen: Sequence[Difference] = [self._shown[place]]
        else:
            at = int(np.abs(figure.wavelengths_nm - x).argmin())
            chosen = self._shown
        group_appearances = self.group_appearances
        parts = [
            f"{group_appearances[d.group.name].short} {d.values[at]:.4g} (mean {d.mean:.4g})" for d in chosen
        ]
        self.message.emit(f"{figure.wavelengths_nm[at]:.4g} nm: {', '.join(parts)}")


def spread(count: int) -> NDArray[np.float64]:
    """Return offsets between -1 and 1 that look random and are always the same (a golden-ratio sequence)."""
    return np.asarray(2 * ((np.arange(count) * 0.6180339887) % 1.0) - 1, dtype=np.float64)


def highest_shown(found: Sequence[Difference]) -> float:
    """Return the end of the axis: above every dot and every violin; 1 where nothing is drawn."""
    tops = [d.values.max() if d.outline is None else max(d.values.max(), d.outline.at[-1]) for d in found]
    return float(max(tops, default=1.0)) or 1.0
