"""A progress line on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from napari_udt.outgoing_text import printable

_INTERVAL_S = 0.2


class ProgressLine:
    """Shows "what: 42 %, 130 MB/s" on one line of a terminal and nothing elsewhere.

    Parameters
    ----------
    what : str
        What is being done.
    rate : callable, optional
        Turns units per second into words.
    stream : text stream, optional
        Standard error unless given.
    """

    def __init__(
        self, what: str, rate: Callable[[float], str] | None = None, stream: TextIO | None = None
    ) -> None:
        self._what, self._rate, self._stream = printable(what), rate, stream or sys.stderr
        self._shown = self._stream.isatty()
        self._start = time.monotonic()
        self._last = 0.0
        self._width = (
            0  # of what stands there; spaces hide it, since not every Windows console knows how to erase
        )

    def __call__(self, done: int, total: int) -> None:
        """Show the progress, a few times a second."""
        now = time.monotonic()
        if not self._shown or (done < total and now - self._last < _INTERVAL_S):
            return
        self._last = now
        parts = [f"{self._what}: {100 * done // max(total, 1):3d} %"]
        if self._rate and done and now > self._start:
            parts.append(self._rate(done / (now - self._start)))
        self._write(", ".join(parts))

    def clear(self) -> None:
        """Erase the line."""
        if self._shown:
            self._write("")
            self._stream.write("\r")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:<{self._width}}")
        self._width = len(text)
        self._stream.flush()
