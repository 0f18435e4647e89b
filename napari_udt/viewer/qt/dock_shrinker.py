"""Docks that shrink with the window, so that the canvas keeps a share of its width."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

_CANVAS_SHARE = 0.4  # of the width of canvas and docks together, while a window shrinks


class DockShrinker(QObject):
    """Keeps the canvas as wide as the docks at its right while a window shrinks, as far as their minimum widths allow.

    Qt itself takes all of the width from the canvas. Sizes that the user drags are kept.

    Parameters
    ----------
    main : QMainWindow
    docks : sequence of QDockWidget
        At the right of the canvas.
    """

    def __init__(self, main: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(main)
        self._main, self._docks = main, tuple(docks)
        self._width = main.width()
        self._later = QTimer(self)  # Qt lays the window out after the event
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.shrink)
        main.installEventFilter(self)

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Follow the window's width; the event may arrive as an object of another class, as PyQt caches by address."""
        if event is not None and event.type() == QEvent.Type.Resize:
            before, self._width = self._width, self._main.width()
            if self._width < before:
                self._later.start(0)
        return False

    def shrink(self) -> None:
        """Leave the canvas its share of the width that it has together with the docks."""
        canvas = self._main.centralWidget()
        shown = [
            d for d in self._docks if isalive(d) and not d.isFloating() and not d.visibleRegion().isEmpty()
        ]
        if canvas is None or not shown:
            return
        both = canvas.width() + shown[0].width()
        if canvas.width() < _CANVAS_SHARE * both:
            self._main.resizeDocks(shown[:1], [round((1 - _CANVAS_SHARE) * both)], Qt.Orientation.Horizontal)
