"""Recordings with several frames, and pictures that are stored upside down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import Frame, ReadOptions
from napari_udt.io.lazy import Source

MAX_LISTED = 2_000  # frames that are offered one by one


def chosen(options: ReadOptions, count: int, path: Path) -> Frame:
    """Return the frame that the user chose, by default the first one.

    Raises
    ------
    CubeError
        When the recording has no such frame.
    """
    frame = options.frame
    if frame is None or frame == "mean":
        return frame or 0
    if not isinstance(frame, int) or not 0 <= frame < count:
        raise CubeError(
            f"{path}: there is no frame {frame!r}; the recording has {count}: 0 to {count - 1}, or 'mean' for all."
        )
    return frame


def offered(count: int) -> Iterator[tuple[str, Frame]]:
    """Go through the frames of a recording that are offered beside the first one, with their titles."""
    if count > 1:
        yield "mean over frames", "mean"
        yield from ((f"frame {frame}", frame) for frame in range(1, min(count, MAX_LISTED)))


def frame_metadata(frame: Frame, count: int) -> dict[str, Any]:
    """Return the metadata on the frame shown; empty for a recording of one."""
    return {"frame": frame, "frames": count} if count > 1 else {}


class MeanSource:
    """The mean over the first axis of a source, which it keeps with length 1; read frame by frame."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.shape = (1, *source.shape[1:])
        self.stored_bytes = source.stored_bytes

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis; the first must be 0."""
        total = self._source.read((0, *selection[1:])).astype(np.float32)
        for frame in range(1, self._source.shape[0]):
            total += self._source.read((frame, *selection[1:]))
        return total / self._source.shape[0]

    def close(self) -> None:
        """Close the file."""
        self._source.close()


class FlippedSource:
    """A source with one axis counted from its other end."""

    def __init__(self, source: Source, axis: int) -> None:
        self._source, self._axis = source, axis
        self.shape = source.shape
        self.stored_bytes = source.stored_bytes

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        wanted, length = selection[self._axis], self.shape[self._axis]
        if not isinstance(wanted, slice):
            return self._source.read(self._with(selection, length - 1 - wanted))
        counted = range(length)[wanted]
        if len(counted) == 0:
            return self._source.read(self._with(selection, slice(0, 0)))
        stored = slice(length - 1 - counted[-1], length - counted[0], counted.step)
        kept = [isinstance(key, slice) for key in selection[: self._axis]]
        return np.flip(self._source.read(self._with(selection, stored)), axis=sum(kept))

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _with(self, selection: tuple[int | slice, ...], key: int | slice) -> tuple[int | slice, ...]:
        return (*selection[: self._axis], key, *selection[self._axis + 1 :])
