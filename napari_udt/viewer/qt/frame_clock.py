"""Redraws that are due once per frame, before the window is painted."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from qtpy.QtCore import QCoreApplication, QElapsedTimer, QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QGraphicsScene, QWidget

FRAME_MS = 16  # about one screen refresh: drawing more often is lost work
NEXT_PAINT_MS = 8  # napari shows the position under the mouse 3-5 ms after a movement


class FrameClock(QObject):
    """Combines requests to redraw: ``due`` is emitted at most once per frame.

    Where the last redraw is at least a frame ago, it is emitted as soon as the current event is processed. Qt paints
    windows later than that, so that the redraw is painted together with everything else that the event changed; after a
    timer, the window would be painted twice.

    Parameters
    ----------
    page : QWidget
        Parent of what is redrawn, in the window that is painted.
    """

    due = Signal()
    _soon = Signal()

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._composed_by_opengl: WeakKeyDictionary[QWidget, bool] = WeakKeyDictionary()
        self._requested = False
        self._last = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.due)
        self._soon.connect(self._emit_due, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a redraw is requested and not yet due."""
        return self._requested or self._timer.isActive()

    def request_with_next_paint(self) -> None:
        """Request a redraw just before the next painting of the window, which is expected within milliseconds.

        With an OpenGL canvas in the window, each painting composes the whole window: without a graphics card that takes
        as long as the redraw itself. In other windows waiting has no advantage.
        """
        if self.busy:
            return
        window = self.parent().window()
        if self._is_composed(window):
            window.installEventFilter(self)
            self._timer.start(max(NEXT_PAINT_MS, FRAME_MS - self._since_last_ms()))
        else:
            self.request()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Redraw before the window is painted."""
        if watched is not None and event is not None and event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            if self._timer.isActive() and self._since_last_ms() >= FRAME_MS:
                self._timer.stop()
                self.due.emit()
        return False

    def request(self) -> None:
        """Request a redraw."""
        if self.busy:
            return
        wait = FRAME_MS - self._since_last_ms()
        if wait > 0:
            self._timer.start(wait)
        else:
            self._requested = True
            self._soon.emit()

    def tick(self) -> None:
        """Note that a redraw happens now."""
        self._last.start()

    def _is_composed(self, window: QWidget) -> bool:
        """Return whether a window holds an OpenGL widget; the search takes milliseconds and is done once per window."""
        if window not in self._composed_by_opengl:
            self._composed_by_opengl[window] = window.findChild(QOpenGLWidget) is not None
        return self._composed_by_opengl[window]

    def _since_last_ms(self) -> int:
        return self._last.elapsed() if self._last.isValid() else FRAME_MS

    def _emit_due(self) -> None:
        self._requested = False
        self.due.emit()


def paint_now(scene: QGraphicsScene) -> None:
    """Let a scene tell its views now what changed; it has posted itself a call to do so in the next turn."""
    QCoreApplication.sendPostedEvents(scene, QEvent.Type.MetaCall.value)
