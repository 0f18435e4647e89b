"""Room for the picture: in a window that is made smaller, docks give way before the picture is a slit."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow


class PictureRoom(QObject):
    """Keeps the picture as wide as the docks at its right while a window shrinks, as far as these can give way.

    Qt itself takes all of the width from the picture until nothing is left to take. What a person drags stays.

    Parameters
    ----------
    main : QMainWindow
    docks : sequence of QDockWidget
        At the right of the picture.
    """

    def __init__(self, main: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(main)
        self._main, self._docks = main, tuple(docks)
        self._width = main.width()
        self._later = QTimer(self)  # Qt lays the window out after the event
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.share)
        main.installEventFilter(self)

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Watch the window's width; the event itself may come as another class, PyQt goes by its address."""
        if event is not None and event.type() == QEvent.Type.Resize:
            before, self._width = self._width, self._main.width()
            if self._width < before:
                self._later.start(0)
        return False

    def share(self) -> None:
        """Halve what picture and docks have together, where the docks have more."""
        picture = self._main.centralWidget()
        shown = [
            d for d in self._docks if isalive(d) and not d.isFloating() and not d.visibleRegion().isEmpty()
        ]
        if picture is None or not shown:
            return
        width = shown[0].width()
        if picture.width() < width:
            self._main.resizeDocks(shown[:1], [(picture.width() + width) // 2], Qt.Orientation.Horizontal)
