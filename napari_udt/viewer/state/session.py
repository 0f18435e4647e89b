"""The state of one viewing session, without Qt and napari: start reading the viewer here.

* A :class:`Session` holds the open cubes (:class:`Entry`: a unique key, the cube, its role in comparisons), the pixel under
  the cursor, pins, regions, display options and the wavelength of the picture. One viewer has one session.
* Everything that changes it goes through its methods. They emit a signal when something did change, once for each call;
  ``cubes_changed`` carries a :class:`CubesChange` that says which cubes were added, removed, replaced or renamed.
* Layers and docks follow these signals. Listeners run one after the other in the caller's thread,
  :class:`~napari_udt.viewer.layers.adapter.LayerAdapter` first; an error in one does not keep the change from the rest.
* A cube is one picture. Where it belongs to a series, :class:`~napari_udt.viewer.series.reader.PictureReader` puts the picture
  at ``session.position`` into its place; ``pictures_changed`` says so, and ``cubes_changed`` is not emitted.
* ``session.history`` undoes and redoes changes of cubes, roles, pins, regions and ticked structures. Cursor, wavelength, position
  and display options are not undone.
* ``session.settings`` holds plain JSON under one name per dock. A session file saves it; ``settings_restored`` is emitted
  when one was opened.
* :mod:`napari_udt.viewer.spectra.resolve` turns a session into curves, :mod:`napari_udt.viewer.layers` into layers, and
  :mod:`napari_udt.viewer.files.session_file` into a file. :mod:`napari_udt.viewer.context` ties all of them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.outgoing_text import without_markup
from napari_udt.spectral.library import SpectralLibrary
from napari_udt.viewer.series.pictures import at_hand, changed_alike
from napari_udt.viewer.state.cube_files import MetadataMemory
from napari_udt.viewer.state.display_options import Comparison, DisplayOptions, Mode
from napari_udt.viewer.state.entities import (
    PIN_COLOURS,
    ROLES,
    CubesChange,
    CurveId,
    Entry,
    Outline,
    Pin,
    PixelRef,
    Region,
    Role,
    default_role,
    entry_of,
)
from napari_udt.viewer.state.signals import IsolatedSignal
from napari_udt.viewer.state.undo import History, State, free_key

__all__ = [
    "PIN_COLOURS",
    "ROLES",
    "Comparison",
    "CubesChange",
    "CurveId",
    "DisplayOptions",
    "Entry",
    "Mode",
    "Outline",
    "Pin",
    "PixelRef",
    "Region",
    "Role",
    "Session",
    "default_role",
    "entry_of",
]


class Session:
    """Open cubes, roles, cursor, pins and display options, with a signal for each kind of change."""

    cubes_changed = Signal(CubesChange, signal_instance_class=IsolatedSignal)
    cursor_changed = Signal(object, signal_instance_class=IsolatedSignal)  # PixelRef | None
    pins_changed = Signal(signal_instance_class=IsolatedSignal)
    regions_changed = Signal(signal_instance_class=IsolatedSignal)
    options_changed = Signal(object, signal_instance_class=IsolatedSignal)  # DisplayOptions
    libraries_changed = Signal(signal_instance_class=IsolatedSignal)
    wavelength_changed = Signal(float, signal_instance_class=IsolatedSignal)  # nm, the slider's
    position_changed = Signal(
        object, signal_instance_class=IsolatedSignal
    )  # along time or depth; None without a series
    # Cubes show other pictures of their series: pairs of entries before and after.
    pictures_changed = Signal(tuple, signal_instance_class=IsolatedSignal)
    # Settings came from a session file: docks read theirs again.
    settings_restored = Signal(signal_instance_class=IsolatedSignal)
    # A dock is wanted in front: Population with the verdict on all structures of a modality; Spectra.
    verdict_requested = Signal(str, signal_instance_class=IsolatedSignal)
    spectra_requested = Signal(signal_instance_class=IsolatedSignal)
    map_requested = Signal(object, object, signal_instance_class=IsolatedSignal)  # SpectralCube, SpectralMap

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._pins: list[Pin] = []
        self.regions: tuple[Region, ...] = ()
        self.libraries: tuple[SpectralLibrary, ...] = ()
        self._numbers = itertools.count(1)
        self.cursor: PixelRef | None = None
        self.last_pixel: PixelRef | None = None  # where the cursor is, or last was: curves stay readable
        self.options = DisplayOptions()
        self.stated_metadata = MetadataMemory()
        self.wavelength_nm: float | None = None
        self.position: float | None = (
            None  # s or mm, or the number of the picture from 0, as ``Series.coordinates``
        )
        self.settings: dict[str, dict[str, Any]] = {}
        self.history = History(self)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __getitem__(self, key: str) -> Entry:
        return self._entries[key]

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins, oldest first."""
        return tuple(self._pins)

    @property
    def state(self) -> State:
        """What can be undone: cubes, pins, regions, ticked structures."""
        return State(tuple(self), self.pins, self.regions, self.options.structures)

    def restore(self, state: State) -> None:
        """Replace cubes, pins, regions and ticked structures by those of a state."""
        before = self.state
        entries = [self._at_position(entry) for entry in state.entries]
        self._entries = {entry.key: entry for entry in entries}
        self._pins = list(state.pins)
        self._move_cursor_off_closed_cubes()
        self._emit_cubes_changed(CubesChange.between(before.entries, entries))
        if state.pins != before.pins:
            self.pins_changed.emit()
        self.set_regions(state.regions)
        self.set_options(structures=state.structures)

    def _at_position(self, entry: Entry) -> Entry:
        cube = at_hand(entry.cube, self.position)
        return entry if cube is entry.cube else replace(entry, cube=cube)

    def with_role(self, role: Role, modality: str | None = None) -> tuple[Entry, ...]:
        """Return the entries with a role, newest last; of one modality where given."""
        return tuple(e for e in self if e.role == role and (modality is None or e.cube.modality == modality))

    def add(self, cube: SpectralCube, key: str | None = None, role: Role | None = None) -> Entry:
        """Open a cube; the key is made unique, the role follows from the cube's domain unless given."""
        return self.add_all([entry_of(cube, key, role)])[0]

    def add_all(self, entries: Iterable[Entry]) -> list[Entry]:
        """Open several cubes as one change; keys are made unique. Return the entries as they are in the session."""
        added: list[Entry] = []
        for entry in entries:
            key = free_key(without_markup(entry.key), self._entries)  # napari shows names of layers as HTML
            added.append(replace(entry, key=key))
            self._entries[added[-1].key] = added[-1]
        self._emit_cubes_changed(CubesChange(added=tuple(added)))
        return list(self)[len(self) - len(added) :]  # a layer whose name was taken renames its cube

    def remove(self, *keys: str) -> None:
        """Close cubes as one change, with the pins, the regions and the cursor on them."""
        with self.history.step(f"Close {keys[0] if len(keys) == 1 else f'{len(keys)} cubes'}"):
            removed = tuple(self._entries.pop(key) for key in keys)
            self._move_cursor_off_closed_cubes()
            kept = [pin for pin in self._pins if pin.pixel.key not in keys]
            if len(kept) != len(self._pins):
                self._pins = kept
                self.pins_changed.emit()
            self.set_regions(region for region in self.regions if region.key not in keys)
            self._emit_cubes_changed(CubesChange(removed=removed))

    def _emit_cubes_changed(self, change: CubesChange) -> None:
        if change:
            self.cubes_changed.emit(change)

    def _move_cursor_off_closed_cubes(self) -> None:
        """Forget cursor positions on cubes that are not open."""
        if self.cursor is not None and self.cursor.key not in self:
            self.set_cursor(None)
        if self.last_pixel is not None and self.last_pixel.key not in self:
            self.last_pixel = None

    def rename(self, old: str, new: str) -> str:
        """Give a cube another key, made unique; pins and cursor follow. Return the key."""
        if old == new:
            return new
        entry = self._entries[old]
        new = free_key(new, self._entries)
        self._entries = {
            (new if k == old else k): (replace(entry, key=new) if k == old else e)
            for k, e in self._entries.items()
        }
        self._pins = [
            replace(p, pixel=replace(p.pixel, key=new)) if p.pixel.key == old else p for p in self._pins
        ]
        self.set_regions(replace(r, key=new) if r.key == old else r for r in self.regions)
        if self.cursor is not None and self.cursor.key == old:
            self.cursor = replace(self.cursor, key=new)
        if self.last_pixel is not None and self.last_pixel.key == old:
            self.last_pixel = replace(self.last_pixel, key=new)
        self.history.rename(old, new)
        self._emit_cubes_changed(CubesChange(renamed=((old, new),)))
        self.pins_changed.emit()
        return new

    def set_role(self, key: str, role: Role) -> None:
        """Give a cube another role in comparisons."""
        with self.history.step(f"Show {key} as {role}"):
            self._entries[key] = replace(self._entries[key], role=role)
            self._emit_cubes_changed(CubesChange(roles=(key,)))

    def replace_cubes(self, cubes: Mapping[str, SpectralCube]) -> None:
        """Replace open cubes, known by their keys, by ones with completed metadata; pins stay. This cannot be undone."""
        before = tuple(self)
        for key, cube in cubes.items():
            former = self._entries[key].cube
            if cube is not former:
                self._entries[key] = entry_of(cube, key)
                self.history.replace_cube(former, cube)
        self._emit_cubes_changed(CubesChange.between(before, self))

    def change_cubes(self, title: str, cubes: Mapping[str, SpectralCube]) -> None:
        """Replace open cubes, known by their keys, by ones of the same pixels, as one step that can be undone; roles stay."""
        with self.history.step(title):
            before = tuple(self)
            for key, cube in cubes.items():
                entry = self._entries[key]
                self._entries[key] = replace(entry, cube=changed_alike(entry.cube, cube))
            self._emit_cubes_changed(CubesChange.between(before, self))

    def show_pictures(self, cubes: Mapping[str, SpectralCube]) -> None:
        """Show other pictures of their series, or of the same pixels, in the place of open cubes, known by their keys."""
        changed = tuple(
            (entry, replace(entry, cube=cube))
            for key, cube in cubes.items()
            if (entry := self._entries[key]).cube is not cube
        )
        self._entries.update((after.key, after) for _, after in changed)
        if changed:
            self.pictures_changed.emit(changed)

    def set_cursor(self, pixel: PixelRef | None) -> None:
        """Move the cursor; nothing happens when it already is there."""
        if pixel != self.cursor:
            self.cursor = pixel
            self.last_pixel = pixel or self.last_pixel
            self.cursor_changed.emit(pixel)

    def pin(self, pixel: PixelRef, name: str = "") -> Pin:
        """Pin a pixel; pinning a pinned pixel again returns the pin it has."""
        for pin in self._pins:
            if pin.pixel == pixel:
                return pin
        number = next(self._numbers)
        pin = Pin(number, pixel, PIN_COLOURS[(number - 1) % len(PIN_COLOURS)], name)
        self._set_pins(f"Pin {pin.title}", [*self._pins, pin])
        return pin

    def take_pins(self, pins: Iterable[Pin]) -> None:
        """Add pins of a session file, with their own numbers where these are free."""
        taken, added = {pin.number for pin in self._pins}, []
        for pin in pins:
            number = pin.number if pin.number not in taken else max(taken) + 1
            taken.add(number)
            added.append(replace(pin, number=number))
        if added:
            self._numbers = itertools.count(max(taken) + 1)
            self._set_pins(f"Add {_named([pin.number for pin in added])}", [*self._pins, *added])

    def move_pin(self, number: int, pixel: PixelRef) -> None:
        """Put a pin on another pixel."""
        self.move_pins({number: pixel})

    def move_pins(self, pixels: Mapping[int, PixelRef]) -> None:
        """Put pins, known by their numbers, on other pixels."""
        moved = [replace(p, pixel=pixels[p.number]) if p.number in pixels else p for p in self._pins]
        self._set_pins(f"Move {_named(pixels)}", moved)

    def rename_pin(self, number: int, name: str) -> None:
        """Give a pin a name; an empty one, or its number, takes it away."""
        name = "" if name.strip() == str(number) else name.strip()
        renamed = [replace(p, name=name) if p.number == number else p for p in self._pins]
        self._set_pins(f"Rename {_named([number])}", renamed)

    def unpin(self, *numbers: int) -> None:
        """Take pins away; without numbers, all of them."""
        kept = [p for p in self._pins if numbers and p.number not in numbers]
        self._set_pins(f"Delete {_named(numbers)}" if numbers else "Clear pins", kept)

    def clear_pins_and_structures(self) -> None:
        """Take all pins away and untick all structures, as one step."""
        with self.history.step("Clear pins"):
            self.unpin()
            self.set_options(structures=())

    def _set_pins(self, title: str, pins: list[Pin]) -> None:
        with self.history.step(title):
            self._pins = pins
            self.pins_changed.emit()

    def set_regions(self, regions: Iterable[Region]) -> None:
        """Replace all regions."""
        regions = tuple(regions)
        if regions != self.regions:
            self.regions = regions
            self.regions_changed.emit()

    def toggle_structure(self, name: str) -> None:
        """Tick a structure, or untick it."""
        shown = self.options.structures
        rest = tuple(other for other in shown if other != name)
        self.set_options(structures=rest if name in shown else (*shown, name))

    def set_options(self, **changes: object) -> None:
        """Change how curves are drawn."""
        options = replace(self.options, **changes)  # type: ignore[arg-type]
        if options != self.options:
            self.options = options
            self.options_changed.emit(options)

    def add_library(self, library: SpectralLibrary) -> None:
        """Open a spectral library, in the place of one of the same name."""
        others = tuple(other for other in self.libraries if other.title != library.title)
        self.libraries = (*others, library)
        self.libraries_changed.emit()

    def set_wavelength(self, wavelength_nm: float) -> None:
        """Set the wavelength that the picture shows, in nm."""
        if wavelength_nm != self.wavelength_nm:
            self.wavelength_nm = wavelength_nm
            self.wavelength_changed.emit(wavelength_nm)

    def set_position(self, position: float | None) -> None:
        """Go to a time [s] or depth [mm]; the cubes show the nearest pictures of their series."""
        if position != self.position:
            self.position = position
            self.position_changed.emit(position)


def _named(numbers: Iterable[int]) -> str:
    numbers = list(numbers)
    return f"pin {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} pins"
