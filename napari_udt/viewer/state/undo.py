"""Undo and redo. No Qt.

A step knows what it changed, not what the whole session was: cubes opened meanwhile stay open when an older step is
undone. For every state ``s`` and the change ``c`` that led to ``t``: ``c.applied(s) == t`` and
``c.inverse.applied(t) == s``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.viewer.state.entities import Entry, Pin, Region

T = TypeVar("T")

_MOST_STEPS = 100
_MOST_BYTES = 2 * 10**9  # of closed cubes that are kept in memory for undo


@dataclass(frozen=True)
class State:
    """What steps change: open cubes with their roles, pins, regions, ticked structures; each in its order."""

    entries: tuple[Entry, ...] = ()
    pins: tuple[Pin, ...] = ()
    regions: tuple[Region, ...] = ()
    structures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference(Generic[T]):
    """What differs between two sequences: items and their positions, before and after."""

    before: tuple[tuple[int, T], ...] = ()
    after: tuple[tuple[int, T], ...] = ()

    @classmethod
    def between(cls, before: Sequence[T], after: Sequence[T]) -> Difference[T]:
        """Return what leads from one sequence to the other."""
        return cls(
            tuple((i, thing) for i, thing in enumerate(before) if thing not in after),
            tuple((i, thing) for i, thing in enumerate(after) if thing not in before),
        )

    @property
    def inverse(self) -> Difference[T]:
        """What leads back."""
        return Difference(self.after, self.before)

    def applied(self, things: Sequence[T]) -> tuple[T, ...]:
        """Return a sequence with this difference applied; other items stay."""
        concerned = {_identity(thing) for _, thing in (*self.before, *self.after)}
        made = [thing for thing in things if _identity(thing) not in concerned]
        for position, thing in self.after:
            made.insert(position, thing)
        return tuple(made)

    def mapped(self, function: Callable[[T], T]) -> Difference[T]:
        """Return the same with every item replaced."""
        return Difference(
            tuple((i, function(thing)) for i, thing in self.before),
            tuple((i, function(thing)) for i, thing in self.after),
        )


@dataclass(frozen=True)
class Change:
    """One step: its title for menus, and what it changed."""

    title: str
    entries: Difference[Entry]
    pins: Difference[Pin]
    regions: Difference[Region]
    structures: Difference[str]

    @classmethod
    def between(cls, title: str, before: State, after: State) -> Change:
        """Return the step that leads from one state to another."""
        return cls(
            title,
            Difference.between(before.entries, after.entries),
            Difference.between(before.pins, after.pins),
            Difference.between(before.regions, after.regions),
            Difference.between(before.structures, after.structures),
        )

    @property
    def parts(self) -> tuple[Difference[Any], ...]:
        """The differences of cubes, pins, regions and structures."""
        return self.entries, self.pins, self.regions, self.structures

    @property
    def inverse(self) -> Change:
        """The step back."""
        return Change(
            self.title, self.entries.inverse, self.pins.inverse, self.regions.inverse, self.structures.inverse
        )

    def __bool__(self) -> bool:
        return any(part.before or part.after for part in self.parts)

    def applied(self, state: State) -> State:
        """Return the state after this step; pins and regions of cubes that are not open stay away."""
        entries = self.entries.applied(state.entries)
        keys = {entry.key for entry in entries}
        return State(
            entries,
            tuple(pin for pin in self.pins.applied(state.pins) if pin.pixel.key in keys),
            tuple(region for region in self.regions.applied(state.regions) if region.key in keys),
            self.structures.applied(state.structures),
        )

    def renamed(self, old: str, new: str) -> Change:
        """Return the same step for a cube that was renamed."""

        def key(thing: Any) -> Any:
            return replace(thing, key=new) if thing.key == old else thing

        return Change(
            self.title,
            self.entries.mapped(key),
            self.pins.mapped(lambda pin: replace(pin, pixel=key(pin.pixel))),
            self.regions.mapped(key),
            self.structures,
        )

    def with_cube(self, former: SpectralCube, cube: SpectralCube) -> Change:
        """Return the same step for a cube that was replaced by one with completed metadata."""
        return replace(
            self, entries=self.entries.mapped(lambda e: replace(e, cube=cube) if e.cube is former else e)
        )


def closed_bytes(change: Change, state: State) -> int:
    """Return the memory of the cubes that a step keeps although they are not open."""
    held = {
        id(e.cube.data): e.cube.data
        for part in (change.entries.before, change.entries.after)
        for _, e in part
    }
    for entry in state.entries:
        held.pop(id(entry.cube.data), None)
    return sum(data.nbytes for data in held.values() if isinstance(data, np.ndarray))


class Undoable(Protocol):
    """What a history needs of a session."""

    @property
    def state(self) -> State:
        """What steps change, as it is now."""

    def restore(self, state: State) -> None:
        """Be in this state."""


class History:
    """Steps that can be undone, and redone until another one is made."""

    changed = Signal()

    def __init__(self, session: Undoable) -> None:
        self._session = session
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self._inside = False

    @property
    def undo_title(self) -> str | None:
        """Title of the step that undo would take back; None where there is none."""
        return self._done[-1].title if self._done else None

    @property
    def redo_title(self) -> str | None:
        """Title of the step that redo would make again; None where there is none."""
        return self._undone[-1].title if self._undone else None

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Record what is changed inside as one step; a step within a step is part of it."""
        if self._inside:
            yield
            return
        before, self._inside = self._session.state, True
        try:
            yield
        finally:
            self._inside = False
            self._remember(Change.between(title, before, self._session.state))

    def undo(self) -> str | None:
        """Undo the last step; return its title, None when there is none."""
        if not self._done:
            return None
        back = self._without_key_clash(self._done.pop().inverse, self._done)
        self._undone.append(back.inverse)
        return self._make(back)

    def redo(self) -> str | None:
        """Redo the step that was undone last; return its title, None when there is none."""
        if not self._undone:
            return None
        change = self._without_key_clash(self._undone.pop(), self._undone)
        self._done.append(change)
        return self._make(change)

    def rename(self, old: str, new: str) -> None:
        """Follow the renaming of a cube in all steps."""
        self._done = [change.renamed(old, new) for change in self._done]
        self._undone = [change.renamed(old, new) for change in self._undone]

    def replace_cube(self, former: SpectralCube, cube: SpectralCube) -> None:
        """Follow the replacement of a cube in all steps."""
        self._done = [change.with_cube(former, cube) for change in self._done]
        self._undone = [change.with_cube(former, cube) for change in self._undone]

    def _make(self, change: Change) -> str:
        self._inside = True  # what follows from restoring is no step of its own
        try:
            self._session.restore(change.applied(self._session.state))
        finally:
            self._inside = False
        self.changed.emit()
        return change.title

    def _remember(self, change: Change) -> None:
        if change:
            self._done = [*self._done, change][-_MOST_STEPS:]
            self._undone = []
            self._forget_heavy()
            self.changed.emit()

    def _forget_heavy(self) -> None:
        """Drop the oldest steps while closed cubes take more memory than a step back is worth."""
        state = self._session.state
        while len(self._done) > 1 and sum(closed_bytes(c, state) for c in self._done) > _MOST_BYTES:
            del self._done[0]

    def _without_key_clash(self, change: Change, others: list[Change]) -> Change:
        """Give a cube that comes back another key when a newer one has its own; further steps follow."""
        replaced = {entry.key for _, entry in change.entries.before}
        taken = {e.key: e.cube for e in self._session.state.entries if e.key not in replaced}
        for _, entry in change.entries.after:
            if entry.key in taken and taken[entry.key] is not entry.cube:
                new = free_key(entry.key, taken)
                change = change.renamed(entry.key, new)
                others[:] = [other.renamed(entry.key, new) for other in others]
        return change


def free_key(key: str, taken: Any) -> str:
    """Return a key that is not taken, made from the wanted one."""
    if key not in taken:
        return key
    number = 1
    while f"{key} [{number}]" in taken:
        number += 1
    return f"{key} [{number}]"


def _identity(thing: Any) -> Hashable:
    match thing:
        case Entry():
            return thing.key
        case Pin() | Region():
            return type(thing), thing.number
    return thing
