"""What is drawn on a picture without a layer of its own: pins in further cells, names of structures, their legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from napari.components import ViewerModel
from napari.components.overlays import CanvasOverlay, SceneOverlay
from napari.layers import Layer

from napari_udt.viewer.napari_adapter import draw_legends_of, draw_marks_of, overlays_of

_LEGEND = "udt_legend"
_LOWER_RIGHT = "bottom_right"  # titles and colour bars stand above
_OVER_ALL = "translucent_no_depth"


class Mark(NamedTuple):
    """A text at a pixel of a picture, on a dot of a colour, or without one on a dark rim of its own."""

    row: float
    column: float
    text: str
    colour: str = ""


class Marks(SceneOverlay):
    """Marks on a layer; ``diameter`` of their dots in pixels of the picture, 0 for none."""

    marks: tuple[Mark, ...] = ()
    diameter: float = 0.0


class Legend(CanvasOverlay):
    """Names beside squares of their colours, one below the other: pairs of name and colour."""

    entries: tuple[tuple[str, str], ...] = ()


def show_marks(layer: Layer, name: str, marks: Sequence[Mark], diameter: float = 0.0) -> None:
    """Draw marks on a layer in the place of those of the same name; no marks draw nothing.

    Nothing happens where this version of napari cannot draw them.
    """
    overlays = overlays_of(layer) if draw_marks_of(Marks) else {}
    if not marks and name not in overlays:
        return
    if name not in overlays:
        overlays[name] = Marks(blending=_OVER_ALL)
    shown = overlays[name]
    shown.diameter, shown.marks = diameter, tuple(marks)
    if shown.visible != bool(marks):
        shown.visible = bool(marks)
        layer.events.scale()  # has napari move what it has just made to its place on the picture


def show_legend(viewer: ViewerModel, entries: Sequence[tuple[str, str]]) -> None:
    """Show a legend in the lower right corner of the canvas; no entries show none."""
    overlays = viewer.canvas.overlays
    if not draw_legends_of(Legend) or (not entries and _LEGEND not in overlays):
        return
    if _LEGEND not in overlays:
        overlays[_LEGEND] = Legend(position=_LOWER_RIGHT)
    overlays[_LEGEND].entries = tuple(entries)
    overlays[_LEGEND].visible = bool(entries)
