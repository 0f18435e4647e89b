"""Maps over a cube's picture: oxygen saturation, band means and others with one value per pixel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from napari.utils import Colormap

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.arrangements.titles import show_title
from napari_udt.viewer.layers.open_cubes import aligned_with

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.overlays.pictures import SpectralMap
    from napari_udt.viewer.state.session import Entry

_OPACITY = 0.85
_MAP = "udt_map"  # in the layer's metadata: what it shows, with the unit
_COLOUR_BAR = (14, 110)  # pixels: napari's own is broader than a picture side by side allows


def show_colour_bar(layer: Image) -> None:
    """Show a layer's colour bar, small."""
    if hasattr(layer, "colorbar"):  # napari 0.6 has none
        layer.colorbar.size, layer.colorbar.visible = _COLOUR_BAR, True


def _colormap(found: SpectralMap) -> Any:
    """Return a map's colours as napari takes them; of numbers that stand for names each keeps its own."""
    if isinstance(found.colormap, str):
        return found.colormap
    return Colormap(list(found.colormap), name=found.title, interpolation="zero")


class MapLayers:
    """One layer per cube for maps, above the pictures and under the topmost outlines; named and closed with its cube."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        adapter.structure_changed.connect(self._follow)
        adapter.session.map_requested.connect(self.show)
        adapter.session.pictures_changed.connect(self._hide_former)

    def compared(self) -> tuple[SpectralCube, ...]:
        """Return the cubes to make maps of: all that stand side by side, else the topmost visible one."""
        return self._adapter.visible_cubes()

    def show(self, cube: SpectralCube, found: SpectralMap) -> Image | None:
        """Show a map with its colour bar above the visible pictures, in the place of the cube's last one; hide others.

        Side by side it lies in its cube's cell, and other cubes keep theirs. None when the cube was closed meanwhile.
        """
        key = self._adapter.key_showing(cube)
        if key is None:
            return None
        title, layer = found.title if found.names else f"{found.title} [{found.unit}]", self._adapter[key].map
        if layer is None:
            layer = self._made(key, found)
        else:
            layer.data, layer.contrast_limits, layer.colormap = found.values, found.limits, _colormap(found)
        layer.metadata[_MAP] = title
        self._name(layer, key)
        self._show_above(layer, key)
        return layer

    def hide(self) -> None:
        """Show the pictures again."""
        for key in self._adapter.open_keys:
            layer = self._adapter[key].map
            if layer is not None:
                layer.visible = False

    def _hide_former(self, changed: Iterable[tuple[Entry, Entry]]) -> None:
        """Hide the maps of cubes that show another picture of their series now."""
        for _, after in changed:
            layer = self._adapter[after.key].map if after.key in self._adapter else None
            if layer is not None:
                layer.visible = False

    def _made(self, key: str, found: SpectralMap) -> Image:
        layer = Image(
            found.values,
            contrast_limits=found.limits,
            colormap=_colormap(found),
            opacity=_OPACITY,
            **aligned_with(self._adapter[key].image),
        )
        show_colour_bar(layer)
        layer.events.visible.connect(self._covered)
        return layer

    def _covered(self, _event: Any = None) -> None:
        self._adapter.covered_changed.emit()

    def _name(self, layer: Image, key: str) -> None:
        """Name a map after its cube, and write over it what it shows."""
        title = layer.metadata[_MAP]
        layer.name = f"{key} · {title}"
        show_title(layer, f"{title}\n{key}")

    def _show_above(self, layer: Image, key: str) -> None:
        adapter, group = self._adapter, self._adapter[key]
        layers, apart = adapter.viewer.layers, adapter.viewer.canvas.grid.enabled
        if not apart:
            for other in (
                adapter[k].map for k in adapter.open_keys if k != key
            ):  # colour bars share one corner
                if other is not None:
                    other.visible = False
        active = layers.selection.active
        with adapter.own_changes():
            place = max(map(layers.index, self._covers(layer, key))) + 1
            if layer not in layers:
                layers.insert(place, layer)
            elif not apart and layers.index(layer) < place:
                layers.move(layers.index(layer), place)
            layer.visible = True
        layers.selection.active = active
        if group.map is not layer:
            group.map = layer
            adapter.part_added.emit(key)
        self._covered()

    def _covers(self, layer: Image, key: str) -> list[Layer]:
        """Return the pictures that would hide a map; those of other cubes too where cubes are stacked."""
        viewer, group = self._adapter.viewer, self._adapter[key]
        stacked = [] if viewer.canvas.grid.enabled else [other for other in viewer.layers if other.visible]
        pictures = [other for other in stacked if isinstance(other, Image) and other is not layer]
        return pictures + group.below("map")

    def _follow(self) -> None:
        """Give maps the name and units of their cube's picture."""
        for key in self._adapter.open_keys:
            group = self._adapter[key]
            if group.map is not None and _MAP in group.map.metadata:
                self._name(group.map, key)
                group.map.units = group.image.units[-2:]
