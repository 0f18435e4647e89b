"""Layers of series of pictures, and their slider, kept in step with the session. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_udt.viewer.layers.adapter import outline
from napari_udt.viewer.layers.layer_data import cube_layers
from napari_udt.viewer.layers.open_cubes import CubeLayers
from napari_udt.viewer.layers.stacks import SeriesStack
from napari_udt.viewer.series.pictures import series_of
from napari_udt.viewer.series.reader import PictureReader

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.series.pictures import CubeSeries
    from napari_udt.viewer.state.session import Entry


class SeriesLayers:
    """Shows the pictures that the session's position asks for, and ties the slider along time or depth to it both ways.

    Where several series are open their pictures are the ones nearest to the slider, however long each series is.
    """

    def __init__(self, adapter: LayerAdapter, reader: PictureReader) -> None:
        self._adapter, self.reader = adapter, reader
        # The viewer's own events must not keep the session alive after its window, nor the other way round.
        self._dims = weakref.proxy(adapter.viewer.dims)
        self._known: tuple[str, ...] = ()  # the series whose place on the slider is settled
        adapter.structure_changed.connect(self._layers_changed)
        adapter.viewer.dims.events.point.connect(self._slider_moved)
        adapter.session.position_changed.connect(self._session_moved)
        adapter.session.pictures_changed.connect(self._pictures_changed)
        self._layers_changed()

    @property
    def _axis(self) -> int:
        return int(self._dims.ndim) - 4

    def _groups(self) -> Iterator[tuple[str, CubeLayers, SeriesStack]]:
        """Yield keys, layers and pictures of the open series."""
        for key in self._adapter.open_keys:
            group = self._adapter[key]
            if isinstance(group.image.data, SeriesStack):
                yield key, group, group.image.data

    def _layers_changed(self) -> None:
        """Have new layers read through the session's reader, and reach as far along the slider as the others."""
        groups = list(self._groups())
        self._known = ()  # napari moves its slider while layers change
        ranges = [planes.own_range for _, _, planes in groups]
        for key, group, planes in groups:
            planes.ask = self.reader.picture
            self._bring_up_to_date(key, group)
            if planes.reach(min(low for low, _ in ranges), max(high for _, high in ranges)):
                group.image.data = planes  # napari asks for its new shape
                group.image.translate = (planes.start, *group.image.translate[1:])
        self._known = tuple(key for key, _, _ in groups)
        self._session_moved(self._adapter.session.position)

    def _bring_up_to_date(self, key: str, group: CubeLayers) -> None:
        cube = self._adapter.session[key].cube if key in self._adapter.session else group.cube
        if any(cube is not shown for shown in group.cubes) and series_of(cube) is series_of(group.cube):
            group.show_picture(cube)

    def _pictures_changed(self, changed: tuple[tuple[Entry, Entry], ...]) -> None:
        for before, after in changed:
            if after.key not in self._adapter:
                continue
            group = self._adapter[after.key]
            group.show_picture(after.cube)
            if before.cube.labels is None and after.cube.labels is not None and group.labels is None:
                metric = str(group.image.units[-1]) != "pixel"
                _, (data, attributes, kind) = cube_layers(after.cube, metric, after.key)
                layer = Layer.create(data, attributes, kind)
                outline(layer, after.cube)
                self._adapter.attach(after.key, "labels", layer)

    def _slider_moved(self, _event: Any = None) -> None:
        """Set the session's position to that of the picture that the topmost series shows."""
        series = self._topmost()
        if (
            series is not None
            and self._axis >= 0
            and self._known == tuple(key for key, _, _ in self._groups())
        ):
            index = series.nearest(self._dims.point[self._axis])
            self._adapter.session.set_position(float(series.coordinates[index]))

    def _session_moved(self, position: float | None) -> None:
        series = self._topmost()
        if series is None or position is None or self._axis < 0:
            return
        if series.nearest(self._dims.point[self._axis]) != series.nearest(position):
            self._dims.set_point(self._axis, position)

    def _topmost(self) -> CubeSeries | None:
        """Return the series of the topmost visible cube that has one, else of the newest."""
        found = {key: planes.series for key, _, planes in self._groups()}
        top = self._adapter.top_key()
        return found.get(top or "") or next(reversed(found.values()), None)
