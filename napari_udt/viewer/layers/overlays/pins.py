"""Layer "… · pins": pins as dots on the picture in front; the user drags, deletes, adds and renames them.

Side by side the layer is that of the first picture, and further pictures show their pins without a layer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Points

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.deferred_removal import later_in
from napari_udt.viewer.layers.focus import when_focus_moves
from napari_udt.viewer.layers.open_cubes import aligned_with
from napari_udt.viewer.layers.overlays.marks import Mark, show_marks
from napari_udt.viewer.state.pin_table import NAME, NUMBER, Table, dot_diameter, pin_table, pins_on
from napari_udt.viewer.state.session import DisplayOptions, Pin, PixelRef

if TYPE_CHECKING:
    from napari_udt.viewer.layers.adapter import LayerAdapter

_MARKS = "udt_pins"
# Delays before layers follow, so that the curves are painted first: napari takes a quarter of a second for the layer of a
# first pin, in which nothing is painted, and some hundredths for a further dot.
_PATIENCE_MS, _SOON_MS = 60, 20

Drawn = dict[int, Pin]  # by number, as the pins were when their dots were drawn last


@dataclass
class _Edit:
    """What the user did to the dots of one layer."""

    moved: dict[int, tuple[int, int]] = field(default_factory=dict)
    added: list[tuple[int, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title of the undo step."""
        word, count = next(
            (word, len(things))
            for word, things in (("Delete", self.removed), ("Add", self.added), ("Move", self.moved))
            if things
        )
        return f"{word} {'a pin' if count == 1 else f'{count} pins'}"

    def of(self, known: Collection[int]) -> _Edit:
        """Return what concerns these pins, and new ones."""
        moved = {number: place for number, place in self.moved.items() if number in known}
        return _Edit(moved, self.added, [number for number in self.removed if number in known])

    def __bool__(self) -> bool:
        return bool(self.moved or self.added or self.removed)


