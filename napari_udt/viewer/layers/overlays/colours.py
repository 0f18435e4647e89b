"""Layers "… · colours": a picture in colours over a cube's own, which moves into its cell side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from napari.layers import Image
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.open_cubes import aligned_with

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.overlays.pictures import ColourPicture
    from napari_udt.viewer.state.session import Entry

_HOW = "udt_colours"  # in the layer's metadata: what its colours mean


class ColourLayers:
    """Adds colour pictures to cubes, and updates them."""

    outdated = Signal()  # colours were hidden because their cube shows another picture of its series

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        adapter.session.pictures_changed.connect(self._hide_former)

    def _hide_former(self, changed: Iterable[tuple[Entry, Entry]]) -> None:
        """Hide the colours of cubes that show another picture of their series now."""
        for _, after in changed:
            layer = self._adapter[after.key].colours if after.key in self._adapter else None
            if layer is not None and layer.visible:
                layer.visible = False
                self.outdated.emit()

    def visible_cubes(self) -> tuple[SpectralCube, ...]:
        """Return the cubes that are visible side by side, else the topmost one."""
        return self._adapter.visible_cubes()

    def show(self, cube: SpectralCube, found: ColourPicture) -> Image | None:
        """Show colours over a cube's picture; None when the cube was closed meanwhile."""
        adapter = self._adapter
        key = adapter.key_showing(cube)
        if key is None:
            return None
        layer = adapter[key].colours
        if layer is None:
            layer = self._made(key, found)
            adapter.attach(key, "colours", layer)
        else:
            layer.data, layer.visible = found.values, True
        layer.metadata[_HOW] = f"{found.title}. {found.remark}"
        return layer

    def _made(self, key: str, found: ColourPicture) -> Image:
        image = self._adapter[key].image
        return Image(
            found.values,
            name=f"{key} · colours",
            rgb=True,
            **aligned_with(image),
        )
