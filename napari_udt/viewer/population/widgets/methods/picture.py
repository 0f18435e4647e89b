"""The picture behind a cell: the number of every method with its interval, and that of every structure of one method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_udt.population.methods.matrix import Kind, MethodMatrix, Quality
from napari_udt.viewer.population.methods import IntervalLine, lines_of_methods, lines_of_structures
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.style import Theme, readable, theme

_ROW_HEIGHT, _PANEL_HEIGHT = 20, 52  # pixels, of a row and of what a panel has around its rows
# Okabe and Ito (2008): they differ to every eye.
_COLOURS: Mapping[Kind, str] = {
    "target": "#009e73",
    "simulated": "#8a8f98",
    "baseline": "#e69f00",
    "model": "#0072b2",
}
KEY = "Blue: fitted or trained; orange: learns nothing; grey, ○: simulated; dashed: target itself."


class MethodPicture(VerticalScrollArea):
    """Lines from top to bottom, in one panel for methods and one for structures."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        self.canvas = FigureCanvas("The chosen number of every method, with intervals", scrolls=True)
        super().__init__(self.canvas, parent)
        self._theme = theme("dark")
        self._shown: tuple[MethodMatrix, Quality, str] | None = None
        self.lines: list[IntervalLine] = []
        self.structures: list[IntervalLine] = []
        self.setMinimumHeight(90)

    def show_cell(self, matrix: MethodMatrix, quality: Quality, method: str) -> None:
        """Draw a number of all methods, and its parts in one of them."""
        self._shown = matrix, quality, method
        self.lines = lines_of_methods(matrix, quality, method)
        self.structures = lines_of_structures(matrix, quality, method)
        self.canvas.ci.clear()
        self.canvas.plots.clear()
        self.canvas.set_theme(self._theme)
        panels = [(self.lines, quality.heading)]
        if self.structures:
            panels.append((self.structures, f"{quality.heading} of {method}, by structure"))
        height = 0
        for place, (lines, title) in enumerate(panels):
            plot = self.canvas.make_plot(bottom=title, still=True)
            self._draw(plot, lines)
            self.canvas.addItem(plot, place, 0)
            self.canvas.ci.layout.setRowStretchFactor(place, len(lines) + 2)
            height += _ROW_HEIGHT * len(lines) + _PANEL_HEIGHT
        self.canvas.setMinimumHeight(height)

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        self._theme = colours
        self.canvas.set_theme(colours)
        if self._shown is not None:
            self.show_cell(*self._shown)

    def _draw(self, plot: pg.PlotItem, lines: Sequence[IntervalLine]) -> None:
        colours = self._theme
        for place, line in enumerate(lines):
            colour = readable(_COLOURS[line.kind], colours.background)
            if np.isfinite(line.high - line.low):
                plot.plot(
                    [line.low, line.high], [place, place], pen=pg.mkPen(colour, width=3 if line.chosen else 2)
                )
            if np.isfinite(line.before):
                plot.plot([line.before, line.value], [place, place], pen=pg.mkPen(colours.grid, width=2))
                ring = pg.mkPen(colours.text, width=1.5)
                plot.plot(
                    [line.before],
                    [place],
                    pen=None,
                    symbol="o",
                    symbolSize=9,
                    symbolBrush=None,
                    symbolPen=ring,
                )
            edge = colours.text if line.chosen else colour
            plot.plot(
                *([line.value], [place]),
                pen=None,
                symbol="o",
                symbolSize=11 if line.chosen else 8,
                symbolBrush=colour,
                symbolPen=edge,
            )
            if line.kind == "target":
                dashed = pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine)
                plot.addItem(pg.InfiniteLine(line.value, pen=dashed))
        plot.getAxis("left").setTicks([[(place, line.name) for place, line in enumerate(lines)]])
        plot.getAxis("left").setWidth(self._label_width(lines))
        plot.showGrid(x=True, y=False, alpha=0.15)
        plot.setYRange(-0.6, len(lines) - 0.4, padding=0)
        plot.setXRange(*_ends(lines), padding=0)
        plot.invertY(True)

    def _label_width(self, lines: Sequence[IntervalLine]) -> int:
        return 16 + max((self.fontMetrics().horizontalAdvance(line.name) for line in lines), default=0)


def _ends(lines: Sequence[IntervalLine]) -> tuple[float, float]:
    values = np.array([(line.value, line.low, line.high, line.before) for line in lines], float)
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    room = 0.06 * max(float(np.ptp(known)), 1e-3 * max(abs(float(known[0])), 1e-9))
    return float(known.min()) - room, float(known.max()) + room
