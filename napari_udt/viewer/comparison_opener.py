"""The first entry of the plugin in napari's menu: all docks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.commands import open_comparison
from napari_udt.viewer.napari_adapter import unwrapped

if TYPE_CHECKING:
    import napari.viewer


class ComparisonOpener(QWidget):
    """Adds all docks to a viewer, as in the window of ``napari-udt``, and takes itself away again.

    napari's menu of plugins holds docks only; this is the entry that opens the others.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self.setFixedSize(0, 0)
        QTimer.singleShot(0, self._open)  # once napari has made a dock of this

    def _open(self) -> None:
        if isalive(self):
            if self.parent() is not None:
                self._viewer.window.remove_dock_widget(self)
            open_comparison(self._viewer)
            self.deleteLater()
