"""Layers of other plugins that state their wavelengths open as cubes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.deferred_removal import later_in
from napari_udt.viewer.layers.layer_data import CUBE_KEY
from napari_udt.viewer.layers.stated_cubes import stated_cube

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter


class StatedLayers:
    """Opens the cubes of such layers, which stay in the list, hidden: ours have the slider in nm."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._soon = later_in(adapter.viewer, 0)
        adapter.viewer.layers.events.inserted.connect(self._on_inserted)
        for layer in list(adapter.viewer.layers):
            self._take(layer)

    def _on_inserted(self, event: Any) -> None:
        self._take(event.value)

    def _take(self, layer: Layer) -> None:
        if isinstance(layer, Image) and CUBE_KEY not in layer.metadata:
            cube = stated_cube(layer.name, layer.data, layer.metadata)
            if cube is not None:
                self._soon(partial(self._open, layer, cube))

    def _open(self, layer: Layer, cube: SpectralCube) -> None:
        if layer in self._adapter.viewer.layers:
            layer.visible = False
            self._adapter.session.add(cube)
