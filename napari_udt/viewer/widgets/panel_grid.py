"""Small plots of spectra, one per structure or depth, each with its near-infrared zoom beside it where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_udt.viewer.style import LineStyle, Theme
from napari_udt.viewer.widgets.curve_items import CurveItems
from napari_udt.viewer.widgets.figure_canvas import FigureCanvas

_CELL_WIDTH, _ZOOM_WIDTH, _CELL_HEIGHT = 240, 200, 150  # pixels, at least
_MOST_COLUMNS = 4
_LEFT_WIDTH, _TEXT_WIDTH = 46, 18


@dataclass(frozen=True, eq=False)
class PanelCurve:
    """One curve of a small plot, with its band."""

    name: str
    style: LineStyle
    wavelengths_nm: NDArray[np.float64]
    values: NDArray[np.float64]
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    mark: None = None

    def above(self, from_nm: float) -> PanelCurve:
        """Return the part of it from a wavelength on."""
        kept = self.wavelengths_nm >= from_nm
        lower, upper = (None if edge is None else edge[kept] for edge in (self.lower, self.upper))
        return PanelCurve(self.name, self.style, self.wavelengths_nm[kept], self.values[kept], lower, upper)


@dataclass(frozen=True, eq=False)
class Panel:
    """One small plot."""

    title: str
    curves: tuple[PanelCurve, ...]


class PanelGrid(QScrollArea):
    """As many columns of small plots as fit, scrolled where there are many; plots are made once and reused."""

    told = Signal(str)  # the numbers under the mouse

    def __init__(self, name: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quantity = ""
        self._panels: tuple[Panel, ...] = ()
        self._zoom_nm: float | None = None
        self._pool: list[tuple[pg.PlotItem, list[CurveItems]]] = []
        self._shape: tuple[int, int, bool, str] = (0, 0, False, "")
        self.canvas = FigureCanvas(name, scrolls=True, parent=self)
        self.setWidget(self.canvas)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.canvas.hovered.connect(self._on_hovered)

    def show_panels(
        self, panels: Sequence[Panel], colours: Theme, quantity: str, zoom_from_nm: float | None = None
    ) -> None:
        """Draw these panels and no others; with a zoom on what lies above a wavelength."""
        self._panels, self._zoom_nm, self._quantity = tuple(panels), zoom_from_nm, quantity
        self.canvas.set_theme(colours)
        self._lay_out()
        for place, panel in enumerate(self._panels):
            plots = self._plots_of(place)
            parts = [panel.curves]
            if zoom_from_nm is not None:
                parts.append(tuple(curve.above(zoom_from_nm) for curve in panel.curves))
            for (plot, items), curves in zip(plots, parts, strict=True):
                _draw(plot, items, curves, colours)
            plots[0][0].setTitle(panel.title, color=colours.text, size="9pt")
            if zoom_from_nm is not None:
                plots[1][0].setTitle(f"from {zoom_from_nm:.0f} nm", color=colours.text, size="9pt")

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take as many columns as fit."""
        super().resizeEvent(event)
        if self._panels:
            self._lay_out()

    def _plots_of(self, place: int) -> list[tuple[pg.PlotItem, list[CurveItems]]]:
        each = 1 if self._zoom_nm is None else 2
        return self._pool[place * each : (place + 1) * each]

    def _lay_out(self) -> None:
        each = 1 if self._zoom_nm is None else 2
        cell = _CELL_WIDTH + (0 if each == 1 else _ZOOM_WIDTH)
        columns = int(
            np.clip(self.viewport().width() // cell, 1, min(_MOST_COLUMNS, max(1, len(self._panels))))
        )
        shape = (len(self._panels), columns, each == 2, self._quantity)
        if shape == self._shape:
            return
        self._shape = shape
        self.canvas.ci.clear()
        while len(self._pool) < len(self._panels) * each:
            self._pool.append((self.canvas.make_plot(still=True), []))
        plots = [plot for plot, _ in self._pool[: len(self._panels) * each]]
        for place, plot in enumerate(plots):
            row, column = divmod(place, columns * each)
            self.canvas.ci.addItem(plot, row, column)
            outer = column == 0
            lowest = place + columns * each >= len(plots)
            _name_axis(plot, "left", self._quantity if outer else "")
            _name_axis(plot, "bottom", "Wavelength [nm]" if lowest else "")
            plot.getAxis("left").setWidth(_LEFT_WIDTH + (_TEXT_WIDTH if outer else 0))
        for column in range(columns * each):
            self.canvas.ci.layout.setColumnStretchFactor(column, 3 if column % each == 0 else 2)
        self.canvas.setMinimumHeight(-(-len(self._panels) // columns) * _CELL_HEIGHT)

    def _on_hovered(self, plot: pg.PlotItem | None, wavelength_nm: float, _value: float) -> None:
        each = 1 if self._zoom_nm is None else 2
        place = next((i for i, (own, _) in enumerate(self._pool) if own is plot), None)
        if place is None or place // each >= len(self._panels):
            self.told.emit("")
            return
        self.told.emit(_numbers(self._panels[place // each], wavelength_nm))


def _name_axis(plot: pg.PlotItem, side: str, text: str) -> None:
    """Name an axis, or give the room of its name to the plot."""
    plot.setLabel(side, text)
    plot.getAxis(side).showLabel(bool(text))


def _draw(plot: pg.PlotItem, items: list[CurveItems], curves: Sequence[PanelCurve], colours: Theme) -> None:
    while len(items) < len(curves):
        items.append(CurveItems(plot))
    for index, item in enumerate(items):
        if index < len(curves):
            item.show(curves[index], colours, banded=True)
        else:
            item.hide()
    plot.enableAutoRange()


def _numbers(panel: Panel, wavelength_nm: float) -> str:
    """Return the values of all curves at the wavelength nearest to the mouse."""
    parts = []
    for curve in panel.curves:
        at = int(np.abs(curve.wavelengths_nm - wavelength_nm).argmin())
        parts.append(f"{curve.name} {curve.values[at]:.4g}")
    if not panel.curves:
        return ""
    at = int(np.abs(panel.curves[0].wavelengths_nm - wavelength_nm).argmin())
    return f"{panel.title}, {panel.curves[0].wavelengths_nm[at]:.4g} nm: {', '.join(parts)}"
