"""Whole pictures of files in which one lies in millions of pieces: read in the background, while a coarse one is shown. No Qt, no napari."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_udt.io.layout import Layout
from napari_udt.viewer.state.jobs import Submit, error_text, run_at_once

_REPORT_S = 0.25  # between two reports of how far it is
_STEP_BYTES = (
    8_000_000  # read at once: the window may have to wait for so much when the mouse asks for a spectrum
)


@dataclass(eq=False)
class _Picture:
    data: Any  # kept, so that its id stays its own
    channel: int
    values: NDArray[np.float32]
    done: int = 0  # rows
    cancelled: bool = False

    @property
    def complete(self) -> bool:
        return self.done == len(self.values)


class WholePictures:
    """Reads the picture that is shown of each slow file, as a whole; one per file is kept.

    Parameters
    ----------
    submit : callable, optional
        Runs a function later, in another thread; without it everything is read at once.
    deliver : callable, optional
        Runs a function in the window's thread, called from any.
    """

    changed = Signal(object)  # of which data more was read, or reading ended
    failed = Signal(str)  # one sentence

    def __init__(
        self,
        submit: Submit | None = None,
        deliver: Callable[[Callable[[], None]], object] = run_at_once,
    ) -> None:
        self._submit, self._deliver = submit or run_at_once, deliver
        self._pictures: dict[int, _Picture] = {}

    def picture(self, data: Any, channel: int, layout: Layout) -> NDArray[np.float32] | None:
        """Return a whole picture, shape (rows, columns); None while it is being read, which starts with the first call.

        Reading another channel's picture of the same data ends. After ``cancel`` None, until another channel was asked for.
        """
        picture = self._pictures.get(id(data))
        if picture is None or picture.channel != channel:
            picture = _Picture(data, channel, np.empty(layout.shape[:2], np.float32))
            self._pictures[id(data)] = picture
            self._submit(partial(self._read, picture, layout))
        return picture.values if picture.complete else None

    def rows_read(self, data: Any) -> int | None:
        """Return how many rows of the picture that is being read are there; None where none is being read."""
        picture = self._pictures.get(id(data))
        return None if picture is None or picture.complete or picture.cancelled else picture.done

    def cancel(self, data: Any) -> None:
        """Read no further; the coarse picture stays until another wavelength is looked at."""
        if self.rows_read(data) is not None:
            self._pictures[id(data)].cancelled = True
            self.changed.emit(data)

    def keep(self, open_data: Iterable[Any]) -> None:
        """Forget the pictures of all other data, and read them no further."""
        kept = {id(data) for data in open_data}
        self._pictures = {key: picture for key, picture in self._pictures.items() if key in kept}

    def _wants(self, picture: _Picture) -> bool:
        return self._pictures.get(id(picture.data)) is picture and not picture.cancelled

    def _read(self, picture: _Picture, layout: Layout) -> None:
        """Read some rows after the other, until the picture is not wanted any more; in the thread."""
        reported, rows = time.monotonic(), len(picture.values)
        step = _rows_at_once(layout)
        try:
            while picture.done < rows and self._wants(picture):
                part = slice(picture.done, min(picture.done + step, rows))
                picture.values[part] = _rows(picture.data, part, picture.channel, layout)
                picture.done = part.stop
                if time.monotonic() - reported > _REPORT_S:
                    reported = time.monotonic()
                    self._deliver(partial(self.changed.emit, picture.data))
        except Exception as error:  # whatever a library raises must reach the user, not the log
            picture.cancelled = True
            text = error_text(error, "The whole picture could not be read", "; it stays coarse.")
            self._deliver(partial(self.failed.emit, text))
        if self._pictures.get(id(picture.data)) is picture:
            self._deliver(partial(self.changed.emit, picture.data))


def _rows_at_once(layout: Layout) -> int:
    """Return how many rows to read in one go: whole pieces, or rows that lie one after another up to some bytes."""
    rows, columns, channels = layout.shape
    row_bytes = layout.piece_bytes / max(1, int(np.prod(layout.piece))) * columns * channels
    return min(rows, max(layout.piece[0], int(_STEP_BYTES / max(row_bytes, 1))))


def _rows(data: Any, rows: slice, channel: int, layout: Layout) -> NDArray[np.float32]:
    """Read rows of one channel: with all others where they lie in the same pieces, which is far faster than one by one."""
    if layout.piece[2] >= layout.shape[2]:
        return np.asarray(data[rows, :, :][..., channel], np.float32)
    return np.asarray(data[rows, :, channel], np.float32)
