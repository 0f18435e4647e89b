"""Layers "… · deformation": arrows from where tissue lay to where a deformed transfer shows it."""

from __future__ import annotations

import numpy as np
from napari.layers import Vectors

from napari_udt.inference.deformation import Arrows, arrows_of
from napari_udt.viewer.layers.adapter import LayerAdapter
from napari_udt.viewer.layers.open_cubes import aligned_with
from napari_udt.viewer.state.session import CubesChange

_COLOUR = "#ffd400"
_WIDTH = 0.9  # pixels


class DeformationLayers:
    """One Vectors layer for every cube whose metadata hold a field of offsets, with it renamed, closed and arranged."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        adapter.session.cubes_changed.connect(self._follow)
        for key in adapter.open_keys:
            self._show(key)

    def _follow(self, change: CubesChange) -> None:
        for entry in (*change.added, *(after for _, after in change.replaced)):
            if entry.key in self._adapter.open_keys:
                self._show(entry.key)

    def _show(self, key: str) -> None:
        group = self._adapter[key]
        arrows = arrows_of(group.cube)
        if arrows is None or group.offsets is not None:
            return
        layer = Vectors(
            _moved(arrows),
            name=f"{key} · deformation",
            edge_color=_COLOUR,
            edge_width=_WIDTH,
            vector_style="arrow",
            **aligned_with(group.image),
            visible=group.image.visible,
        )
        layer.editable = False
        self._adapter.attach(key, "offsets", layer)
        self._adapter.structure_changed.emit()


def _moved(arrows: Arrows) -> np.ndarray:
    """Start and direction, (n, 2, 2), of the way that tissue took: a pixel shows what lay at its offset."""
    return np.stack([arrows.places + arrows.offsets, -arrows.offsets], axis=1)
