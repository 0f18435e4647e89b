"""Titles over pictures: napari writes a layer's name there; ours have a second line that says where the data come from."""

from __future__ import annotations

from functools import cache

from napari.components.overlays import LayerNameOverlay
from napari.layers import Layer

_SIZE = 8  # points: names of results are long
_KEY = "layer_name"  # napari's, so that the title takes the place of the name


class TitleOverlay(LayerNameOverlay):
    """A text of our own where napari would write the layer's name."""

    text: str = ""


def show_title(layer: Layer, text: str, position: str = "top_left") -> None:
    """Write a title over a layer's picture, or change it."""
    _teach_napari()
    overlay = layer.name_overlay
    if not isinstance(overlay, TitleOverlay):
        overlay = TitleOverlay(font_size=_SIZE)
        layer._overlays[_KEY] = overlay
    overlay.text, overlay.position, overlay.visible = text, position, True


def hide_title(layer: Layer) -> None:
    """Take the title away."""
    if layer.name_overlay.visible:
        layer.name_overlay.visible = False


@cache
def _teach_napari() -> None:
    """Tell napari (0.9) how to draw titles; a version that knows no such table writes the layer's name."""
    try:
        from napari._vispy.overlays.text import VispyLayerNameOverlay
        from napari._vispy.utils.visual import overlay_to_visual
    except ImportError:
        return

    class VispyTitle(VispyLayerNameOverlay):
        def _connect_events(self) -> None:
            self.overlay.events.text.connect(self._on_text_change)

        def _on_text_change(self) -> None:
            self.node.text = self.overlay.text
            self._on_position_change()

    overlay_to_visual[TitleOverlay] = VispyTitle
