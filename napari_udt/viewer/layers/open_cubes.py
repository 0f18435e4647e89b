"""Which cubes have layers in a viewer, and which of them are visible; nothing is changed here."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points, Shapes, Vectors

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.layer_data import CUBE_KEY, label_colours, outline_width, plane_units
from napari_udt.viewer.layers.stacks import SeriesStack, stack
from napari_udt.viewer.napari_adapter import overlays_of
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from napari.components import ViewerModel

MOST_BELOW = 3  # cubes that stay visible below the newest: napari slices and draws all visible ones at each step of a slider

_OF_BRUSHES = ("polygon", "brush_stroke")  # what napari draws over labels while they are painted

# Suffixes to the cube's key in the names of its layers.
_TITLES = {
    "image": "",
    "colours": " · colours",
    "labels": " · structures",
    "offsets": " · deformation",
    "pins": " · pins",
    "regions": " · regions",
    "brushed": " · brushed",
}


def _same_structures(first: SpectralCube, second: SpectralCube) -> bool:
    """Whether two cubes have the same structures at the same pixels, under the same names."""
    if first.labels is None or second.labels is None:
        return first.labels is second.labels
    return first.label_names == second.label_names and np.array_equal(first.labels, second.labels)


def aligned_with(image: Image) -> dict[str, Any]:
    """Return the attributes that align a two-dimensional layer with a cube's picture."""
    return {"scale": image.scale[-2:], "units": image.units[-2:], "axis_labels": image.axis_labels[-2:]}


@dataclass(eq=False)
class CubeLayers:
    """The layers of one open cube, bottom to top."""

    image: Image
    colours: Image | None = None
    map: Image | None = None
    labels: Labels | None = None
    offsets: Vectors | None = None
    brushed: Labels | None = None
    regions: Shapes | None = None
    pins: Points | None = None

    def __iter__(self) -> Iterator[Layer]:
        return (layer for f in fields(self) if (layer := getattr(self, f.name)) is not None)

    @property
    def cube(self) -> SpectralCube:
        """The cube that the layers show."""
        return self.image.metadata[CUBE_KEY]

    @property
    def cubes(self) -> list[SpectralCube]:
        """The cube as each layer that shows a part of it knows it."""
        return [layer.metadata[CUBE_KEY] for layer in self if CUBE_KEY in layer.metadata]

    def set_cube(self, cube: SpectralCube) -> None:
        """Show a cube of the same spectra, whose structures have other names."""
        former = self.cube if self.labels is None else self.labels.metadata[CUBE_KEY]
        for layer in self:
            if CUBE_KEY in layer.metadata:
                layer.metadata[CUBE_KEY] = cube
        if isinstance(self.image.data, SeriesStack) and cube.series is not None:
            self.image.data.series, self.image.data.shown = cube.series, cube
        flat = self.labels is not None and self.labels.ndim == 2  # else it holds those of a whole volume
        if self.labels is not None and flat and not _same_structures(former, cube):
            names = cube.present_labels
            self.labels.data = np.zeros(cube.shape[:2], np.int32) if cube.labels is None else cube.labels
            self.labels.colormap = label_colours(names)
            self.labels.features = {"index": list(names), "structure": list(names.values())}

    def show_picture(self, cube: SpectralCube) -> None:
        """Show another picture of the cube's series, which napari has drawn already unless it was still to be read; or of a single one."""
        self.set_cube(cube)
        if not isinstance(self.image.data, SeriesStack):
            self.image.data = stack(cube)[0]
        if isinstance(self.image.data, SeriesStack) and self.image.data.stands_in:
            self.image.data.stands_in = False
            self.image.refresh()

    @property
    def covered(self) -> bool:
        """Whether a map is shown in the place of the picture."""
        return self.map is not None and bool(self.map.visible)

    def part_of(self, layer: Layer) -> str | None:
        """Return which part of the cube a layer shows; None for foreign layers."""
        return next((f.name for f in fields(self) if getattr(self, f.name) is layer), None)

    def below(self, part: str) -> list[Layer]:
        """Return the layers that lie below such a part."""
        order = [f.name for f in fields(self)]
        lower = (getattr(self, name) for name in order[: order.index(part)])
        return [layer for layer in lower if layer is not None]

    def name(self, key: str) -> None:
        """Name all layers after the cube's key."""
        for part, title in _TITLES.items():
            layer = getattr(self, part)
            if layer is not None and layer.name != key + title:
                layer.name = key + title

    def show(self, visible: bool) -> None:
        """Show or hide all layers."""
        for layer in self:
            if layer.visible != visible:
                layer.visible = visible


