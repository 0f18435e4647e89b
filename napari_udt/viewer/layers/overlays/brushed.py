"""Layers "… · brushed": pixels that were selected in the Population dock, over their cube's picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_udt.viewer.layers.adapter import LayerAdapter
from napari_udt.viewer.layers.open_cubes import aligned_with

_COLOUR = "#00e5ff"  # in neither of the pictures' colour maps
_NONE = np.empty((0, 2), dtype=np.int32)


class BrushedLayers:
    """One Labels layer per cube, which is renamed, closed and arranged with it."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter

    def show(self, pixels: Mapping[str, NDArray[np.integer]]) -> None:
        """Show these pixels, (n, 2) rows and columns by the key of their cube, and no others."""
        for key in self._adapter.open_keys:
            mask = self._mask(key, pixels.get(key, _NONE))
            layer = self._adapter[key].brushed
            if layer is not None:
                layer.data = mask
            elif mask.any():
                self._adapter.attach(key, "brushed", self._made(key, mask))

    def clear(self) -> None:
        """Remove the layers."""
        marked = [key for key in self._adapter.open_keys if self._adapter[key].brushed is not None]
        for key in marked:
            self._adapter.detach(key, "brushed")
        if marked:
            self._adapter.structure_changed.emit()  # cells side by side close up

    def _mask(self, key: str, pixels: NDArray[np.integer]) -> NDArray[np.uint8]:
        mask = np.zeros(self._adapter[key].cube.shape[:2], dtype=np.uint8)
        if len(pixels) and (pixels.max(axis=0) < mask.shape).all():  # else the cube was replaced
            mask[pixels[:, 0], pixels[:, 1]] = 1
        return mask

    def _made(self, key: str, mask: NDArray[np.uint8]) -> Labels:
        image = self._adapter[key].image
        layer = Labels(
            mask,
            name=f"{key} · brushed",
            colormap={None: (0, 0, 0, 0), 1: _COLOUR},
            opacity=0.6,
            **aligned_with(image),
            visible=image.visible,
        )
        layer.editable = False  # paint would reach no spectrum
        return layer
