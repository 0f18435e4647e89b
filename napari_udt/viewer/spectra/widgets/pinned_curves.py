"""The graphics of many pinned curves: one line item per kind of line, one item for all dots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from napari_udt.viewer.spectra.curves import Curve
from napari_udt.viewer.spectra.widgets.curve_items import dot_channels, dot_symbol, pen
from napari_udt.viewer.style import LineStyle, Theme, readable

_HAIRLINE = 1.0  # painted several times faster than anything broader


class PinnedCurves:
    """Hairlines with dots, of as many curves as there are, in a plot.

    pyqtgraph pays for each item at every painting, whatever it shows: a hundred curves in items of their own take a
    tenth of a second each time that the mouse moves.
    """

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self._lines: dict[LineStyle, pg.PlotCurveItem] = {}
        self._dots = pg.ScatterPlotItem(size=7)
        self._dots.setZValue(6)
        plot.addItem(self._dots)
        self._shown: tuple[tuple[Curve, ...], Theme | None] = ((), None)

    def show(self, curves: Sequence[Curve], theme: Theme) -> None:
        """Draw these curves and no others; nothing is done when they are drawn already."""
        wanted = (tuple(curves), theme)
        if wanted == self._shown:
            return
        self._shown = wanted
        styles = dict.fromkeys(curve.style for curve in curves)
        for style in styles:
            self._draw_line(style, [curve for curve in curves if curve.style == style], theme)
        for style, line in self._lines.items():
            line.setVisible(style in styles)
        self._draw_dots(curves, theme)

    def _draw_line(self, style: LineStyle, curves: Sequence[Curve], theme: Theme) -> None:
        if style not in self._lines:
            line = self._lines[style] = pg.PlotCurveItem(antialias=True)
            line.setZValue(4)
            self._plot.addItem(line)
        line = self._lines[style]
        line.setPen(pen(readable(style.colour, theme.background), style.dash, width=_HAIRLINE))
        line.setData(*_joined(curves), connect="finite")

    def _draw_dots(self, curves: Sequence[Curve], theme: Theme) -> None:
        marked = [(curve, curve.mark, dot_channels(curve)) for curve in curves if curve.mark is not None]
        self._dots.setVisible(bool(marked))
        if marked:
            counts = [len(places) for _, _, places in marked]
            self._dots.setData(
                np.concatenate([curve.wavelengths_nm[places] for curve, _, places in marked]),
                np.concatenate([curve.values[places] for curve, _, places in marked]),
                symbol=np.repeat([dot_symbol(mark) for _, mark, _ in marked], counts).tolist(),
                brush=np.repeat([mark.colour for _, mark, _ in marked], counts).tolist(),
                pen=theme.background,
            )


def _joined(curves: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of all curves one after the other, with a gap behind each."""
    gap = np.array([np.nan])
    return (
        np.concatenate([part for curve in curves for part in (curve.wavelengths_nm, gap)]),
        np.concatenate([part for curve in curves for part in (curve.values, gap)]),
    )
