"""Titles over pictures: the name of a cube, and a second line that says where the data come from."""

from __future__ import annotations

from napari.components.overlays import LayerNameOverlay
from napari.layers import Layer

from napari_udt.viewer.napari_adapter import replace_name_overlay

TITLE_HEIGHT = 70  # screen pixels that three lines take
_SIZE = 8  # points: names of results are long


class TitleOverlay(LayerNameOverlay):
    """A text in the place of the layer's name."""

    text: str = ""


def show_title(layer: Layer, text: str) -> None:
    """Write a title over a layer's picture, or change it; the layer's name where napari cannot write another text."""
    if not isinstance(layer.name_overlay, TitleOverlay):
        replace_name_overlay(layer, TitleOverlay(font_size=_SIZE))
    overlay = layer.name_overlay
    if isinstance(overlay, TitleOverlay):
        overlay.text = text
    overlay.visible = True


def hide_title(layer: Layer) -> None:
    """Remove the title from a layer's picture."""
    if layer.name_overlay.visible:
        layer.name_overlay.visible = False
