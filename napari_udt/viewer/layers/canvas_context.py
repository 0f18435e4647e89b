"""Layers leave in the OpenGL context that drew them.

As soon as a layer is gone, napari (0.9) deletes what it had on the graphics card: in whichever OpenGL context is current.
In more than half of all cases that is Qt's, which composes the window and shares its objects with the canvas. Mesa
(22.3) then takes the vertex shader out of the canvas's context without telling the layer above, believes it still bound
at the next draw that uses the same one, and reads from address 0: the program dies some hundred deletions later.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel


class CanvasContext:
    """Makes the canvas's OpenGL context the current one before napari cleans up after a layer.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly. A model without a window has no canvas; nothing is done then.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        viewer.layers.events.removing.connect(
            self._make_current
        )  # to "removed" napari answers before any plugin

    def _make_current(self) -> None:
        canvas = self._canvas()
        if canvas is not None:
            canvas.set_current()

    def _canvas(self) -> Any:
        """Return vispy's canvas; napari offers no public way to it."""
        window = getattr(self._viewer(), "window", None)
        inside = getattr(window, "_qt_viewer", None)
        return getattr(getattr(inside, "canvas", None), "_scene_canvas", None)
