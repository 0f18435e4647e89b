"""Pictures that are shown coarsely get their whole ones once these are read; napari's bar of activities shows how far it is. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari.utils import cancelable_progress

from napari_udt.io.access import is_shown_coarsely
from napari_udt.io.layout import Layout
from napari_udt.viewer.layers.open_cubes import CubeLayers
from napari_udt.viewer.layers.stacks import WavelengthStack
from napari_udt.viewer.series.whole_picture import WholePictures

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter


class WholePictureLayers:
    """Has the visible layers of slow files ask for whole pictures, and draws these in the place of the coarse ones.

    Reading can be cancelled in napari's bar of activities; then the coarse picture stays.
    """

    def __init__(self, adapter: LayerAdapter, reader: WholePictures) -> None:
        self._adapter, self.reader = adapter, reader
        self._bars: dict[int, Any] = {}
        self._coming: list[Any] = []  # data of which there is more to show
        self._showing = False
        adapter.structure_changed.connect(self._layers_changed)
        reader.changed.connect(self._changed)
        self._layers_changed()

    def _groups(self) -> Iterator[tuple[str, CubeLayers, WavelengthStack, Layout]]:
        """Yield keys and layers of the cubes that are shown coarsely."""
        for key in self._adapter.open_keys:
            group = self._adapter[key]
            stack, layout = group.image.data, getattr(group.cube.data, "layout", None)
            if (
                isinstance(stack, WavelengthStack)
                and isinstance(layout, Layout)
                and is_shown_coarsely(layout)
            ):
                yield key, group, stack, layout

    def _layers_changed(self) -> None:
        groups = list(self._groups())
        self.reader.keep(stack.source for _, _, stack, _ in groups)
        for number in self._bars.keys() - {id(stack.source) for _, _, stack, _ in groups}:
            self._bars.pop(number).close()
        for _, group, stack, _ in groups:
            if stack.whole is None:
                stack.whole = self.reader.picture
                if group.image.visible:
                    group.image.refresh(thumbnail=False)  # napari has drawn the coarse one

    def _changed(self, data: Any) -> None:
        """Show what is new; napari's bar handles events, so that more may come meanwhile."""
        self._coming.append(data)
        if self._showing:
            return
        self._showing = True
        try:
            while self._coming:
                self._show(self._coming.pop(0))
        finally:
            self._showing = False

    def _show(self, data: Any) -> None:
        """Show how far reading is, and the picture once it is there."""
        for key, group, stack, layout in list(self._groups()):
            if stack.source is not data:
                continue
            rows, bar = self.reader.rows_read(data), self._bars.get(id(data))
            if rows is None:
                if bar is not None:
                    self._bars.pop(id(data)).close()
                group.image.refresh()
            elif bar is not None and bar.is_canceled:
                self.reader.cancel(data)
            else:
                if bar is None:
                    bar = cancelable_progress(desc=f"Reading {key}", total=layout.shape[0])
                    self._bars[id(data)] = bar
                bar.update(rows - bar.n)
