"""Volumes in views in which depth is an axis of the picture: napari's 3-D view, and rolled axes. No Qt."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.viewer.layers.layer_data import label_colours, outline_width
from napari_udt.viewer.layers.open_cubes import CubeLayers
from napari_udt.viewer.layers.stacks import SeriesStack
from napari_udt.viewer.series.volume import VolumeReader
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.series.pictures import CubeSeries
    from napari_udt.viewer.state.display_options import DisplayOptions

# Without depth, structures are drawn over the brightest values and not hidden within them.
_BLENDING = {2: "translucent", 3: "translucent_no_depth"}
_FLAT, _DEEP = (
    (0, 1, 2, 3),
    (1, 0, 2, 3),
)  # orders of depth, wavelength, rows, columns: the last ones are drawn


class VolumeView:
    """Draws depth, rows and columns in 3-D, where napari would draw wavelength, and the structures of all slices with them.

    While depth is drawn, the layer of structures holds those of the whole volume in the place of the slice's.
    """

    def __init__(self, adapter: LayerAdapter, reader: VolumeReader) -> None:
        self._adapter, self.reader = adapter, reader
        # The viewer's own events must not keep the session alive after its window, nor the other way round.
        self._dims: Any = weakref.proxy(adapter.viewer.dims)
        self._chosen: tuple[str, ...] = ()
        self._position: float | None = None  # before the present step of napari's to 2-D
        self._shown: dict[str, NDArray[np.int32]] = {}  # what is drawn of each volume's structures
        events = adapter.viewer.dims.events
        events.ndisplay.connect(self._switched)
        events.order.connect(self._follow)
        adapter.structure_changed.connect(self._layers_changed)
        adapter.front_changed.connect(self._arrange)
        adapter.session.options_changed.connect(self._options_changed)
        adapter.session.position_changed.connect(self._moved)
        reader.changed.connect(self._arrived)
        self._options_changed(adapter.session.options)
        self._layers_changed()

    @property
    def active(self) -> bool:
        """Whether depth is drawn."""
        return self._dims.ndim == len(_FLAT) and 0 in self._dims.displayed and bool(self._seen())

    def place_at(self, event: Any) -> tuple[PixelRef, float] | None:
        """Return the pixel under the mouse and the position of its slice: in 3-D of the first voxel of a structure there."""
        if not self.active:
            return None
        if self._dims.ndisplay == 2:
            pixel = self._adapter.pixel_at(event.position, event.viewbox)
            group = None if pixel is None else self._adapter[pixel.key]
            if pixel is None or group is None or not isinstance(group.image.data, SeriesStack):
                return None
            series = group.image.data.series
            return pixel, float(series.coordinates[series.nearest(event.position[0])])
        for key in reversed(self._seen()):
            group, drawn = self._adapter[key], self._shown.get(key)
            found = self.reader.structures(_stack(group).series)
            if drawn is None or found is None or group.labels is None:
                continue
            ends = group.labels.get_ray_intersections(
                event.position, event.view_direction, list(event.dims_displayed)
            )
            if ends[0] is None or ends[1] is None:
                continue
            hit = found.first_along(drawn, *(np.asarray(end)[[0, 2, 3]] for end in ends))
            if hit is not None:
                stack, (place, row, column) = _stack(group), hit
                return PixelRef(key, row, column), float(stack.series.coordinates[stack.pictures[place]])
        return None

    def _volumes(self) -> list[str]:
        """Return the keys of the open volumes."""
        groups = ((key, self._adapter[key].image.data) for key in self._adapter.open_keys)
        return [key for key, data in groups if isinstance(data, SeriesStack) and data.series.axis == "depth"]

    def _seen(self) -> list[str]:
        """Return the keys of the volumes that are seen: in all cells, else the topmost picture where it is of a volume."""
        cubes, adapter = self._adapter.visible_cubes(), self._adapter
        return [key for key in self._volumes() if any(adapter[key].cube is cube for cube in cubes)]

    def _layers_changed(self) -> None:
        for key in self._volumes():
            _stack(self._adapter[key]).whole = self._whole
        self._arrange()

    def _whole(self, stack: SeriesStack, plane: int) -> NDArray[np.float32]:
        """Return a volume at one wavelength as far as it was read; of those that are covered nothing is read."""
        seen = any(_stack(self._adapter[key]) is stack for key in self._seen())
        rows, columns = stack.shape[2:]
        if not seen:
            return np.broadcast_to(np.float32(0), (len(stack.series), rows, columns))
        return self.reader.values(stack.series, plane, (rows, columns))

    def _moved(self, position: float | None) -> None:
        if self._dims.ndisplay == 3:
            self._position = position

    def _arrange(self, _event: Any = None) -> None:
        """Put the axis of wavelengths before that of depths where a volume is in front: then 3-D draws depth, rows and columns."""
        if self._dims.ndim == len(_FLAT):
            order, wanted = tuple(self._dims.order), _DEEP if self._seen() else _FLAT
            if order != wanted and order in (_FLAT, _DEEP):
                self._dims.order = wanted
            self._measure()
        self._follow()

    def _measure(self) -> None:
        """Measure depth in mm where all series have it: napari keeps one unit per axis, and compares those that are drawn."""
        images = [self._adapter[key].image for key in self._adapter.open_keys]
        stacks = [image.data for image in images if isinstance(image.data, SeriesStack)]
        known = all(stack.series.axis == "depth" and stack.series.positions is not None for stack in stacks)
        for layer in (layer for key in self._volumes() for layer in self._adapter[key]):
            if layer.ndim == len(_FLAT):
                plane = str(layer.units[-1])
                units = (plane if known else "pixel", "pixel", plane, plane)
                if tuple(map(str, layer.units)) != units:
                    layer.units = units

    def _switched(self, _event: Any = None) -> None:
        """Draw structures over the brightest values, not hidden within them; keep the slice."""
        dimensions = int(self._dims.ndisplay)
        for key in self._volumes():
            group = self._adapter[key]
            for layer in (group.image, group.labels):
                if layer is not None:
                    layer.blending = _BLENDING[dimensions]
        if dimensions == 2 and self._position is not None and self._seen():
            self._dims.set_point(0, self._position)  # napari goes to the slice in the middle of the view
        self._position = self._adapter.session.position if dimensions == 3 else None
        self._follow()

    def _follow(self, _event: Any = None) -> None:
        """Give the layers of structures what the view needs."""
        deep = self._seen() if self.active else []
        for key in [key for key in self._shown if key not in deep]:
            del self._shown[key]
            if key in self._adapter:
                _flatten(self._adapter[key])
                self._look_again()
        for key in deep:
            self._deepen(key)
        if not deep:
            self.reader.stop()

    def _options_changed(self, options: DisplayOptions) -> None:
        chosen = options.structures if options.mode == "structure" else ()
        if chosen != self._chosen:
            self._chosen = chosen
            self._follow()

    def _arrived(self, series: CubeSeries) -> None:
        """Draw the slices that were read meanwhile."""
        for key in self._seen() if self.active else ():
            group = self._adapter[key]
            if _stack(group).series is series:
                group.image.refresh()
                self._deepen(key)

    def _deepen(self, key: str) -> None:
        """Let a layer of structures hold those of the whole volume."""
        group = self._adapter[key]
        labels, image, stack = group.labels, group.image, _stack(group)
        found = self.reader.structures(stack.series)
        if labels is None or found is None:
            return
        flat = labels.ndim == 2
        drawn = self._shown[key] = found.shown(self._chosen)[stack.pictures]
        labels.contour = outline_width(group.cube) if self._dims.ndisplay == 2 else 0  # none in 3-D
        labels.colormap = label_colours(found.names)
        # The same at each wavelength; without any memory of its own.
        labels.data = np.broadcast_to(drawn[:, np.newaxis], stack.shape)
        labels.scale, labels.translate = image.scale, image.translate
        labels.units, labels.axis_labels = image.units, image.axis_labels
        if flat:
            self._look_again()

    def _look_again(self) -> None:
        """Have napari look at layers with other axes than before as the view is, which it does only when that changes."""
        dims = self._adapter.viewer.dims
        dims.events.current_step(value=dims.current_step)


def _stack(group: CubeLayers) -> SeriesStack:
    assert isinstance(group.image.data, SeriesStack)
    return group.image.data


def _flatten(group: CubeLayers) -> None:
    """Let a layer of structures hold those of the slice again."""
    labels, cube = group.labels, group.cube
    if labels is None:
        return
    labels.data = np.zeros(cube.shape[:2], np.int32) if cube.labels is None else cube.labels
    labels.contour = outline_width(cube)
    names = cube.present_labels
    labels.colormap = label_colours(names)
    labels.features = {"index": list(names), "structure": list(names.values())}
