"""A call whenever the keyboard's focus moves, for changes that napari announces by no event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_udt.viewer.napari_adapter import main_window

if TYPE_CHECKING:
    from napari.components import ViewerModel


def when_focus_moves(viewer: ViewerModel, job: Callable[[], None]) -> None:
    """Call a function whenever another widget gets the keyboard; never where there is no window.

    napari's own table of features (0.9) writes what was typed into the layer's table and sends no event, but the
    editor of a cell gives the focus back as it closes.
    """
    main = main_window(viewer)
    if main is None:
        return
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QApplication

    class Watcher(QObject):
        """Lives as long as the window that it belongs to."""

        def moved(self) -> None:
            job()

    watcher = Watcher(main)
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.focusChanged.connect(watcher.moved)
