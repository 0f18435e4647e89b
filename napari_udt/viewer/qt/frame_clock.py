"""When to draw: once for all that changed, before the window is painted next, and no more often than a screen shows."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from qtpy.QtCore import QElapsedTimer, QEvent, QMetaObject, QObject, Qt, QTimer, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QGraphicsScene, QWidget

FRAME_MS = 16  # about one screen refresh: drawing more often is lost work
COMPANY_MS = 8  # napari tells the place under the mouse 3-5 ms after a movement
_PAINT_NOW = "_q_processDirtyItems"  # a slot of Qt 5 and 6 that is not documented


class FrameClock(QObject):
    """Gathers wishes to draw.

    After a rest the drawing is due as soon as the present event is dealt with. Qt paints windows later than that, so
    that what is drawn comes with everything else that the event changed; a timer would come after the painting, and the
    window would be painted twice.

    Parameters
    ----------
    page : QWidget
        What is drawn lies here; its window is the one that is painted.
    """

    due = Signal()
    _soon = Signal()

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._composed_by_opengl: WeakKeyDictionary[QWidget, bool] = WeakKeyDictionary()
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

    def ask_in_company(self) -> None:
        """Ask for a drawing together with the next painting of the window, which is to be expected within milliseconds.

        Where a picture drawn by OpenGL is in the window, each painting composes the whole window anew: without a
        graphics card that takes as long as the drawing. Elsewhere nothing is gained by waiting.
        """
        if self.busy:
            return
        window = self.parent().window()
        if self._is_composed(window):
            window.installEventFilter(self)
            self._timer.start(max(COMPANY_MS, FRAME_MS - self._since_last_ms()))
        else:
            self.ask()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Draw before the window is painted."""
        if watched is not None and event is not None and event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            if self._timer.isActive() and self._since_last_ms() >= FRAME_MS:
                self._timer.stop()
                self.due.emit()
        return False

    def ask(self) -> None:
        """Ask for a drawing."""
        if self.busy:
            return
        wait = FRAME_MS - self._since_last_ms()
        if wait > 0:
            self._timer.start(wait)
        else:
            self._asked = True
            self._soon.emit()

    def tick(self) -> None:
        """Note that something is being drawn now."""
        self._last.start()

    def _is_composed(self, window: QWidget) -> bool:
        """Return whether OpenGL puts a window together. To look through it takes milliseconds: once is enough."""
        if window not in self._composed_by_opengl:
            self._composed_by_opengl[window] = window.findChild(QOpenGLWidget) is not None
        return self._composed_by_opengl[window]

    def _since_last_ms(self) -> int:
        return self._last.elapsed() if self._last.isValid() else FRAME_MS

    def _answer(self) -> None:
        self._asked = False
        self.due.emit()


def paint_now(scene: QGraphicsScene) -> None:
    """Let a scene tell its views what changed, upon which Qt paints their window."""
    if scene.metaObject().indexOfMethod(f"{_PAINT_NOW}()") >= 0:
        QMetaObject.invokeMethod(scene, _PAINT_NOW, Qt.ConnectionType.DirectConnection)
