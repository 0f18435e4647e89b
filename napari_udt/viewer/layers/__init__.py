"""The one room that touches ``viewer.layers``: cubes, pins and the side-by-side arrangement."""

from napari_udt.viewer.layers.adapter import CubeLayers, LayerAdapter
from napari_udt.viewer.layers.pins import PinLayers
from napari_udt.viewer.layers.side_by_side import SideBySide

__all__ = ["CubeLayers", "LayerAdapter", "PinLayers", "SideBySide"]