class PinLayers:
    """One Points layer for the pins of the picture in front, side by side of the first; in step with the session both ways."""

    def __init__(self, adapter: LayerAdapter) -> None:
        self._adapter = adapter
        self._busy = False
        self._blood = False
        self._later = later_in(adapter.viewer, _PATIENCE_MS)
        self._soon = later_in(adapter.viewer, _SOON_MS)
        self._waiting = False
        self._drawn: WeakKeyDictionary[Points, Drawn] = WeakKeyDictionary()
        self.cells: tuple[str, ...] = ()  # the cubes side by side
        session = adapter.session
        session.pins_changed.connect(self._refresh_soon)
        session.cubes_changed.connect(self.refresh)
        session.pictures_changed.connect(self._refresh_soon)
        session.options_changed.connect(self._options_changed)
        adapter.part_removed.connect(self._part_removed)
        adapter.front_changed.connect(self.refresh)
        when_focus_moves(adapter.viewer, self.take_names)

    @property
    def busy(self) -> bool:
        """Whether dots are still to be drawn."""
        return self._waiting or any(self._adapter[key].pins is None for key in self._keys())

    def _refresh_soon(self) -> None:
        if not self._waiting:
            self._waiting = True
            self._soon(self.refresh)

    def refresh(self) -> None:
        """Draw the session's pins; new layers are added a moment later."""
        self._waiting = False
        adapter, keys = self._adapter, self._keys()
        self._hand_over(keys)
        for key in keys:
            if adapter[key].pins is not None:
                self._draw(key, pins_on(self._adapter.session, key))
        if any(adapter[key].pins is None for key in keys):
            self._later(self.add_missing)
        gone = [key for key in adapter.open_keys if key not in keys and adapter[key].pins is not None]
        if gone:
            with adapter.own_changes(together=True):
                for key in gone:
                    adapter.detach(key, "pins")
        for key in adapter.open_keys:
            self._mark(
                key, pins_on(self._adapter.session, key) if key in self.cells and key not in keys else []
            )

    def _mark(self, key: str, pins: list[Pin]) -> None:
        """Draw the pins of a picture whose cell has no layer for them, on all layers that may cover one another."""
        group = self._adapter[key]
        marks = [Mark(pin.pixel.row, pin.pixel.column, str(pin.number), pin.colour) for pin in pins]
        for layer in (group.image, group.colours, group.map, group.labels):
            if layer is not None:
                show_marks(layer, _MARKS, marks, dot_diameter(group.cube))

    def add_missing(self) -> None:
        """Add the missing layers."""
        for key in self._keys():
            if self._adapter[key].pins is None:
                self._add(key, pins_on(self._adapter.session, key))

    def _keys(self) -> list[str]:
        """Return the cube that has a layer for pins, if it has any: the first side by side, else the one in front."""
        adapter = self._adapter
        if not adapter.has_viewer:
            return []
        front = self.cells[0] if self.cells else adapter.top_key()
        return (
            []
            if front is None or front not in adapter or not pins_on(self._adapter.session, front)
            else [front]
        )

    def _hand_over(self, keys: list[str]) -> None:
        """Give the layer to the cube that is in front now: a new one would cost napari a quarter of a second."""
        adapter = self._adapter
        if not keys or adapter[keys[0]].pins is not None:
            return
        former = next((group for key in adapter.open_keys if (group := adapter[key]).pins is not None), None)
        if former is None or (layer := former.pins) is None:
            return
        group, layers = adapter[keys[0]], adapter.viewer.layers
        former.pins, group.pins = None, layer
        place = aligned_with(group.image)
        with adapter.own_changes(), self._own_changes():
            layer.name = f"{keys[0]} · pins"
            layer.scale, layer.units, layer.size = place["scale"], place["units"], dot_diameter(group.cube)
            above = max(layers.index(own) for own in group.below("pins")) + 1
            if layers.index(layer) < above:
                layers.move(layers.index(layer), above)

    def _options_changed(self, options: DisplayOptions) -> None:
        """Show or hide oxygen saturations in the tables of features."""
        if options.blood != self._blood:
            self._blood = options.blood
            self.refresh()

    def _part_removed(self, key: str, part: str) -> None:
        """Delete the pins whose layer the user removed."""
        numbers = [pin.number for pin in pins_on(self._adapter.session, key)] if part == "pins" else []
        if numbers:
            self._adapter.session.unpin(*numbers)

    # -- session -> layers ------------------------------------------------------------------------

    def _draw(self, key: str, pins: list[Pin]) -> None:
        table = pin_table(self._adapter.session, pins)
        layer = self._adapter[key].pins
        with self._own_changes():
            self._renew(layer, pins, table, self._adapter[key].cube)
        self._drawn[layer] = {pin.number: pin for pin in pins}

    def _add(self, key: str, pins: list[Pin]) -> None:
        layer = self._made(key, pins, pin_table(self._adapter.session, pins))
        self._drawn[layer] = {pin.number: pin for pin in pins}
        self._adapter.attach(key, "pins", layer)
        layer.events.data.connect(self._edited)
        layer.events.features.connect(self._features_edited)

    def _renew(self, layer: Points, pins: list[Pin], table: Table, cube: SpectralCube) -> None:
        """Bring a layer up to date with as few redraws as possible: each takes napari milliseconds."""
        seen = layer.visible or not len(layer.data)
        positions = _positions(pins)
        numbers = list(layer.features.get(NUMBER, ()))
        same_pins = numbers == table[NUMBER]
        chosen = {numbers[index] for index in layer.selected_data if index < len(numbers)}
        if not same_pins:
            layer.selected_data = set()  # indices: another dot would be dragged or deleted
        if not np.array_equal(layer.data, positions):
            layer.data = positions
            _slice_hidden(layer)
        if not _same(layer.features.to_dict("list"), table):
            layer.features = table
        if pins and not same_pins:
            layer.face_color = [pin.colour for pin in pins]
            layer.size, layer.border_width = dot_diameter(cube), 0
            layer.selected_data = {index for index, pin in enumerate(pins) if pin.number in chosen}
        if layer.visible != (seen and bool(pins)):
            layer.visible = not layer.visible

    def _made(self, key: str, pins: list[Pin], table: Table) -> Points:
        group = self._adapter[key]
        return Points(
            _positions(pins),
            ndim=2,
            name=f"{key} · pins",
            **aligned_with(group.image),
            features=table,
            text={"string": f"{{{NUMBER}}}", "size": 10, "color": "white"},
            face_color=[pin.colour for pin in pins] or "white",
            border_width=0,
            size=dot_diameter(group.cube),
            visible=group.image.visible and bool(pins),  # the first drawing of a layer is dear
        )

    @contextmanager
    def _own_changes(self) -> Iterator[None]:
        """Mark changes of layers as ours, so that they are not taken for the user's."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    # -- layers -> session ------------------------------------------------------------------------

    def _edited(self, event: Any) -> None:
        """Follow dots that the user dragged, deleted or added."""
        key = None if self._busy else self._adapter.key_of(event.source)
        if key is None or str(getattr(event, "action", "")).endswith("ing"):
            return
        _slice_hidden(event.source)
        edit = self._edit(key, event.source)
        session = self._adapter.session
        if edit:
            pixels = {pin.number: pin.pixel for pin in session.pins}
            with session.history.step(edit.title):
                if edit.removed:
                    session.unpin(*edit.removed)
                if edit.moved:
                    session.move_pins(
                        {n: PixelRef(pixels[n].key, row, column) for n, (row, column) in edit.moved.items()}
                    )
                for row, column in edit.added:
                    session.pin(PixelRef(key, row, column))
        self.refresh()  # a dot between two pixels snaps to one, even when its pin stays where it was

    def _edit(self, key: str, layer: Points) -> _Edit:
        """Return what the user did to the dots that were drawn last; the session may have changed since then.

        Dots are known by the numbers in the layer's features; a copy of one is a new pin.
        """
        drawn, shape = self._drawn.get(layer, {}), self._adapter[key].cube.shape[:2]
        edit, seen = _Edit(), set()
        numbers = layer.features.get(NUMBER, np.full(len(layer.data), np.nan))
        for number, place in zip(numbers, layer.data, strict=True):
            row, column = (int(np.clip(round(float(v)), 0, n - 1)) for v, n in zip(place, shape, strict=True))
            if number not in drawn or number in seen:
                edit.added.append((row, column))
                continue
            seen.add(number)
            if (row, column) != (drawn[number].pixel.row, drawn[number].pixel.column):
                edit.moved[int(number)] = (row, column)
        edit.removed = [number for number in drawn if number not in seen]
        return edit.of({pin.number for pin in pins_on(self._adapter.session, key)})

    def take_names(self) -> None:
        """Follow names that were typed into napari's own table, which sends no event."""
        layers = [self._adapter[key].pins for key in self._adapter.open_keys]
        self._take_names([layer for layer in layers if layer is not None])

    def _features_edited(self, event: Any) -> None:
        """Rename pins after their names in the table of features were edited."""
        if self._adapter.key_of(event.source) is not None:
            self._take_names([event.source])

    def _take_names(self, layers: list[Points]) -> None:
        """Rename pins whose names in a layer's table were edited; the session may have changed since it was written."""
        known = {pin.number: pin.title for pin in self._adapter.session.pins}
        for layer in layers:
            drawn = self._drawn.get(layer, {})
            if self._busy or not {NAME, NUMBER} <= set(layer.features):
                continue
            for number, name in list(zip(layer.features[NUMBER], layer.features[NAME], strict=True)):
                was_drawn = number in known and number in drawn
                if was_drawn and str(name) not in (drawn[number].title, known[number]):
                    self._adapter.session.rename_pin(int(number), str(name))


def _slice_hidden(layer: Points) -> None:
    """Update the visible points of a hidden layer: napari does so late, but reads their text at once."""
    if not layer.visible:
        layer.set_view_slice()


def _positions(pins: list[Pin]) -> np.ndarray:
    return np.array([(p.pixel.row, p.pixel.column) for p in pins], dtype=float).reshape(-1, 2)


def _same(shown: Table, wanted: Table) -> bool:
    """Whether two tables say the same; unknown is the same as unknown."""
    return list(shown) == list(wanted) and all(
        len(shown[c]) == len(wanted[c])
        and all(a == b or (a != a and b != b) for a, b in zip(shown[c], wanted[c], strict=True))
        for c in wanted
    )
