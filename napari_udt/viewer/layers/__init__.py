"""The one room that touches ``viewer.layers``: cubes, pins, regions, maps, colours, brushed pixels and the arrangements for comparing."""

from napari_udt.viewer.layers.adapter import LayerAdapter
from napari_udt.viewer.layers.brushed import BrushedLayers
from napari_udt.viewer.layers.colours import ColourLayers
from napari_udt.viewer.layers.maps import MapLayers
from napari_udt.viewer.layers.open_cubes import CubeLayers
from napari_udt.viewer.layers.pair_view import PairMode, PairView
from napari_udt.viewer.layers.pins import PinLayers
from napari_udt.viewer.layers.regions import RegionLayers
from napari_udt.viewer.layers.side_by_side import SideBySide

__all__ = [
    "BrushedLayers",
    "ColourLayers",
    "CubeLayers",
    "LayerAdapter",
    "MapLayers",
    "PairMode",
    "PairView",
    "PinLayers",
    "RegionLayers",
    "SideBySide",
]
