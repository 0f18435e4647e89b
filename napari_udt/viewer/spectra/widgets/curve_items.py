"""Graphics items of one curve: a line, a band, and dots; made once, then reused."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from qtpy.QtCore import QPointF, QSize, Qt
from qtpy.QtGui import QIcon, QPainter, QPen, QPixmap

from napari_udt.viewer.spectra.curves import Curve, Floats, Mark
from napari_udt.viewer.style import LineStyle, Theme, readable

_BAND_OPACITY = 70  # of 255
_FAINT = 0.35  # opacity of what is behind
_WIDTH, _MARKED_WIDTH = 2.5, 1.5  # pixels
_DOTS = 9  # along a pinned curve: enough to see the pin's colour, too few to hide the line
_DOT_SYMBOLS = ("o", "s", "t", "d", "p", "h")  # so that pins differ in shape as well as in colour


class Drawable(Protocol):
    """A line with a band and dots."""

    @property
    def style(self) -> LineStyle:
        """Colour and dashes."""

    @property
    def mark(self) -> Mark | None:
        """Dots on the curve, if it has any."""

    @property
    def wavelengths_nm(self) -> Floats:
        """Shape (channels,)."""

    @property
    def values(self) -> Floats:
        """Shape (channels,)."""

    @property
    def lower(self) -> Floats | None:
        """Lower edge of the band."""

    @property
    def upper(self) -> Floats | None:
        """Upper edge of the band."""


class CurveItems:
    """Line, band and dots of one curve in a plot."""

    def __init__(self, plot: pg.PlotItem | pg.ViewBox) -> None:
        self._line = pg.PlotCurveItem(antialias=True)
        self._lower, self._upper = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
        self._band = pg.FillBetweenItem(self._lower, self._upper)
        self._dots = pg.ScatterPlotItem(size=9, useCache=False)
        self._pens: tuple[object, ...] = ()
        self._drawn: tuple[Drawable, Theme, bool, bool] | None = None
        for item, height in (
            (self._lower, 0),
            (self._upper, 0),
            (self._band, -10),
            (self._line, 5),
            (self._dots, 6),
        ):
            item.setZValue(height)
            plot.addItem(item)
        self.hide()

    def show(self, curve: Drawable, theme: Theme, *, banded: bool, faint: bool = False) -> None:
        """Draw a curve, and its band if ``banded`` and if it has one; ``faint`` ones stay behind others."""
        width = _WIDTH if curve.mark is None or not faint else _MARKED_WIDTH
        wanted = (curve, theme, banded, faint)
        if self._drawn is not None and self._drawn[1:] == wanted[1:] and _same_picture(self._drawn[0], curve):
            return  # while the mouse moves only its own curves change, among those of up to fifty pins
        self._drawn = wanted
        for item in (self._line, self._dots):
            item.setOpacity(_FAINT if faint else 1.0)
        self._set_pens(curve.style, theme, width)
        self._line.setData(curve.wavelengths_nm, curve.values, connect="finite")
        self._line.setVisible(True)
        self._show_band(curve, banded=banded)
        self._show_dots(curve, theme)

    def hide(self) -> None:
        """Draw nothing, and count for nothing when the axes are fitted."""
        self._drawn = None
        for item in (self._line, self._lower, self._upper, self._band, self._dots):
            item.setVisible(False)

    def _set_pens(self, style: LineStyle, theme: Theme, width: float) -> None:
        wanted = (style, theme, width)
        if wanted == self._pens:
            return
        self._pens = wanted
        colour = readable(style.colour, theme.background)
        self._line.setPen(pen(colour, style.dash, width=width))
        fill = pg.mkColor(colour)
        fill.setAlpha(_BAND_OPACITY)
        self._band.setBrush(fill)

    def _show_band(self, curve: Drawable, *, banded: bool) -> None:
        has_band = curve.lower is not None and curve.upper is not None
        for item in (self._lower, self._upper, self._band):
            item.setVisible(banded and has_band)
        if banded and curve.lower is not None and curve.upper is not None:
            known = np.isfinite(curve.lower) & np.isfinite(curve.upper)
            wavelengths = curve.wavelengths_nm[known]
            self._lower.blockSignals(True)  # the band follows both edges: update it once, not twice
            self._lower.setData(wavelengths, curve.lower[known])
            self._lower.blockSignals(False)
            self._upper.setData(wavelengths, curve.upper[known])

    def _show_dots(self, curve: Drawable, theme: Theme) -> None:
        self._dots.setVisible(curve.mark is not None)
        if curve.mark is not None:
            chosen = dot_channels(curve)
            self._dots.setData(
                curve.wavelengths_nm[chosen],
                curve.values[chosen],
                symbol=dot_symbol(curve.mark),
                brush=curve.mark.colour,
                pen=theme.background,
            )


def _same_picture(a: Drawable, b: Drawable) -> bool:
    """Whether two curves are drawn alike, whatever their labels."""
    if (a.style, a.mark) != (b.style, b.mark):
        return False
    pairs = ((getattr(a, name), getattr(b, name)) for name in ("wavelengths_nm", "values", "lower", "upper"))
    return all(
        x is y or (x is not None and y is not None and np.array_equal(x, y, equal_nan=True)) for x, y in pairs
    )


def pen(colour: str, dash: tuple[float, ...], width: float) -> QPen:
    """Return a pen with these dashes, of a width in pixels whatever the zoom."""
    made = pg.mkPen(colour, width=width)
    if dash:
        made.setDashPattern(dash)
        made.setCapStyle(Qt.PenCapStyle.FlatCap)
    return made


def dot_symbol(mark: Mark) -> str:
    """Return pyqtgraph's name of the shape of the dots."""
    return _DOT_SYMBOLS[mark.shape % len(_DOT_SYMBOLS)]


def dot_channels(curve: Drawable) -> NDArray[np.intp]:
    """Return the channels at which a curve bears dots."""
    known = np.flatnonzero(np.isfinite(curve.values))
    return known[np.unique(np.linspace(0, len(known) - 1, _DOTS).astype(int))] if known.size else known


def line_icon(curve: Curve, theme: Theme, size: QSize) -> QIcon:
    """Return a sample of a curve's line, with a dot in the middle."""
    scale = 2  # sharp on screens with two device pixels per pixel
    pixmap = QPixmap(size * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_sample(painter, curve, theme, QPointF(1, size.height() / 2), size.width() - 2)
    painter.end()
    return QIcon(pixmap)


def draw_sample(painter: QPainter, curve: Curve, theme: Theme, left: QPointF, length: float) -> None:
    """Draw a piece of a curve's line from ``left`` on, with a dot in the middle."""
    draw_line(painter, curve.style, theme, left, length)
    if curve.mark is not None:
        painter.save()
        painter.translate(left + QPointF(length / 2, 0))
        drawSymbol(
            painter, dot_symbol(curve.mark), 10, pg.mkPen(theme.background), pg.mkBrush(curve.mark.colour)
        )
        painter.restore()


def draw_line(painter: QPainter, style: LineStyle, theme: Theme, left: QPointF, length: float) -> None:
    """Draw a piece of a line of this style from ``left`` on."""
    sample = pen(readable(style.colour, theme.background), style.dash, width=2.5)
    sample.setCosmetic(False)  # here the width is meant before scaling
    painter.setPen(sample)
    painter.drawLine(left, left + QPointF(length, 0))


def title(curve: Curve) -> str:
    """Return the text of a curve in legends: its label, after the name or number of the pin."""
    return curve.label if curve.pin is None else f"Pin {curve.pin.title} · {curve.label}"
