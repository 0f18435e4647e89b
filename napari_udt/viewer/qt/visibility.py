"""Whether somebody sees a widget."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget


class VisibilityTracker(QObject):
    """Spares work that nobody would see, and tells when somebody would.

    Qt calls a widget visible, too, in a dock of which only the tab is seen, behind others.

    Parameters
    ----------
    widget : QWidget
        In a dock, sooner or later, or by itself.
    """

    regained = Signal()  # what was spared is seen from now on

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._dock: QDockWidget | None = None
        self._behind = self._spared = False
        widget.installEventFilter(self)

    @property
    def clear(self) -> bool:
        """Whether the widget can be seen."""
        return self._widget.isVisible() and not self._behind

    def spare(self) -> bool:
        """Return whether to spare some work for now; ``regained`` says when it is time for it."""
        self._spared = not self.clear
        return self._spared

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Notice that the widget is shown, perhaps in another dock, and let everything pass."""
        if event is not None and event.type() == QEvent.Type.Show:
            self._follow(dock_of(self._widget))
            self._look()
        return False

    def _follow(self, dock: QDockWidget | None) -> None:
        if dock is self._dock:
            return
        if self._dock is not None and isalive(self._dock):
            self._dock.visibilityChanged.disconnect(self._turned)
        self._dock, self._behind = dock, False
        if dock is not None:
            dock.visibilityChanged.connect(self._turned)

    def _turned(self, visible: bool) -> None:
        self._behind = not visible
        self._look()

    def _look(self) -> None:
        if self._spared and self.clear:
            self._spared = False
            self.regained.emit()


def dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget is in, if any."""
    found = widget.parentWidget()
    while found is not None and not isinstance(found, QDockWidget):
        found = found.parentWidget()
    return found
