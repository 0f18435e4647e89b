"""Picture of a reader study's numbers: a mark and its interval for each, one panel for each scale."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_udt.population.reader_study.result import ALL, TITLES, Row, Scale, StudyResult, limits_of
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.style import Theme, readable, theme

_ROW_HEIGHT, _PANEL_HEIGHT = 20, 48  # pixels, of a row and of what a panel has around its rows
_ALL_COLOUR = "#0072b2"


class IntervalPlot(QScrollArea):
    """Rows from top to bottom; the dashed line is where readers who guess, or see no difference, would be."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme("dark")
        self._result: StudyResult | None = None
        self.canvas = FigureCanvas(
            "Numbers of the reader study with their intervals", scrolls=True, parent=self
        )
        self.setWidget(self.canvas)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setMinimumHeight(76)

    def show_result(self, result: StudyResult) -> None:
        """Draw these numbers and no others."""
        self._result = result
        self.canvas.ci.clear()
        self.canvas.plots.clear()
        height, width = 0, self._label_width(result)
        for place, (scale, rows) in enumerate(result.panels):
            plot = self.canvas.make_plot(bottom=TITLES[scale], still=True)
            self._draw(plot, result, scale, rows)
            plot.getAxis("left").setWidth(width)
            self.canvas.addItem(plot, place, 0)
            self.canvas.ci.layout.setRowStretchFactor(place, len(rows) + 1)
            height += _ROW_HEIGHT * len(rows) + _PANEL_HEIGHT
        self.canvas.setMinimumHeight(height)

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        self._theme = colours
        self.canvas.set_theme(colours)
        if self._result is not None:
            self.show_result(self._result)

    def _label_width(self, result: StudyResult) -> int:
        labels = [result.label(row) for _, rows in result.panels for row in rows]
        return 16 + max((self.fontMetrics().horizontalAdvance(label) for label in labels), default=0)

    def _draw(self, plot: pg.PlotItem, result: StudyResult, scale: Scale, rows: tuple[Row, ...]) -> None:
        colours = self._theme
        for place, row in enumerate(rows):
            own = row.reader == ALL or len(result.readings) == 1
            colour = readable(_ALL_COLOUR, colours.background) if own else colours.text
            found = row.estimate
            if np.isfinite(found.low):
                plot.plot([found.low, found.high], [place, place], pen=pg.mkPen(colour, width=2))
            plot.plot(
                [found.value],
                [place],
                pen=None,
                symbol="o",
                symbolSize=8,
                symbolBrush=colour,
                symbolPen=colour,
            )
            if np.isfinite(row.indifferent):
                pen = pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine)
                plot.plot([row.indifferent] * 2, [place - 0.5, place + 0.5], pen=pen)
        plot.getAxis("left").setTicks([[(place, result.label(row)) for place, row in enumerate(rows)]])
        plot.showGrid(x=True, y=False, alpha=0.15)
        plot.setYRange(-0.5, len(rows) - 0.5, padding=0)
        plot.setXRange(*limits_of(scale, rows), padding=0)
        plot.invertY(True)
