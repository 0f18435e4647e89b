"""Recordings with several frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_udt.errors import CubeError
from napari_udt.io.contract import Frame, ReadOptions

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
