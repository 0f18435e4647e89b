"""The one room that touches ``viewer.layers``: cubes, pins, regions, maps and the side-by-side arrangement."""

from napari_udt.viewer.layers.adapter import CubeLayers, LayerAdapter
from napari_udt.viewer.layers.maps import MapLayers
from napari_udt.viewer.layers.pins import PinLayers
from napari_udt.viewer.layers.regions import RegionLayers
from napari_udt.viewer.layers.side_by_side import SideBySide

__all__ = ["CubeLayers", "LayerAdapter", "MapLayers", "PinLayers", "RegionLayers", "SideBySide"]
