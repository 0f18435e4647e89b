"""Recordings of several pictures: frames along time, slices along depth. Opening one reads the chosen picture only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Format, Frame, ReadOptions, reading
from napari_udt.series import Axis, Series

Frames = (
    Literal["all", "mean"] | int | tuple[int, int]
)  # all pictures, their mean, one, or from and to before

_WORDS: dict[Axis, tuple[str, str, str]] = {
    "time": ("frame", "frames", "recording"),
    "depth": ("slice", "slices", "volume"),
}
# What earlier versions called the pictures that a file offered one by one.
_EARLIER_TITLE = re.compile(r"(?:(.*), )?(?:frame (\d+)|plane y = (\d+)|slice (\d+) of \d+)")


def chosen(options: ReadOptions, count: int, path: Path, axis: Axis = "time", usual: int = 0) -> Frame:
    """Return the picture that the user chose, by default the ``usual`` one.

    Raises
    ------
    CubeError
        When there is no such picture, or a mean over the slices of a volume is asked for.
    """
    frame = options.frame
    if frame is None:
        return usual
    if frame == "mean" and (axis == "time" or count == 1):
        return frame
    if not isinstance(frame, int) or not 0 <= frame < count:
        one, _, whole = _WORDS[axis]
        mean = ", or 'mean' for all" if axis == "time" else ""
        raise CubeError(
            f"{path}: there is no {one} {frame!r}; the {whole} has {count}: 0 to {count - 1}{mean}."
        )
    return frame


def offered(count: int) -> Iterator[tuple[str, Frame]]:
    """Go through what is offered beside the frames of a recording, with its title: their mean."""
    if count > 1:
        yield "mean over frames", "mean"


def slices(title: str, count: int) -> Iterator[tuple[str, int]]:
    """Go through the slices that each frame of a recording has, with their titles; at most 2,000."""
    if count == 1:
        yield title, 0
        return
    yield from ((f"{title}, slice {place + 1} of {count}", place) for place in range(min(count, 2_000)))


def metadata(frame: Frame, count: int, axis: Axis = "time") -> dict[str, Any]:
    """Return the metadata on the picture shown; empty for a recording of one."""
    one, several, _ = _WORDS[axis]
    return {one: frame, several: count} if count > 1 else {}


def in_series(
    path: Path,
    options: ReadOptions,
    read: Callable[[Frame, ReadOptions], SpectralCube],
    count: int,
    *,
    axis: Axis = "time",
    positions: NDArray[np.float64] | None = None,
    usual: int | None = None,
) -> SpectralCube:
    """Read the chosen picture of a recording; it knows the others, which are read when asked for.

    Parameters
    ----------
    path : path
        For messages.
    options : ReadOptions
        Its ``frame`` chooses the picture. "mean" gives a cube without series.
    read : callable
        ``read(frame, options)`` reads one picture.
    count : int
        How many pictures there are.
    axis, positions
        As in :class:`napari_udt.series.Series`.
    usual : int, optional
        The picture that opens where none is chosen; by default the first frame, of a volume the middle slice.
    """
    if usual is None:
        usual = count // 2 if axis == "depth" else 0
    frame = chosen(options, count, path, axis, usual)
    cube = read(frame, options)
    if count < 2 or frame == "mean":
        return cube
    later = replace(options, progress=None, lazily=True)
    series = Series(axis, count, lambda index: read(index, replace(later, frame=index)), positions)
    return replace(cube, series=series, place=int(frame))


def parse_frames(text: str) -> Frames:
    """Parse what a command line says about pictures: "all", "mean", one as 3, or from and to before as 3:12.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    if text in ("all", "mean"):
        return text  # type: ignore[return-value]
    first, colon, last = text.partition(":")
    return (int(first or 0), int(last)) if colon else int(first)


def frame_of(frames: Frames) -> Frame | None:
    """Return the picture to open where these are wanted; None for the usual one."""
    return frames if isinstance(frames, int) or frames == "mean" else None


def selected(cube: SpectralCube, frames: Frames) -> SpectralCube:
    """Return an opened cube with the wanted pictures for a series, or without one where a single picture is wanted.

    Raises
    ------
    CubeError
        When a range is wanted that the series does not have.
    """
    if frames == "all":
        return cube
    if not isinstance(frames, tuple):
        return replace(cube, series=None, place=0)
    whole, (start, stop) = cube.series, frames
    if whole is None:
        if frames == (0, 1):
            return cube
        raise CubeError(f"{cube.name}: there are no pictures {start}:{stop}; it is a single picture.")
    part = whole.part(start, stop)
    series = part.derived(lambda index, picture: replace(picture, series=series, place=index))
    return series[min(max(cube.place - start, 0), stop - start - 1)]


def opened_in_series(
    cube: SpectralCube, path: Path, known: Format, opened_from: Callable[[int | None], dict[str, Any]]
) -> SpectralCube:
    """Return a cube, and the pictures of its series, with where they were opened from in their metadata.

    ``opened_from(index)`` says it of one picture; of a cube without series it is asked with None. Each picture then knows
    the series, and what is wrong with one is said in one sentence that names the file and the picture.
    """
    stored = cube.series
    if stored is None:
        return replace(cube, metadata={**cube.metadata, "file": opened_from(None)})

    def picture(index: int) -> SpectralCube:
        with stored.naming(index), reading(path, known):
            found = stored[index]
        return replace(
            found,
            metadata={**found.metadata, "file": opened_from(index)},
            series=series,
            place=index,
        )

    series: Series[SpectralCube] = Series(stored.axis, stored.count, picture, stored.positions)
    return replace(cube, metadata={**cube.metadata, "file": opened_from(cube.place)}, series=series)


def of_earlier_title(title: str) -> tuple[str | None, int] | None:
    """Split what earlier versions called one picture into the candidate's title and the picture; None for another title.

    A title of the picture alone stands for the first candidate (None).
    """
    match = _EARLIER_TITLE.fullmatch(title)
    if match is None:
        return None
    base, frame, plane, place = match.groups()
    return base, int(place) - 1 if place else int(frame or plane)
