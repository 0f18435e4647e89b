"""Maps of numbers over a cube's picture: saturation, band means and whatever else has one value per pixel."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_udt.cube import SpectralCube

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.map_job import SpectralMap

_OPACITY = 0.85
_COLOUR_BAR = (14, 110)  # pixels: napari's own is broader than a picture side by side allows


def show_colour_bar(layer: Image) -> None:
    """Show a layer's colour bar, small."""
    if hasattr(layer, "colorbar"):  # napari 0.6 has none
        layer.colorbar.size, layer.colorbar.visible = _COLOUR_BAR, True


class MapLayers:
    """One image layer per map, between the cube's picture and its outlines; named and closed with the cube."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._maps: weakref.WeakKeyDictionary[Image, tuple[SpectralCube, str]] = weakref.WeakKeyDictionary()
        adapter.structure_changed.connect(self._follow)

    def show(self, cube: SpectralCube, found: SpectralMap) -> Image | None:
        """Add a map with its colour bar and hide the cube's other maps, or renew the one of that title.

        None when the cube was closed meanwhile.
        """
        key = self._key(cube)
        if key is None:
            return None
        title = f"{found.title} [{found.unit}]"
        layer = next((m for m, of in self._maps.items() if of == (cube, title) and self._is_open(m)), None)
        if layer is not None:
            layer.data, layer.contrast_limits = found.values, found.limits
            return layer
        return self._put(self._made(key, title, found), key, cube, title)

    def top_cube(self) -> SpectralCube | None:
        """Return the topmost visible cube, of which a map is wanted."""
        key = self._adapter.top_key()
        return None if key is None else self._adapter[key].cube

    def _made(self, key: str, title: str, found: SpectralMap) -> Image:
        layer = Image(
            found.values,
            name=f"{key} · {title}",
            contrast_limits=found.limits,
            colormap=found.colormap,
            opacity=_OPACITY,
            **self._plane(key),
        )
        show_colour_bar(layer)
        return layer

    def _plane(self, key: str) -> dict[str, Any]:
        """Attributes that lay a layer on a cube's picture."""
        image = self._adapter[key].image
        return {"scale": image.scale[1:], "units": image.units[1:], "axis_labels": image.axis_labels[1:]}

    def _put(self, layer: Image, key: str, cube: SpectralCube, title: str) -> Image:
        group, layers = self._adapter[key], self._adapter.viewer.layers
        others = [other for other, (of, _) in self._maps.items() if of is cube and self._is_open(other)]
        for other in others:  # maps hide each other, and their colour bars share one corner
            other.visible = False
        self._maps[layer] = (cube, title)
        active = layers.selection.active
        with self._adapter.own_changes():
            layers.insert(max(layers.index(own) for own in (group.image, *others)) + 1, layer)
        layers.selection.active = active
        return layer

    def _follow(self) -> None:
        """Take maps of closed cubes away; name and measure the others as their cube's picture."""
        for layer, (cube, title) in list(self._maps.items()):
            key = self._key(cube)
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

    def _key(self, cube: SpectralCube) -> str | None:
        adapter = self._adapter
        return next((key for key in adapter.open_keys if adapter[key].cube is cube), None)
