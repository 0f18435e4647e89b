"""View box in which a rectangle or a lasso is drawn with the mouse."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal

Brush = Literal["none", "rectangle", "lasso"]
_CLOSE = 4  # pixels: a lasso takes no corners nearer than this to the last


class BrushBox(pg.ViewBox):
    """View box that draws outlines while a brush is chosen; otherwise it is moved and zoomed."""

    outlined = Signal(object, bool)  # corners (n, 2), whether it is finished
    cleared = Signal()  # a click

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.brush: Brush = "none"
        self._corners: list[tuple[float, float]] = []
        self._last = (0.0, 0.0)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        """Draw an outline with the left button."""
        if self.brush == "none" or ev.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        if ev.isStart():
            self._corners = [self._in_view(ev.buttonDownPos())]
        self._add(ev.pos())
        outline = self._outline()
        if len(outline) >= 3 or ev.isFinish():
            self.outlined.emit(outline, ev.isFinish())

    def mouseClickEvent(self, ev: Any) -> None:  # noqa: N802 - pyqtgraph's name
        """Announce a click while a brush is chosen: it clears the outline."""
        if self.brush != "none" and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.cleared.emit()
        else:
            super().mouseClickEvent(ev)

    def _in_view(self, position: Any) -> tuple[float, float]:
        point = self.mapToView(position)
        return float(point.x()), float(point.y())

    def _add(self, position: Any) -> None:
        if self.brush == "rectangle":
            self._corners = [self._corners[0], self._in_view(position)]
        elif abs(position.x() - self._last[0]) + abs(position.y() - self._last[1]) >= _CLOSE:
            self._last = (position.x(), position.y())
            self._corners.append(self._in_view(position))

    def _outline(self) -> NDArray[np.float64]:
        if self.brush == "lasso":
            return np.array(self._corners)
        (left, bottom), (right, top) = self._corners
        return rectangle(left, bottom, right, top)


def rectangle(left: float, bottom: float, right: float, top: float) -> NDArray[np.float64]:
    """Return the four corners (4, 2) of a rectangle."""
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
