"""Names of structures on their outlines, and a legend of their colours, both on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Labels
from psygnal import Signal

from napari_udt.spectral.labels import is_background
from napari_udt.viewer.layers.layer_data import structure_colour
from napari_udt.viewer.layers.overlays.marks import Mark, show_legend, show_marks
from napari_udt.viewer.layers.structure_places import name_places

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube
    from napari_udt.viewer.layers.adapter import LayerAdapter

_NAMES = "udt_names"


class StructureNames:
    """Writes names on the outlines of all open cubes, and shows a legend of the structures that are seen."""

    changed = Signal()

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self.names = self.legend = False
        self._named: WeakKeyDictionary[Labels, SpectralCube] = WeakKeyDictionary()
        adapter.structure_changed.connect(self._follow)
        adapter.front_changed.connect(self._follow)
        adapter.session.cubes_changed.connect(self._follow)
        adapter.session.pictures_changed.connect(self._follow)
        adapter.viewer.canvas.grid.events.enabled.connect(self._follow)

    def show(self, *, names: bool, legend: bool) -> None:
        """Show names, a legend, both or none."""
        if (names, legend) != (self.names, self.legend):
            self.names, self.legend = names, legend
            self._follow()
            self.changed.emit()

    def _follow(self, _event: Any = None) -> None:
        """Show what is wanted on the layers that are there now."""
        adapter = self._adapter
        if not adapter.has_viewer:
            return
        seen = {id(cube) for cube in adapter.visible_cubes()} if self.names else set()
        for key in adapter.open_keys:
            if (layer := adapter[key].labels) is not None:
                self._name(layer, adapter[key].cube, id(adapter[key].cube) in seen)
        show_legend(adapter.viewer, self._entries() if self.legend else ())

    def _name(self, layer: Labels, cube: SpectralCube, wanted: bool) -> None:
        """Write the names on a picture that is seen; those of one that lies below it would be read as its own."""
        if not wanted or cube.labels is None:
            self._named.pop(layer, None)
            show_marks(layer, _NAMES, ())
        elif self._named.get(layer) is not cube:
            self._named[layer] = cube
            places = name_places(cube.labels, cube.present_labels)
            show_marks(layer, _NAMES, [Mark(*place) for place in places])

    def _entries(self) -> tuple[tuple[str, str], ...]:
        """Return names and colours of the structures in the pictures that are seen, in the order of their numbers."""
        names = [name for cube in self._adapter.visible_cubes() for name in cube.present_labels.values()]
        return tuple(
            (name, structure_colour(name)) for name in dict.fromkeys(names) if not is_background(name)
        )
