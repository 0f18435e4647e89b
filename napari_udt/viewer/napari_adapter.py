"""napari's window and layers as far as napari's public API does not reach; the one module that uses private names.

Each function says which public way it takes. Where there is none, it says which private name it uses, in which version of
napari that was seen, and what is lost where the name is gone: never more than one feature, with one line in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.components.overlays import Overlay
    from napari.layers import Layer, Shapes
    from napari.qt import QtViewer
    from qtpy.QtCore import QObject
    from qtpy.QtWidgets import QMainWindow

OpenFiles = Callable[..., None]

_NAME_POINTS, _PIN_POINTS = 9.0, 10.0  # sizes of letters on pictures
_RIM = 1.3  # screen pixels of dark around letters on a picture
_WAYS = ((-1, -1), (-1, 1), (1, -1), (1, 1), (0, -1), (0, 1), (-1, 0), (1, 0))
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
        report_missing("_activate_on_insert", "each new layer becomes the active one")
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
        report_missing("_is_creating", "the tool for drawing regions stays chosen")
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
        report_missing("_qt_open", "napari may ask which reader opens a file that is chosen in its dialog")
        return
    setattr(widget, "_qt_open", make(before))  # noqa: B010 - mypy knows no such attribute


def overlays_of(layer: Layer) -> Any:
    """Return what is drawn over a layer, by its names; an empty dictionary of no effect where napari has no such table.

    Public way: ``Layer.overlays``, once napari has it. Private: ``Layer._overlays`` (0.9.2). Lost without it: titles, pins and
    names over pictures.
    """
    overlays = getattr(layer, "overlays", None)
    if overlays is None:
        overlays = getattr(layer, "_overlays", None)
    if overlays is None:
        report_missing(
            "_overlays",
            "titles over pictures are the names of their layers; names of structures are not shown",
        )
        return {}
    return overlays


def replace_name_overlay(layer: Layer, overlay: Overlay) -> bool:
    """Show an overlay with a ``text`` of its own in the place of a layer's name; return whether that was possible.

    Lost without what :func:`overlays_of` and :func:`_draw_text_of` use: the second line of titles; the layer's name stands there.
    """
    overlays = overlays_of(layer)
    if not overlays or not _draw_text_of(type(overlay)):
        return False
    overlays["layer_name"] = overlay
    return True


def _draw_text_of(kind: type[Overlay]) -> bool:
    """Have napari draw overlays of a kind by their ``text``, as it draws the names of layers; return whether it will.

    Public way: none. Private: what :func:`_drawing` finds, and ``VispyLayerNameOverlay`` with three methods (0.9.2).
    """
    parts = _drawing()
    if parts is None or kind in parts.visuals:
        return parts is not None
    try:
        from napari._vispy.overlays.text import VispyLayerNameOverlay as NameVisual
    except ImportError:
        NameVisual = None
    if not all(hasattr(NameVisual, name) for name in _OF_NAME_VISUAL):
        report_missing("VispyLayerNameOverlay", "titles over pictures are the names of their layers")
        return False

    class TextVisual(NameVisual):
        def _connect_events(self) -> None:
            self.overlay.events.text.connect(self._on_text_change)

        def _on_text_change(self) -> None:
            self.node.text = self.overlay.text
            self._on_position_change()

    parts.visuals[kind] = TextVisual
    return True


def draw_marks_of(kind: type[Overlay]) -> bool:
    """Have napari draw overlays of a kind by their ``marks`` and ``diameter`` (see ``layers.overlays.marks``); return whether it will.

    Public way: none. Private: what :func:`_drawing` finds. Lost without it: names of structures, pins in all cells but the first.
    """
    parts = _drawing()
    if parts is None or kind in parts.visuals:
        return parts is not None
    Text = parts.text

    from vispy.scene.visuals import Compound, Markers

    class MarksVisual(parts.base.LayerOverlayMixin, parts.base.VispySceneOverlay):  # type: ignore[name-defined]
        def __init__(self, *, font_info: Any, **kwargs: Any) -> None:
            self._dots, self._text = Markers(antialias=0), Text(font_info=font_info)
            node = Compound([self._dots, self._text])
            super().__init__(node=node, font_info=font_info, **kwargs)
            self._dots.scaling = "scene"
            self.overlay.events.marks.connect(self._draw)
            self.viewer.scene.camera.events.zoom.connect(self._draw)
            self.viewer.dims.events.ndisplay.connect(self._on_visible_change)
            self.reset()
            self._draw()

        def _should_be_visible(self) -> bool:
            return super()._should_be_visible() and self.viewer.dims.ndisplay == 2

        def _draw(self, _event: Any = None) -> None:
            """Draw dots, then dark letters around the place of each text, then the text."""
            marks = self.overlay.marks
            if not marks:
                return
            places = np.array([(mark.column, mark.row) for mark in marks], dtype=float)
            size = abs(float(self.layer.scale[-1]))  # of a pixel of the picture in the scene
            dotted = self.overlay.diameter > 0
            self._dots.visible = dotted
            if dotted:
                colours = [mark.colour for mark in marks]
                self._dots.set_data(
                    places, size=self.overlay.diameter * size, face_color=colours, edge_width=0, symbol="disc"
                )
            texts = [mark.text for mark in marks]
            pixel = 1 / max(self.viewer.scene.camera.zoom * size, 1e-9)  # of the screen
            rims = [] if dotted else [pixel * _RIM * np.array(way) for way in _WAYS]
            self._text.font_size = _PIN_POINTS if dotted else _NAME_POINTS
            self._text.text = texts * (len(rims) + 1)
            self._text.pos = np.concatenate([*(places + rim for rim in rims), places])
            dark, light = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)
            self._text.color = np.array([dark] * (len(rims) * len(texts)) + [light] * len(texts))

        def close(self) -> None:
            self.overlay.events.marks.disconnect(self._draw)
            self.viewer.scene.camera.events.zoom.disconnect(self._draw)
            self.viewer.dims.events.ndisplay.disconnect(self._on_visible_change)
            super().close()

    parts.visuals[kind] = MarksVisual
    return True


def draw_legends_of(kind: type[Overlay]) -> bool:
    """Have napari draw overlays of a kind by their ``entries`` (see ``layers.overlays.marks``); return whether it will.

    Public way: none. Private: what :func:`_drawing` finds. Lost without it: the legend of structures.
    """
    parts = _drawing()
    if parts is None or kind in parts.visuals:
        return parts is not None
    Text = parts.text

    from vispy.color import ColorArray

    class LegendVisual(parts.base.ViewerOverlayMixin, parts.base.VispyCanvasOverlay):  # type: ignore[name-defined]
        def __init__(self, *, font_info: Any, **kwargs: Any) -> None:
            node = Text(pos=(0, 0), font_info=font_info)
            super().__init__(node=node, font_info=font_info, **kwargs)
            node.font_size = _NAME_POINTS
            node.anchors = ("left", "bottom")
            self.overlay.events.entries.connect(self._draw)
            self.viewer.canvas.events.background_color.connect(self._draw)
            self.reset()
            self._draw()

        def _draw(self, _event: Any = None) -> None:
            names, colours = [list(column) for column in zip(*self.overlay.entries, strict=True)] or [[], []]
            if not names:
                return
            self.node.text = "\n".join(f"\u25a0 {name}" for name in names)
            self.x_size, self.y_size = self.node.get_width_height()
            step = self.y_size / len(names)
            rows = [i * step for i in range(len(names))]
            indent = self.node.get_line_height()
            self.node.text = ["\u25a0"] * len(names) + names
            self.node.pos = np.array([(0, y) for y in rows] + [(indent, y) for y in rows])
            letters = [tuple(self._get_fgcolor())] * len(names)
            self.node.color = np.array([ColorArray(colour).rgba[0] for colour in colours] + letters)
            self.x_size += indent / 2
            self._on_position_change()

        def close(self) -> None:
            self.overlay.events.entries.disconnect(self._draw)
            super().close()

    parts.visuals[kind] = LegendVisual
    return True


class _Drawing(NamedTuple):
    base: Any  # module of the visuals that overlays are drawn by
    visuals: dict[Any, Any]  # kind of overlay -> its visual
    text: Any  # visual of letters in the window's font


def _drawing() -> _Drawing | None:
    """Return what napari draws overlays with, None where it is gone.

    Private: the modules ``overlays.base`` and ``visuals.text`` of ``napari._vispy`` and ``overlay_to_visual`` (0.9.2).
    """
    try:
        from napari._vispy.overlays import base
        from napari._vispy.utils.visual import overlay_to_visual
        from napari._vispy.visuals.text import Text
    except ImportError:
        report_missing(
            "overlay_to_visual", "titles over pictures, names of structures and some pins are not drawn"
        )
        return None
    return _Drawing(base, overlay_to_visual, Text)


@cache
def report_missing(name: str, consequence: str) -> None:
    """Write into the log, once, what a version of napari without a private name costs."""
    _log.warning("This version of napari has no %s: %s.", name, consequence)
