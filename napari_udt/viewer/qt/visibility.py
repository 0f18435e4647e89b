"""Visibility of a widget in a dock, which may be a hidden tab."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget


class VisibilityTracker(QObject):
    """Knows whether a widget can be seen, and announces when work that was skipped is due.

    Qt also calls a widget visible in a dock that is tabified behind others.

    Parameters
    ----------
    widget : QWidget
        A widget that is put into a dock, now or later, or shown by itself.
    """

    shown = Signal()  # after work was skipped, the widget can be seen again

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._dock: QDockWidget | None = None
        self._behind = self._skipped = False
        widget.installEventFilter(self)

    @property
    def is_shown(self) -> bool:
        """Whether the widget can be seen."""
        return self._widget.isVisible() and not self._behind

    def skip_while_hidden(self) -> bool:
        """Return whether the widget is hidden, so that work can wait until ``shown`` is emitted."""
        self._skipped = not self.is_shown
        return self._skipped

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Notice that the widget is shown, perhaps in another dock; filter nothing."""
        if event is not None and event.type() == QEvent.Type.Show:
            self._follow(dock_of(self._widget))
            self._check()
        return False

    def _follow(self, dock: QDockWidget | None) -> None:
        if dock is self._dock:
            return
        if self._dock is not None and isalive(self._dock):
            self._dock.visibilityChanged.disconnect(self._on_dock_visibility)
        self._dock, self._behind = dock, False
        if dock is not None:
            dock.visibilityChanged.connect(self._on_dock_visibility)

    def _on_dock_visibility(self, visible: bool) -> None:
        self._behind = not visible
        self._check()

    def _check(self) -> None:
        if self._skipped and self.is_shown:
            self._skipped = False
            self.shown.emit()


def bring_to_front(widget: QWidget) -> None:
    """Show the dock that a widget is in, before those that share its place."""
    dock = dock_of(widget)
    if dock is not None:
        dock.show()
        dock.raise_()


def dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget is in, if any."""
    found = widget.parentWidget()
    while found is not None and not isinstance(found, QDockWidget):
        found = found.parentWidget()
    return found
