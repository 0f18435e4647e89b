"""Word of the keyboard's focus, for changes of which napari tells nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.components import ViewerModel


def when_focus_moves(viewer: ViewerModel, job: Callable[[], None]) -> None:
    """Call a function whenever another widget gets the keyboard; never where there is no window.

    napari's own table of features (0.9) writes what was typed into the layer's table and sends no event, but the
    editor of a cell gives the focus back as it closes.
    """
    if not hasattr(viewer, "window"):
        return
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QApplication

    class Watcher(QObject):
        """Goes with the window that it belongs to."""

        def moved(self) -> None:
            job()

    watcher = Watcher(viewer.window._qt_window)
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.focusChanged.connect(watcher.moved)