class OpenCubes:
    """The cubes that have layers in a viewer, by their keys in the session.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Held weakly, so that this never keeps a closed window alive.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._open: dict[str, CubeLayers] = {}

    @property
    def viewer(self) -> ViewerModel:
        """The viewer; raises ``ReferenceError`` once its window is gone."""
        viewer = self._viewer()
        if viewer is None:
            raise ReferenceError("The viewer of this session is closed.")
        return viewer

    @property
    def has_viewer(self) -> bool:
        """Whether the viewer's window still stands; timers may call after it."""
        return self._viewer() is not None

    def __contains__(self, key: object) -> bool:
        return key in self._open

    def __getitem__(self, key: str) -> CubeLayers:
        return self._open[key]

    @property
    def open_keys(self) -> tuple[str, ...]:
        """Keys of the cubes that have layers, oldest first."""
        return tuple(self._open)

    def key_of(self, layer: Layer) -> str | None:
        """Return the key of the cube that a layer belongs to, None for foreign layers."""
        return next((key for key, group in self._open.items() if group.part_of(layer)), None)

    def key_showing(self, cube: SpectralCube) -> str | None:
        """Return the key of a cube that has layers, None where it has none."""
        return next((key for key, group in self._open.items() if group.cube is cube), None)

    def _rename_layers(self, old: str, new: str) -> None:
        """Follow a cube under another key, which names its layers."""
        self._open = {(new if key == old else key): group for key, group in self._open.items()}
        if new in self._open:
            self._open[new].name(new)

    def _measure_in(self, metric: bool, others: Iterable[Layer]) -> None:
        """Give all layers of cubes, and some others, millimetres or pixels for their units."""
        for layer in (*(layer for group in self._open.values() for layer in group), *others):
            layer.units = plane_units(metric, layer.ndim)

    def _show_newest(self) -> None:
        """Show the newest cube where none is visible: those that covered it are closed."""
        if self._open and not any(group.image.visible for group in self._open.values()):
            newest = list(self._open.values())[-1]
            for layer in (newest.image, newest.labels, newest.pins, newest.regions):
                if layer is not None:
                    layer.visible = True

    def pixel_at(self, position: tuple[float, ...], cell: tuple[int, int] | None = None) -> PixelRef | None:
        """Return the pixel of the topmost visible cube under a world position.

        Parameters
        ----------
        position : tuple of float
            World coordinates, one per dimension of the viewer.
        cell : (int, int), optional
            Row and column of the grid cell in which the pointer is, in grid mode.
        """
        for key, image in self._shown(cell):
            row, column = (round(float(v)) for v in image.world_to_data(position)[-2:])
            rows, columns, _ = self._open[key].cube.shape
            if 0 <= row < rows and 0 <= column < columns:
                return PixelRef(key, row, column)
        return None

    def pans(self) -> bool:
        """Whether the active layer is in pan/zoom mode, in which clicks pick pixels."""
        active = self.viewer.layers.selection.active
        return active is None or str(active.mode) == "pan_zoom"

    def selected_key(self) -> str | None:
        """Return the key of the cube that the selected layer belongs to, else of the topmost visible one."""
        active = self.viewer.layers.selection.active
        return (None if active is None else self.key_of(active)) or self.top_key()

    def top_key(self) -> str | None:
        """Return the key of the topmost visible cube."""
        return next((key for key, _ in self._shown(None)), None)

    def visible_cubes(self) -> tuple[SpectralCube, ...]:
        """Return the cubes that are visible side by side, else the topmost one."""
        if self.viewer.canvas.grid.enabled:
            return tuple(self._open[key].cube for key in self.open_keys if self._open[key].image.visible)
        key = self.top_key()
        return () if key is None else (self._open[key].cube,)

    def all_covered(self) -> bool:
        """Whether maps cover all pictures that would be seen."""
        groups = [group for group in self._open.values() if group.image.visible]
        covered = [group.covered for group in groups]
        return all(covered) and bool(covered) if self.viewer.canvas.grid.enabled else any(covered)

    def _shown(self, cell: tuple[int, int] | None) -> Iterator[tuple[str, Image]]:
        """Yield keys and pictures that are visible (in a grid cell), topmost first."""
        layers = self.viewer.layers
        grid = self.viewer.canvas.grid
        inside = grid.contents_at(cell, layers) if grid.enabled and cell is not None else range(len(layers))
        keys = {id(group.image): key for key, group in self._open.items()}
        for index in reversed(inside):
            layer = layers[index]
            if layer.visible and id(layer) in keys:
                yield keys[id(layer)], layer


def differ_in_structures(before: SpectralCube, after: SpectralCube) -> bool:
    """Whether two cubes show the same spectra, and structures of other names."""
    return before.data is after.data and before.labels is not after.labels


def is_of(cube: SpectralCube, shown: SpectralCube) -> bool:
    """Whether a cube is shown, or another picture of its series is."""
    return cube is shown or (cube.series is not None and cube.series is shown.series)


def outline(labels: Labels, cube: SpectralCube) -> None:
    """Draw structures as outlines that cannot be painted: paint would not reach the cube."""
    labels.contour = outline_width(cube)
    labels.editable = False
    drawn_over = overlays_of(labels)
    for tool in _OF_BRUSHES:  # a third of what napari needs to add such a layer
        if tool in drawn_over:
            drawn_over[tool].visible = False


def hide_below(newest: CubeLayers, others: Sequence[CubeLayers]) -> None:
    """Hide cubes of another modality, and the oldest of those that the newest one covers; the user can show them again."""
    alike = [other for other in others if other.cube.modality == newest.cube.modality]
    covered = [other for other in alike if other.image.visible and _covers(newest, other)]
    for other in others:
        if other not in alike or other in covered[:-MOST_BELOW]:
            other.show(False)


def covered_later(cubes: Sequence[SpectralCube]) -> list[bool]:
    """Return of cubes in the order in which they open which are sure to be hidden by later ones: see :func:`hide_below`."""
    places = [(cube.modality, cube.shape[:2], cube.pixel_size_mm) for cube in cubes]
    return [places[number + 1 :].count(place) > MOST_BELOW for number, place in enumerate(places)]


def _covers(upper: CubeLayers, lower: CubeLayers) -> bool:
    """Whether a picture is as large as another, so that nothing of that one is seen."""
    (low, high), (inner_low, inner_high) = (group.image.extent.world[:, -2:] for group in (upper, lower))
    return bool((low <= inner_low).all() and (high >= inner_high).all())
