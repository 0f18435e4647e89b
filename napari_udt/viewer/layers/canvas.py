"""vispy's canvas behind the layers: the two things that napari (0.9) leaves undone there."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from vispy.scene import BaseCamera
from vispy.scene.widgets import Grid

from napari_udt.viewer.napari_adapter import canvas_of, make_canvas_current

if TYPE_CHECKING:
    from napari.components import ViewerModel


class CanvasContext:
    """Makes the canvas's OpenGL context the current one before napari cleans up after a layer.

    As soon as a layer is gone, napari deletes what it had on the graphics card: in whichever OpenGL context is current.
    In more than half of all cases that is Qt's, which composes the window and shares its objects with the canvas. Mesa
    (22.3) then takes the vertex shader out of the canvas's context without telling the layer above, believes it still
    bound at the next draw that uses the same one, and reads from address 0: the program dies some hundred deletions later.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly. A model without a window has no canvas; nothing is done then.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        # To "removed" napari answers before any plugin.
        viewer.layers.events.removing.connect(self._make_current)

    def _make_current(self) -> None:
        make_canvas_current(self._viewer())


class ReplacedGrids:
    """Lets go the grids of views that napari replaced.

    Whenever its grid gets another shape, napari makes a new one, and vispy's central widget keeps the old one with all
    its cells and cameras, some megabytes each time. An old grid may still hold layers that were hidden when it was
    replaced. Nodes know their parents weakly, and napari fails to remove one whose parent is gone: such a grid stays
    until they have left it.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        As for the context: held weakly, with or without a window.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._replaced: weakref.WeakSet[Grid] = weakref.WeakSet()  # the central widget keeps them
        canvas = canvas_of(viewer)
        if canvas is None:
            return
        self._central = weakref.ref(canvas.central_widget)
        canvas.central_widget.events.children_change.connect(self._children_changed)
        layers, grid = viewer.layers.events, viewer.canvas.grid.events
        for change in (grid.enabled, grid.shape, grid.stride, layers.inserted, layers.removed):
            change.connect(self._let_go)

    def _children_changed(self, event: Any) -> None:
        """Note a grid that leaves its parent; vispy passes such events on from all that is below the widget."""
        removed = getattr(event, "removed", None)
        if isinstance(removed, Grid):
            self._replaced.add(removed)

    def _let_go(self) -> None:
        central = self._central()
        if central is None:
            return
        for grid in [each for each in self._replaced if each.parent is None and _is_empty(each)]:
            self._replaced.discard(grid)
            central.remove_widget(grid)


def _is_empty(grid: Any) -> bool:
    """Return whether no layer and no overlay hangs in a grid's cells."""
    return all(
        inside is cell.scene or isinstance(inside, BaseCamera)
        for cell in grid.children
        for inside in (*cell.children, *cell.scene.children)
    )
