"""A confusion matrix: coloured cells with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont, QResizeEvent
from qtpy.QtWidgets import QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.population.widgets.figures.canvas import without_menu
from napari_udt.viewer.style import Theme, contrast_ratio, readable, theme

_LONGEST_NAME = 13  # characters beside and below the cells
_LONGEST_TITLE = 48  # a longer one would make the plot wider than the widget
_TITLE_HEIGHT, _MARGIN = 38, 12  # pixels
_CELL_FONT, _FONT = 9, 9  # points
_STEPS = 256
_INKS = ("#ffffff", "#000000")


class ConfusionView(pg.PlotWidget):
    """Share of each true structure's spectra that was taken for each structure, in per cent."""

    _names: tuple[str, ...] = ()  # Qt sends events to widgets under construction

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme("dark")
        self._shares: NDArray[np.float64] = np.zeros((0, 0))
        self._title = ""
        self._texts: list[pg.TextItem] = []
        self._image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self._image)
        self._set_up()

    def show_matrix(self, shares: NDArray[np.float64], names: Sequence[str], title: str) -> None:
        """Draw one matrix, rows are true structures, columns what they were taken for."""
        self._shares, self._title = shares, title
        self._names = tuple(name.replace("_", " ") for name in names)
        self._draw()

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        self._theme = colours
        self._draw()

    @property
    def cell_texts(self) -> list[list[str]]:
        """Numbers in the cells, row by row."""
        return [[f"{100 * share:.0f}" for share in row] for row in self._shares]

    def _set_up(self) -> None:
        plot = without_menu(self.getPlotItem(), self)
        box = plot.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.invertY(True)
        box.setDefaultPadding(0)
        plot.hideAxis("bottom")
        plot.layout.setContentsMargins(4, 4, 8, 4)
        self.setMinimumHeight(180)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _draw(self) -> None:
        self.setBackground(self._theme.background)
        plot, count = self.getPlotItem(), len(self._names)
        plot.setTitle(without_markup(self._title[:_LONGEST_TITLE]), color=self._theme.text, size="9pt")
        axis = plot.getAxis("left")
        axis.setPen(self._theme.background)
        axis.setTextPen(self._theme.text)
        axis.setStyle(tickFont=QFont(self.font().family(), _FONT), tickLength=0)
        axis.setLabel("true structure, 100 % a row", color=self._theme.text)
        axis.setTicks([[(i + 0.5, _short(name)) for i, name in enumerate(self._names)]])
        for text in self._texts:
            self.removeItem(text)
        self._texts = []
        self._image.setVisible(bool(count))
        if count:
            self._image.setLookupTable(self._colours())
            self._image.setImage(self._shares, levels=(0, 1))
            self._image.setRect(0, 0, count, count)
            self._write_cells()
            self._write_columns()
            self._fit()

    def _fit(self) -> None:
        """Give the cells all room but what the names below them need."""
        count, height = len(self._names), max(self.height() - _TITLE_HEIGHT, 2)
        longest = max((len(_short(name)) for name in self._names), default=0)
        below = min(longest * self.fontMetrics().averageCharWidth() + _MARGIN, 0.6 * height)
        self.setRange(xRange=(0, count), yRange=(0, count * height / (height - below)), padding=0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Keep the names readable."""
        super().resizeEvent(event)
        if self._names:
            self._fit()

    def _write_cells(self) -> None:
        lookup = self._colours()
        for i, row in enumerate(self.cell_texts):
            for j, number in enumerate(row):
                behind = QColor(*lookup[round((_STEPS - 1) * self._shares[i, j])].tolist()).name()
                colour = max(_INKS, key=partial(contrast_ratio, behind))
                self._write(number, j + 0.5, i + 0.5, colour, (0.5, 0.5), _CELL_FONT)

    def _write_columns(self) -> None:
        count = len(self._names)
        for j, name in enumerate(self._names):
            self._write(_short(name), j + 0.5, count, self._theme.text, (1, 0.5), _FONT, angle=90)

    def _write(
        self,
        text: str,
        x: float,
        y: float,
        colour: str,
        anchor: tuple[float, float],
        points: int,
        angle: float = 0,
    ) -> None:
        item = pg.TextItem(text, color=colour, anchor=anchor, angle=angle)
        item.setFont(QFont(self.font().family(), points))
        item.setPos(x, y)
        self.addItem(item, ignoreBounds=True)
        self._texts.append(item)

    def _colours(self) -> NDArray[np.uint8]:
        """From the background to the accent colour: empty cells look empty in both themes."""
        low = QColor(self._theme.background)
        high = QColor(readable("#4363d8", self._theme.background))
        ends = np.array([[c.red(), c.green(), c.blue()] for c in (low, high)], np.float64)
        return np.linspace(ends[0], ends[1], _STEPS).round().astype(np.uint8)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
