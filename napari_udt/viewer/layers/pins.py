"""Pins as dots on every picture of the scene that they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Points

from napari_udt.cube import SpectralCube
from napari_udt.viewer.partners import same_scene
from napari_udt.viewer.session import Pin

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter

# Diameter of a dot relative to the picture's longer side. (A fixed size on the screen would be nicer, but napari
# 0.9 draws dots whose size on the screen is limited with a wrong disc.)
_DOT = 0.04


class PinLayers:
    """One Points layer per picture that shows pins, directly above it, in step with the session."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self.always: tuple[
            str, ...
        ] = ()  # side by side every cell has its layer, so that the cells stay alike
        adapter.session.pins_changed.connect(self.refresh)
        adapter.session.cubes_changed.connect(self.refresh)
        adapter.part_removed.connect(self._part_removed)

    def refresh(self) -> None:
        """Show the pins as the session has them."""
        adapter = self._adapter
        shown = {key: self._pins_on(key) for key in adapter.open_keys}
        for key, pins in shown.items():
            if pins or key in self.always:
                self._draw(key, pins)
        gone = [
            k
            for k, pins in shown.items()
            if not pins and k not in self.always and adapter[k].pins is not None
        ]
        if gone:
            with adapter.own_changes(together=True):
                for key in gone:
                    adapter.detach(key, "pins")

    def _part_removed(self, key: str, part: str) -> None:
        """Take away the pins whose layer the user removed."""
        numbers = [pin.number for pin in self._pins_on(key)] if part == "pins" else []
        if numbers:
            self._adapter.session.unpin(*numbers)

    def _pins_on(self, key: str) -> list[Pin]:
        session = self._adapter.session
        if key not in session:
            return []
        scene = {entry.key for entry in same_scene(session, session[key])}
        picture = session[key].cube.shape[:2]
        return [
            pin
            for pin in session.pins
            if pin.pixel.key in scene and pin.pixel.row < picture[0] and pin.pixel.column < picture[1]
        ]

    def _draw(self, key: str, pins: list[Pin]) -> None:
        layer = self._adapter[key].pins
        if layer is None:
            self._adapter.attach(key, "pins", self._made(key, pins))
        elif layer.features.to_dict("list") != _features(pins):
            seen = layer.visible or not len(layer.data)
            layer.data = _places(pins)
            layer.features = _features(pins)
            if pins:
                layer.face_color = _colours(pins)
                layer.size, layer.border_width = _diameter(self._adapter[key].cube), 0
            layer.visible = seen and bool(pins)

    def _made(self, key: str, pins: list[Pin]) -> Points:
        group = self._adapter[key]
        return Points(
            _places(pins),
            ndim=2,
            name=f"{key} · pins",
            scale=group.image.scale[1:],
            units=group.image.units[1:],
            axis_labels=group.image.axis_labels[1:],
            features=_features(pins),
            text={"string": "{pin}", "size": 10, "color": "white"},
            face_color=_colours(pins) or "white",
            border_width=0,
            size=_diameter(group.cube),
            visible=group.image.visible and bool(pins),  # the first drawing of a layer is dear
        )


def _diameter(cube: SpectralCube) -> float:
    return _DOT * max(cube.shape[:2])


def _places(pins: list[Pin]) -> np.ndarray:
    return np.array([(p.pixel.row, p.pixel.column) for p in pins], dtype=float).reshape(-1, 2)


def _colours(pins: list[Pin]) -> list[str]:
    return [p.colour for p in pins]


def _features(pins: list[Pin]) -> dict[str, list[int | str]]:
    """Numbers for napari's own table of features."""
    return {
        "pin": [p.number for p in pins],
        "cube": [p.pixel.key for p in pins],
        "row": [p.pixel.row for p in pins],
        "column": [p.pixel.column for p in pins],
    }
