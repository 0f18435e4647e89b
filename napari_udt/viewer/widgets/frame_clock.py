"""When to draw: once for all that changed, before the window is painted next, and no more often than a screen shows."""

from __future__ import annotations

from qtpy.QtCore import QElapsedTimer, QMetaObject, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QGraphicsScene

FRAME_MS = 16  # about one screen refresh: drawing more often is lost work
_PAINT_NOW = "_q_processDirtyItems"  # a slot of Qt 5 and 6 that is not documented


class FrameClock(QObject):
    """Gathers wishes to draw.

    After a rest the drawing is due as soon as the present event is dealt with. Qt paints windows later than that, so
    that what is drawn comes with everything else that the event changed; a timer would come after the painting, and the
    window would be painted twice.
    """

    due = Signal()
    _soon = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._asked = False
        self._last = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.due)
        self._soon.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether something is to be drawn."""
        return self._asked or self._timer.isActive()

    def ask(self) -> None:
        """Ask for a drawing."""
        if self.busy:
            return
        wait = FRAME_MS - self._last.elapsed() if self._last.isValid() else 0
        if wait > 0:
            self._timer.start(wait)
        else:
            self._asked = True
            self._soon.emit()

    def tick(self) -> None:
        """Note that something is being drawn now."""
        self._last.start()

    def _answer(self) -> None:
        self._asked = False
        self.due.emit()


def paint_now(scene: QGraphicsScene) -> None:
    """Let a scene tell its views what changed, upon which Qt paints their window."""
    if scene.metaObject().indexOfMethod(f"{_PAINT_NOW}()") >= 0:
        QMetaObject.invokeMethod(scene, _PAINT_NOW, Qt.ConnectionType.DirectConnection)
