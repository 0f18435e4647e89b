"""Signals whose listeners do not depend on each other: an error in one does not keep the others from being called. No Qt."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from psygnal import EmitLoopError, SignalInstance


class IsolatedSignal(SignalInstance):
    """A signal that goes on to the next listener after an error, and hands the error to ``sys.excepthook``.

    There napari makes a notification of it. psygnal itself stops at the first error and raises it where the signal was
    emitted: a broken panel would keep it from all that listen after it, and break off what the user did. Therefore each
    listener is connected to a signal of its own, which this one emits.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._own: dict[SignalInstance, Callable[..., None]] = {}

    def connect(self, slot: Any = None, *, priority: int = 0, **options: Any) -> Any:
        """Connect a listener; for the options see ``psygnal.SignalInstance.connect``."""
        if slot is None:
            return lambda found: self.connect(found, priority=priority, **options)
        for own in [own for own in self._own if not len(own)]:  # whose listener was garbage collected
            super().disconnect(self._own.pop(own))
        own = SignalInstance(self.signature)
        own.connect(slot, **options)
        self._own[own] = super().connect(_isolated(own), priority=priority)
        return slot

    def disconnect(self, slot: Any = None, missing_ok: bool = True) -> None:
        """Disconnect a listener, or all of them.

        Raises
        ------
        ValueError
            When the listener is not connected and ``missing_ok`` is false.
        """
        found = [own for own in self._own if slot is None or slot in own]
        if slot is not None and not found and not missing_ok:
            raise ValueError(f"slot is not connected: {slot}")
        for own in found if slot is None else found[:1]:
            super().disconnect(self._own.pop(own))

    def __contains__(self, slot: Any) -> bool:
        """Return whether a listener is connected."""
        return any(slot in own for own in self._own)

    def __len__(self) -> int:
        """Return the number of listeners."""
        return sum(map(len, self._own))


def _isolated(own: SignalInstance) -> Callable[..., None]:
    """Return a function that emits a signal and hands errors to ``sys.excepthook``."""

    def emit(*args: Any) -> None:
        try:
            own.emit(*args)
        except Exception as error:
            _hand_on(error.__cause__ if isinstance(error, EmitLoopError) and error.__cause__ else error)

    return emit


def _hand_on(error: BaseException) -> None:
    sys.excepthook(type(error), error, error.__traceback__)
