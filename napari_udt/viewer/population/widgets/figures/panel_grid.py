"""Grid of small plots of spectra, one per structure or depth, with a zoom into the near infrared beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QElapsedTimer, Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas, reused
from napari_udt.viewer.spectra.widgets.curve_items import CurveItems
from napari_udt.viewer.style import LineStyle, Theme, theme

_CELL_WIDTH, _ZOOM_WIDTH, _CELL_HEIGHT = 240, 200, 150  # pixels, at least
_MOST_COLUMNS = 4
_MOMENT_MS = 20  # about one screen refresh
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
    """Scrolling grid of small plots in as many columns as fit; plots are reused."""

    message = Signal(str)  # the numbers under the mouse

    def __init__(self, name: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quantity = ""
        self._panels: tuple[Panel, ...] = ()
        self._zoom_nm: float | None = None
        self._theme = theme("dark")
        self._pool: list[tuple[pg.PlotItem, list[CurveItems]]] = []
        self._shape: tuple[int, int, int, str] = (0, 0, 1, "")  # panels, columns, plots in each, quantity
        self._next = 0  # the panel that is drawn next
        self.canvas = FigureCanvas(name, scrolls=True, parent=self)
        self.setWidget(self.canvas)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        self.canvas.hovered.connect(self._on_hovered)

    @property
    def busy(self) -> bool:
        """Whether panels are still to be drawn."""
        return self._timer.isActive()

    def show_panels(
        self, panels: Sequence[Panel], colours: Theme, quantity: str, zoom_from_nm: float | None = None
    ) -> None:
        """Draw these panels and no others; with a zoom on what lies above a wavelength.

        A plot costs tens of milliseconds to make: a few are drawn at a time, so that the window stays responsive.
        """
        self._panels, self._zoom_nm, self._quantity = tuple(panels), zoom_from_nm, quantity
        self._theme = colours
        self.canvas.set_theme(colours)
        self._lay_out()
        self._draw_anew()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take as many columns as fit."""
        super().resizeEvent(event)
        if self._panels and self._lay_out():
            self._draw_anew()

    def _draw_anew(self) -> None:
        self._next = 0
        self._timer.start()
        self._go_on()

    def _go_on(self) -> None:
        """Draw some panels, within the time of a frame."""
        since = QElapsedTimer()
        since.start()
        while self._next < len(self._panels):
            self._draw_panel(self._next)
            self._next += 1
            if since.elapsed() > _MOMENT_MS:
                return
        self._timer.stop()

    def _lay_out(self) -> bool:
        """Clear the canvas if the plots need another layout, and return whether they do."""
        each = 1 if self._zoom_nm is None else 2
        cell = _CELL_WIDTH + (0 if each == 1 else _ZOOM_WIDTH)
        most = min(_MOST_COLUMNS, max(1, len(self._panels)))
        columns = int(np.clip(self.viewport().width() // cell, 1, most))
        shape = (len(self._panels), columns, each, self._quantity)
        if shape == self._shape:
            return False
        self._shape = shape
        self.canvas.ci.clear()
        for column in range(columns * each):
            self.canvas.ci.layout.setColumnStretchFactor(column, 3 if column % each == 0 else 2)
        self.canvas.setMinimumHeight(-(-len(self._panels) // columns) * _CELL_HEIGHT)
        return True

    def _draw_panel(self, place: int) -> None:
        panel, each = self._panels[place], self._shape[2]
        for part in range(each):
            plot, items = self._plot_at(place * each + part)
            zoomed = self._zoom_nm if part else None
            curves = panel.curves if zoomed is None else [curve.above(zoomed) for curve in panel.curves]
            title = panel.title if zoomed is None else f"from {zoomed:.0f} nm"
            _draw(plot, items, curves, self._theme)
            plot.setTitle(without_markup(title), color=self._theme.text, size="9pt")

    def _plot_at(self, place: int) -> tuple[pg.PlotItem, list[CurveItems]]:
        """Return a plot that is on the sheet; made or put there where it was not."""
        if place == len(self._pool):
            self._pool.append((self.canvas.make_plot(still=True), []))
        plot = self._pool[place][0]
        if plot not in self.canvas.ci.items:
            panels, columns, each, quantity = self._shape
            row, column = divmod(place, columns * each)
            self.canvas.ci.addItem(plot, row, column)
            lowest = place + columns * each >= panels * each
            _name_axis(plot, "left", quantity if column == 0 else "")
            _name_axis(plot, "bottom", "Wavelength [nm]" if lowest else "")
            plot.getAxis("left").setWidth(_LEFT_WIDTH + (_TEXT_WIDTH if column == 0 else 0))
        return self._pool[place]

    def _on_hovered(self, plot: pg.PlotItem | None, wavelength_nm: float, _value: float) -> None:
        each = self._shape[2]
        place = next((i for i, (own, _) in enumerate(self._pool) if own is plot), None)
        if place is None or place // each >= len(self._panels):
            self.message.emit("")
            return
        self.message.emit(_numbers(self._panels[place // each], wavelength_nm))


def _name_axis(plot: pg.PlotItem, side: str, text: str) -> None:
    """Name an axis, or give the room of its name to the plot."""
    plot.setLabel(side, without_markup(text))
    plot.getAxis(side).showLabel(bool(text))


def _draw(plot: pg.PlotItem, items: list[CurveItems], curves: Sequence[PanelCurve], colours: Theme) -> None:
    for item, curve in reused(items, partial(CurveItems, plot), curves):
        item.show(curve, colours, banded=True)
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
