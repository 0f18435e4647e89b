"""Canvas for the plots of a figure, in the colours of the theme, with signals for keys and the mouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, Qt, Signal
from qtpy.QtGui import QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.style import Theme, theme

_GRID_OPACITY = 0.15


class Hidable(Protocol):
    """Graphics that can be hidden."""

    def hide(self) -> None:
        """Hide them."""


Items = TypeVar("Items", bound=Hidable)
Part = TypeVar("Part")


class FigureCanvas(pg.GraphicsLayoutWidget):
    """Plots on a grid of rows and columns.

    Parameters
    ----------
    name : str
        What screen readers call it.
    scrolls : bool
        Whether the wheel scrolls what the canvas lies in, rather than zooming a plot.
    parent : QWidget, optional
    """

    key_pressed = Signal(int, bool)  # one of ``keys``, whether Shift is held
    hovered = Signal(object, float, float)  # the plot under the mouse, or None; x and y in its units

    def __init__(self, name: str, *, scrolls: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._scrolls = scrolls
        self._theme = theme("dark")
        self.keys: frozenset[int] = frozenset()
        self.plots: list[pg.PlotItem] = []
        self.setAccessibleName(name)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.ci.layout.setContentsMargins(2, 2, 6, 2)
        self.ci.layout.setSpacing(4)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def make_plot(
        self, left: str = "", bottom: str = "", *, box: pg.ViewBox | None = None, still: bool = False
    ) -> pg.PlotItem:
        """Return a new plot, not on the canvas yet; ``still`` ones cannot be zoomed or dragged."""
        plot = pg.PlotItem(viewBox=box, enableMenu=False)
        without_menu(plot, self)
        plot.showGrid(x=True, y=True, alpha=_GRID_OPACITY)
        for side, label in (("left", left), ("bottom", bottom)):
            axis = plot.getAxis(side)
            axis.enableAutoSIPrefix(False)  # it would make "knm" of 1000 nm
            axis.setStyle(autoExpandTextSpace=True, autoReduceTextSpace=True)
            if label:
                plot.setLabel(side, without_markup(label))
        if still:
            plot.setMouseEnabled(x=False, y=False)
        self.plots.append(plot)
        self._dress(plot)
        return plot

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = colours
        self.setBackground(colours.background)
        for plot in self.plots:
            self._dress(plot)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Announce the keys in ``keys``."""
        if not announce_key(self, event):
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the scroll area, if there is one."""
        if event is not None and self._scrolls:
            event.ignore()
        else:
            super().wheelEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Announce that the mouse has left."""
        self.hovered.emit(None, 0.0, 0.0)
        super().leaveEvent(event)

    def _dress(self, plot: pg.PlotItem) -> None:
        for side in ("bottom", "left"):
            axis = plot.getAxis(side)
            axis.setPen(self._theme.grid)
            axis.setTextPen(self._theme.text)
        plot.titleLabel.setAttr("color", self._theme.text)
        if plot.titleLabel.text:
            plot.setTitle(plot.titleLabel.text, color=self._theme.text, size="9pt")

    def _on_mouse_moved(self, position: QPointF) -> None:
        for plot in self.plots:
            box = plot.getViewBox()
            if plot.scene() is not None and plot.isVisible() and box.sceneBoundingRect().contains(position):
                point = box.mapSceneToView(position)
                self.hovered.emit(plot, float(point.x()), float(point.y()))
                return
        self.hovered.emit(None, 0.0, 0.0)


def reused(
    pool: list[Items], make: Callable[[], Items], parts: Sequence[Part]
) -> Iterator[tuple[Items, Part]]:
    """Return the graphics for each part of a figure: those of a pool, with new ones where it lacks some; hide the others."""
    while len(pool) < len(parts):
        pool.append(make())
    for items in pool[len(parts) :]:
        items.hide()
    return zip(pool, parts, strict=False)


def without_menu(plot: pg.PlotItem, parent: QWidget) -> pg.PlotItem:
    """Return a plot without menu and buttons; pyqtgraph makes a menu without a parent, which would outlive the plot."""
    plot.setMenuEnabled(False)
    plot.ctrlMenu.setParent(parent, plot.ctrlMenu.windowFlags())
    plot.hideButtons()
    return plot


def announce_key(view: Any, event: QKeyEvent | None) -> bool:
    """Let a view announce a key if it is one of its ``keys``, and return whether it is."""
    if event is None or event.key() not in view.keys:
        return False
    event.accept()
    view.key_pressed.emit(event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
    return True
