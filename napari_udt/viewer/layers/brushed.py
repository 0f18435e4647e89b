"""Pixels that were chosen elsewhere, shown over their cube's picture: one layer per cube."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter

TITLE = "brushed"
_COLOUR = "#00e5ff"  # in neither of the pictures' colour maps


class BrushedLayers:
    """Labels layers of chosen pixels, named and closed with their cubes."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._layers: dict[str, Labels] = {}
        adapter.structure_changed.connect(self._follow)

    def show(self, places: Mapping[str, NDArray[np.integer]]) -> None:
        """Show these pixels, (n, 2) rows and columns by the key of their cube, and no others."""
        for key in [key for key in self._layers if key not in places or not len(places[key])]:
            self._take_away(key)
        for key, pixels in places.items():
            cube = self._adapter[key].cube if key in self._adapter else None
            if cube is not None and len(pixels) and (pixels.max(axis=0) < cube.shape[:2]).all():
                self._put(key, _mask(cube, pixels))

    def clear(self) -> None:
        """Take all away."""
        self.show({})

    def _put(self, key: str, mask: NDArray[np.uint8]) -> None:
        if key in self._layers and self._layers[key] in self._adapter.viewer.layers:
            self._layers[key].data = mask
            return
        group, layers = self._adapter[key], self._adapter.viewer.layers
        image = group.image
        layer = Labels(
            mask,
            name=f"{key} · {TITLE}",
            colormap={None: (0, 0, 0, 0), 1: _COLOUR},
            opacity=0.9,
            scale=image.scale[1:],
            units=image.units[1:],
            axis_labels=image.axis_labels[1:],
            visible=image.visible,
        )
        layer.editable = False
        active = layers.selection.active
        with self._adapter.own_changes():
            layers.insert(max(layers.index(own) for own in group) + 1, layer)
        layers.selection.active = active
        self._layers[key] = layer

    def _take_away(self, key: str) -> None:
        layer = self._layers.pop(key)
        with self._adapter.own_changes():
            self._adapter.remove(layer)

    def _follow(self) -> None:
        """Take away what belongs to closed or renamed cubes, and forget what the user removed."""
        for key, layer in list(self._layers.items()):
            if layer not in self._adapter.viewer.layers:
                del self._layers[key]
            elif key not in self._adapter or self._adapter[key].cube.shape[:2] != layer.data.shape:
                self._take_away(key)
            else:
                layer.units = self._adapter[key].image.units[1:]


def _mask(cube: SpectralCube, pixels: NDArray[np.integer]) -> NDArray[np.uint8]:
    mask = np.zeros(cube.shape[:2], dtype=np.uint8)
    mask[pixels[:, 0], pixels[:, 1]] = 1
    return mask
