"""Clean end of a command on SIGTERM."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_AGAIN_S = 0.05


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM, which batch systems send, end the work as Ctrl-C does: temporary files are removed on the way out.

    Python drops an exception that is raised while an object is being destroyed. An interruption that falls there is
    repeated a moment later, else the work would run on to its end.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are handled there only
        yield
        return
    before, hook_before = signal.signal(signal.SIGTERM, _stop), sys.unraisablehook

    def repeat(dropped: UnraisableHookArgs) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN_S, _thread.interrupt_main, (signal.SIGTERM,)).start()
        else:
            hook_before(dropped)

    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = hook_before
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
