"""napari's window and layers as far as napari's public API does not reach; the one module that uses private names.

Each function says which public way it takes. Where there is none, it says which private name it uses, in which version of
napari that was seen, and what is lost where the name is gone: never more than one feature, with one line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.components.overlays import Overlay
    from napari.layers import Layer, Shapes
    from napari.qt import QtViewer
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QMainWindow

OpenFiles = Callable[..., None]

_OF_NAME_VISUAL = ("_connect_events", "_on_text_change", "_on_position_change")

_log = logging.getLogger(__name__)


def unwrapped(viewer: Any) -> Any:
    """Return the viewer behind the proxy that napari hands to plugins, which is neither hashable nor a Qt parent.

    Public way: ``__wrapped__``, by which proxies of the library wrapt name their object.
    """
    return getattr(viewer, "__wrapped__", viewer)


def main_window(viewer: ViewerModel | None) -> QMainWindow | None:
    """Return the Qt window of a viewer; None for a model without a window, and once the window is deleted.

    Public way: the window of ``viewer.window.main_menu``, the bar of menus.
    """
    menu = getattr(getattr(unwrapped(viewer), "window", None), "main_menu", None)
    if menu is None:
        return None
    from qtpy.compat import isalive

    return menu.window() if isalive(menu) else None


def viewer_widget_in(main: QObject | None) -> QtViewer | None:
    """Return the widget with canvas and sliders in a Qt window; None where there is none.

    Public way: ``napari.qt.QtViewer``, looked for in the window's central widget.
    """
    from napari.qt import QtViewer
    from qtpy.QtWidgets import QMainWindow

    central = main.centralWidget() if isinstance(main, QMainWindow) else None
    return None if central is None else central.findChild(QtViewer)


def viewer_widget(viewer: ViewerModel | None) -> QtViewer | None:
    """Return the widget with canvas and sliders of a viewer; None for a model without a window."""
    main = main_window(viewer)
    return None if main is None else viewer_widget_in(main)


def canvas_of(viewer: ViewerModel | None) -> Any:
    """Return the canvas of a viewer, with ``native`` (the Qt widget), ``view``, ``grid`` and ``central_widget``, or None.

    Public way: ``QtViewer.canvas``.
    """
    return getattr(viewer_widget(viewer), "canvas", None)


def make_canvas_current(viewer: ViewerModel | None) -> None:
    """Make the canvas's OpenGL context the current one, if the viewer has a canvas.

    Public way: vispy's ``Node.canvas`` and ``SceneCanvas.set_current``.
    """
    scene_canvas = getattr(getattr(canvas_of(viewer), "view", None), "canvas", None)
    if scene_canvas is not None:
        scene_canvas.set_current()


@contextmanager
def without_activation(layers: Any) -> Iterator[None]:
    """Add layers without making each the active one, for which napari would show the controls of each in turn.

    Public way: none. Private: ``LayerList._activate_on_insert`` (0.9.2). Lost without it: time, while layers are added.
    """
    before = getattr(layers, "_activate_on_insert", None)
    if before is None:
        _report("_activate_on_insert", "each new layer becomes the active one")
        yield
        return
    layers._activate_on_insert = False
    try:
        yield
    finally:
        layers._activate_on_insert = before


def is_being_drawn(layer: Shapes) -> bool:
    """Return whether the user is in the middle of drawing a shape; napari says "added" before it has finished.

    Public way: none. Private: ``Shapes._is_creating`` (0.9.2). Lost without it: the tool for drawing is not put away by
    itself once a region is finished, for the answer is then always yes.
    """
    drawn = getattr(layer, "_is_creating", None)
    if drawn is None:
        _report("_is_creating", "the tool for drawing regions stays chosen")
        return True
    return bool(drawn)


def open_files_with(widget: QtViewer, make: Callable[[OpenFiles], OpenFiles]) -> None:
    """Take the place of the method that opens files which were chosen in a dialog of napari or pasted.

    Public way: none for these two; dropped files come by Qt's events (see ``files.widgets.file_opener``). Private:
    ``QtViewer._qt_open`` (0.9.2). Lost without it: for ``*.h5`` chosen in the dialog, which napari's own reader claims too,
    napari asks which reader to use.

    Parameters
    ----------
    widget : QtViewer
        Of one window; other windows stay as they are.
    make : callable
        Makes the new method from napari's own, with the same arguments.
    """
    before = getattr(widget, "_qt_open", None)
    if before is None:
        _report("_qt_open", "napari may ask which reader opens a file that is chosen in its dialog")
        return
    setattr(widget, "_qt_open", make(before))  # noqa: B010 - mypy knows no such attribute


def replace_name_overlay(layer: Layer, overlay: Overlay) -> bool:
    """Show an overlay with a ``text`` of its own in the place of a layer's name; return whether that was possible.

    Public way: ``Layer.overlays``, once napari has it. Private: ``Layer._overlays`` (0.9.2) and what
    :func:`_draw_text_of` uses. Lost without them: the second line of titles; the layer's name stands there.
    """
    overlays = getattr(layer, "overlays", None)
    if overlays is None:
        overlays = getattr(layer, "_overlays", None)
    if overlays is None or not _draw_text_of(type(overlay)):
        _report("_overlays", "titles over pictures are the names of their layers")
        return False
    overlays["layer_name"] = overlay
    return True


def _draw_text_of(kind: type[Overlay]) -> bool:
    """Have napari draw overlays of a kind by their ``text``, as it draws the names of layers; return whether it will.

    Public way: none. Private: ``overlay_to_visual`` and ``VispyLayerNameOverlay`` with three methods (0.9.2).
    """
    try:
        from napari._vispy.overlays.text import VispyLayerNameOverlay as NameVisual
        from napari._vispy.utils.visual import overlay_to_visual
    except ImportError:
        return False
    if kind in overlay_to_visual:
        return True
    if not all(hasattr(NameVisual, name) for name in _OF_NAME_VISUAL):
        return False

    class TextVisual(NameVisual):
        def _connect_events(self) -> None:
            self.overlay.events.text.connect(self._on_text_change)

        def _on_text_change(self) -> None:
            self.node.text = self.overlay.text
            self._on_position_change()

    overlay_to_visual[kind] = TextVisual
    return True


@cache
def _report(name: str, consequence: str) -> None:
    """Write into the log, once, what a version of napari without a private name costs."""
    _log.warning("This version of napari has no %s: %s.", name, consequence)
