"""Layers "… · regions": shapes drawn on a cube's picture, whose pixels are averaged into curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes

from napari_udt.io.outlines import NamedOutline
from napari_udt.viewer.layers.deferred_removal import later_in
from napari_udt.viewer.layers.open_cubes import aligned_with
from napari_udt.viewer.napari_adapter import is_being_drawn
from napari_udt.viewer.state.session import PIN_COLOURS, CubesChange, Outline, Region

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter

_NUMBER, _NAME = "region", "name"
_OUTLINES: dict[str, Outline] = {"polygon": "polygon", "rectangle": "polygon", "ellipse": "ellipse"}
_FREEHAND = "add_polygon_lasso"
_FACE_OPACITY = "40"  # hexadecimal, of ff: the picture stays visible


class RegionLayers:
    """One Shapes layer per picture that has regions; the session follows as they are drawn, moved and deleted.

    Lines and open paths have no inside: they stay on the picture and give no curve.
    """

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._busy = False
        self._last = 0
        self._later = later_in(adapter.viewer)
        adapter.part_removed.connect(self._part_removed)
        adapter.session.regions_changed.connect(self._follow)
        adapter.session.cubes_changed.connect(self._cubes_changed)

    @property
    def picture(self) -> str | None:
        """The cube whose picture is topmost; None where there is none."""
        return self._adapter.top_key()

    def draw(self) -> bool:
        """Let the user draw one region on the topmost picture, freehand; whether there is one.

        Afterwards clicks mean pixels again; with napari's other tools more can be drawn.
        """
        key = self._adapter.top_key()
        if key is None:
            return False
        self._adapter.viewer.dims.ndisplay = 2  # napari (0.9) stumbles over flat shapes that are added in 3D
        layer = self._adapter[key].regions
        if layer is None:
            layer = self._attached(key)
        layer.visible = True
        self._adapter.viewer.layers.selection.active = layer
        layer.mode = _FREEHAND
        return True

    def add(self, key: str, outlines: Sequence[NamedOutline]) -> None:
        """Draw outlines on the picture of a cube."""
        layer = self._adapter[key].regions
        self._adapter.viewer.dims.ndisplay = 2
        if layer is None:
            layer = self._attached(key)
        self._busy = True
        try:
            names = [*self._names(layer), *(outline.name for outline in outlines)]
            for outline in outlines:
                layer.add(np.array(outline.vertices), shape_type=outline.kind)
            layer.visible = True
            self._number(layer, names)
        finally:
            self._busy = False
        self._update_session()

    def _leave_freehand_tool(self) -> None:
        """Let clicks pin pixels again once a freehand region is finished; napari says so before it has finished."""
        viewer = self._adapter.viewer
        layer = viewer.layers.selection.active
        key = self._adapter.key_of(layer) if isinstance(layer, Shapes) else None
        if key is None or not isinstance(layer, Shapes) or is_being_drawn(layer):
            return
        if str(layer.mode) == _FREEHAND and len(layer.data):
            layer.mode = "pan_zoom"
            viewer.layers.selection.active = self._adapter[key].image

    def _follow(self) -> None:
        """Draw regions that came with a session file, or back with a cube that was closed."""
        if self._busy:
            return
        for key in self._adapter.open_keys:
            regions = [region for region in self._adapter.session.regions if region.key == key]
            if regions and self._adapter[key].regions is None:
                self._show(key, regions)

    def _cubes_changed(self, change: CubesChange) -> None:
        """Draw the regions of cubes whose layers are new."""
        if change.opened:
            self._follow()

    def _show(self, key: str, regions: list[Region]) -> None:
        self._busy = True
        try:
            self._adapter.viewer.dims.ndisplay = 2
            layer = self._attached(key)
            for region in regions:
                layer.add(np.array(region.vertices), shape_type=region.outline)
            numbers = [region.number for region in regions]
            self._last = max(self._last, *numbers)
            self._number_and_colour(layer, numbers, [region.name for region in regions])
        finally:
            self._busy = False

    def _attached(self, key: str) -> Shapes:
        layer = self._made(key)
        self._adapter.attach(key, "regions", layer)
        layer.events.data.connect(self._changed)
        return layer

    def _made(self, key: str) -> Shapes:
        group = self._adapter[key]
        return Shapes(
            ndim=2,
            name=f"{key} · regions",
            **aligned_with(group.image),
            features={_NUMBER: np.zeros(0, dtype=int), _NAME: np.zeros(0, dtype=object)},
            text={"string": f"{{{_NUMBER}}} {{{_NAME}}}", "size": 10, "color": "white"},
            edge_width=max(group.cube.shape[:2]) / 200,
        )

    def _changed(self, event: Any) -> None:
        if self._busy or str(getattr(event, "action", "")).endswith("ing"):
            return
        key = self._adapter.key_of(event.source)
        if key is None:
            return
        self._busy = True
        try:
            self._number(event.source)
        finally:
            self._busy = False
        self._update_session()
        self._later(self._leave_freehand_tool)

    def _number(self, layer: Shapes, names: Sequence[str] | None = None) -> None:
        """Give each new shape a number of its own, and the colour that follows from it; a new one has no name yet."""
        known_names = self._names(layer) if names is None else names
        known = [int(n) if np.isfinite(n) else 0 for n in layer.features.get(_NUMBER, [])]
        count = len(layer.data)  # napari keeps the features of an outline that was given up
        before = [*known, *[0] * (count - len(known))][:count]
        numbers: list[int] = []
        own = [*known_names, *[""] * (count - len(known_names))][:count]
        for place, number in enumerate(before):
            if number == 0 or number in numbers:  # napari gives a new shape the features of the last
                self._last += 1
                number = self._last
                own[place] = own[place] if names is not None else ""
            numbers.append(number)
        self._number_and_colour(layer, numbers, own)

    @staticmethod
    def _names(layer: Shapes) -> list[str]:
        return [name if isinstance(name, str) else "" for name in layer.features.get(_NAME, ())]

    @staticmethod
    def _number_and_colour(layer: Shapes, numbers: list[int], names: list[str]) -> None:
        """Give shapes their numbers and names, and the colours that follow from the numbers."""
        stored = [list(layer.features.get(column, ())) for column in (_NUMBER, _NAME)]
        if stored != [numbers, names]:
            layer.features = {_NUMBER: numbers, _NAME: np.array(names, dtype=object)}
        if numbers:
            colours = [_colour(number) for number in numbers]
            layer.edge_color = colours
            layer.face_color = [colour + _FACE_OPACITY for colour in colours]

    def _update_session(self) -> None:
        adapter = self._adapter
        found = [
            region
            for key in adapter.open_keys
            if (layer := adapter[key].regions) is not None
            for region in _regions(key, layer)
        ]
        adapter.session.set_regions(sorted(found, key=lambda region: region.number))

    def _part_removed(self, key: str, part: str) -> None:
        if part == "regions":
            self._update_session()


def _regions(key: str, layer: Shapes) -> list[Region]:
    columns = (layer.features[column] for column in (_NUMBER, _NAME))
    shapes = zip(*columns, layer.shape_type, layer.data, strict=True)
    return [
        Region(
            int(number),
            key,
            _OUTLINES[kind],
            tuple((float(row), float(column)) for row, column in vertices),
            _colour(int(number)),
            name if isinstance(name, str) else "",
        )
        for number, name, kind, vertices in shapes
        if kind in _OUTLINES
    ]


def _colour(number: int) -> str:
    return PIN_COLOURS[(number + 2) % len(PIN_COLOURS)]
