"""Docks of the plugin as tabs of each other: six of them below each other are higher than any screen."""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_udt.viewer.qt.visibility import dock_of


class DockTabifier(QObject):
    """Tabifies the dock of a widget with a related dock of the same dock area when it is first shown.

    Parameters
    ----------
    widget : QWidget
        Widget that napari will put into a dock.
    kinds : tuple of type
        Classes of related widgets.
    """

    def __init__(self, widget: QWidget, kinds: tuple[type[QWidget], ...]) -> None:
        super().__init__(widget)
        self._widget, self._kinds = widget, kinds
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Wait until the widget is shown and napari has set up its dock."""
        if event is not None and event.type() == QEvent.Type.Show:
            self._widget.removeEventFilter(self)
            QTimer.singleShot(0, self._join)
        return False

    def _join(self) -> None:
        dock = dock_of(self._widget) if isalive(self._widget) else None
        main = dock.parentWidget() if dock is not None else None
        if dock is None or not isinstance(main, QMainWindow):
            return
        dock.setMinimumSize(0, 0)  # napari sets one, and Qt keeps the largest minimum that a dock has had
        for other in self._related(main):
            if other not in (dock, *main.tabifiedDockWidgets(dock)):
                main.tabifyDockWidget(other, dock)
            dock.raise_()
            return

    def _related(self, main: QMainWindow) -> Iterator[QDockWidget]:
        for kind in self._kinds:
            for widget in main.findChildren(kind):
                dock = dock_of(widget)
                if dock is None or widget is self._widget or dock.isHidden() or dock.isFloating():
                    continue
                if main.dockWidgetArea(dock) == main.dockWidgetArea(dock_of(self._widget)):
                    yield dock
