"""Graphics of a group in the plane of two components: contours, points and marginals, reused for each figure."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtGui import QColor, QPainterPath
from qtpy.QtWidgets import QGraphicsPathItem

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.components import SHARES, Projection
from napari_udt.population.density import Density
from napari_udt.viewer.spectra.widgets.curve_items import pen
from napari_udt.viewer.style import Theme, readable

MOST_POINTS = 2000  # of a group on the screen
_FILL, _POINTS, _MARGINAL = 34, 150, 45  # of 255


class ContourItem(QGraphicsPathItem):
    """Filled outlines of one highest-density region."""

    def show_lines(self, lines: list[NDArray[np.float64]], colour: QColor, width: float, fill: int) -> None:
        """Draw these closed lines."""
        path = QPainterPath()
        for line in lines:
            path.addPath(pg.arrayToQPath(line[:, 0], line[:, 1]))
        filled = QColor(colour)
        filled.setAlpha(fill)
        self.setPath(path)
        self.setBrush(filled)
        self.setPen(pg.mkPen(colour, width=width))
        self.setVisible(True)


class ProjectionItems:
    """One group in the joint plot and in both marginal plots."""

    def __init__(self, joint: pg.PlotItem, top: pg.PlotItem, right: pg.PlotItem) -> None:
        self._contours = [ContourItem() for _ in SHARES]
        self._points = pg.ScatterPlotItem(size=3, pxMode=True, useCache=True)
        self._top, self._right = pg.PlotCurveItem(antialias=True), pg.PlotCurveItem(antialias=True)
        for contour in self._contours:
            joint.addItem(contour, ignoreBounds=True)
        joint.addItem(self._points, ignoreBounds=True)
        top.addItem(self._top)
        right.addItem(self._right)

    def show(
        self, found: Projection, appearance: GroupAppearance, theme: Theme, *, contours: bool, points: bool
    ) -> None:
        """Draw one group."""
        colour = QColor(readable(appearance.style.colour, theme.background))
        self._show_contours(found, colour, contours)
        self._points.setVisible(points or found.joint is None)
        if points or found.joint is None:
            brush = QColor(colour)
            brush.setAlpha(_POINTS)
            shown = drawn_points(found)
            self._points.setData(shown[:, 0], shown[:, 1], brush=brush, pen=None)
        line = pen(colour.name(), appearance.style.dash, width=1.5)
        fill = QColor(colour)
        fill.setAlpha(_MARGINAL)
        _set(self._top, found.marginals[0], line, fill, upright=True)
        _set(self._right, found.marginals[1], line, fill, upright=False)

    def hide(self) -> None:
        """Draw nothing."""
        for item in (*self._contours, self._points, self._top, self._right):
            item.setVisible(False)

    def _show_contours(self, found: Projection, colour: QColor, wanted: bool) -> None:
        for item, share in zip(self._contours, reversed(SHARES), strict=True):
            if wanted and found.joint is not None:
                item.show_lines(found.joint.contours(share), colour, 1.0 if share > 0.9 else 0.7, _FILL)
            else:
                item.setVisible(False)


def drawn_points(found: Projection) -> NDArray[np.float64]:
    """Return the points that are drawn: at most so many, evenly picked."""
    step = -(-len(found.scores) // MOST_POINTS)
    return found.scores[::step]


def limits_of(shown: list[Projection]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of both axes that hold 99.8 % of every group: single outliers do not make the clouds small."""
    if not shown:
        return (0.0, 1.0), (0.0, 1.0)
    ends = np.array([np.quantile(one.scores, (0.001, 0.999), axis=0) for one in shown])
    low, high = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
    margin = np.maximum(0.12 * (high - low), 1e-9)
    (left, bottom), (right, top) = low - margin, high + margin
    return (float(left), float(right)), (float(bottom), float(top))


def _set(item: pg.PlotCurveItem, found: Density | None, line: object, fill: QColor, *, upright: bool) -> None:
    item.setVisible(found is not None)
    if found is None:
        return
    at = np.concatenate([found.at[:1], found.at, found.at[-1:]])
    values = np.concatenate([[0.0], found.values, [0.0]])
    x, y = (at, values) if upright else (values, at)
    item.setData(x, y, pen=line, brush=fill, fillLevel="enclosed")
