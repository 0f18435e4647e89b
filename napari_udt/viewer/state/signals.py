"""Signals whose listeners do not depend on each other: one that fails leaves the others told. No Qt."""

from __future__ import annotations

import sys

from psygnal import SignalInstance


class IsolatedSignal(SignalInstance):
    """A signal that goes on to the next listener after an error, and hands the error to ``sys.excepthook``.

    There napari makes a notification of it. psygnal itself stops at the first error and raises it where the news
    came from: a broken panel would keep the news from all that listen after it, and break off what the user did.
    """

    def _run_emit_loop_immediate(self) -> None:
        args = self._emit_queue.popleft()
        for listener in list(self._slots):
            try:
                listener.cb(args)
            except ReferenceError:  # went while the others were told
                continue
            except Exception:
                sys.excepthook(*sys.exc_info())
