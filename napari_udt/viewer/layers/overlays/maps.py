"""Maps over a cube's picture: oxygen saturation, band means and others with one value per pixel."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari.layers import Image, Layer

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.open_cubes import aligned_with

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.overlays.pictures import SpectralMap

_OPACITY = 0.85
_COLOUR_BAR = (14, 110)  # pixels: napari's own is broader than a picture side by side allows


def show_colour_bar(layer: Image) -> None:
    """Show a layer's colour bar, small."""
    if hasattr(layer, "colorbar"):  # napari 0.6 has none
        layer.colorbar.size, layer.colorbar.visible = _COLOUR_BAR, True


class MapLayers:
    """One image layer per map, above the pictures and under the topmost outlines; named and closed with its cube."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._maps: weakref.WeakKeyDictionary[Image, tuple[SpectralCube, str]] = weakref.WeakKeyDictionary()
        adapter.structure_changed.connect(self._follow)

    def show(self, cube: SpectralCube, found: SpectralMap) -> Image | None:
        """Show a map with its colour bar above the visible pictures, in the layer of that title or a new one; hide others.

        Side by side it lies in its cube's cell, and only the cube's other maps are hidden. None when the cube was
        closed meanwhile.
        """
        key = self._adapter.key_showing(cube)
        if key is None:
            return None
        title = f"{found.title} [{found.unit}]"
        layer = next((m for m, of in self._maps.items() if of == (cube, title) and self._is_open(m)), None)
        if layer is None:
            layer = self._made(key, title, found)
            self._maps[layer] = (cube, title)
        else:
            layer.data, layer.contrast_limits = found.values, found.limits
        self._show_above(layer, key)
        return layer

    def top_cube(self) -> SpectralCube | None:
        """Return the topmost visible cube; None where there is none."""
        key = self._adapter.top_key()
        return None if key is None else self._adapter[key].cube

    def _made(self, key: str, title: str, found: SpectralMap) -> Image:
        layer = Image(
            found.values,
            name=f"{key} · {title}",
            contrast_limits=found.limits,
            colormap=found.colormap,
            opacity=_OPACITY,
            **aligned_with(self._adapter[key].image),
        )
        show_colour_bar(layer)
        return layer

    def _show_above(self, layer: Image, key: str) -> None:
        adapter, group = self._adapter, self._adapter[key]
        layers, apart = adapter.viewer.layers, adapter.viewer.canvas.grid.enabled
        for other, (cube, _) in self._maps.items():  # colour bars share one corner
            if other is not layer and self._is_open(other) and (cube is group.cube or not apart):
                other.visible = False
        active = layers.selection.active
        with adapter.own_changes():
            place = max(map(layers.index, self._covers(layer, key))) + 1
            if not self._is_open(layer):
                layers.insert(place, layer)
            elif not apart and layers.index(layer) < place:
                layers.move(layers.index(layer), place)
            layer.visible = True
        layers.selection.active = active
        if group.map is not layer:
            group.map = layer
            adapter.part_added.emit(key)

    def _covers(self, layer: Image, key: str) -> list[Layer]:
        """Return the pictures that would hide a map; those of other cubes too where cubes are stacked."""
        viewer, group = self._adapter.viewer, self._adapter[key]
        stacked = [] if viewer.canvas.grid.enabled else [other for other in viewer.layers if other.visible]
        pictures = [other for other in stacked if isinstance(other, Image) and other is not layer]
        return pictures + [own for own in group.below("oxygenation") if own is not layer]

    def _follow(self) -> None:
        """Remove maps of closed cubes; give the others the name and units of their cube's picture."""
        for layer, (cube, title) in list(self._maps.items()):
            key = self._adapter.key_showing(cube)
            if not self._is_open(layer):
                del self._maps[layer]
            elif key is None:
                del self._maps[layer]
                self._adapter.remove(layer)
            else:
                layer.name = f"{key} · {title}"
                layer.units = self._adapter[key].image.units[1:]

    def _is_open(self, layer: Image) -> bool:
        return layer in self._adapter.viewer.layers
