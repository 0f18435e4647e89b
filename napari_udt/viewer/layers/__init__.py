"""The one room that touches ``viewer.layers``: cubes, pins, regions, maps, colours, brushed pixels and the arrangements for comparing."""

from napari_udt.viewer.layers.adapter import LayerAdapter
from napari_udt.viewer.layers.arrangements.pair_view import PairMode, PairView
from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
from napari_udt.viewer.layers.open_cubes import CubeLayers
from napari_udt.viewer.layers.overlays.brushed import BrushedLayers
from napari_udt.viewer.layers.overlays.colours import ColourLayers
from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.layers.overlays.pins import PinLayers
from napari_udt.viewer.layers.overlays.regions import RegionLayers

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
