"""Converting files between formats, with bounded memory, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Progress
from napari_udt.io.frames import Frames, frame_of, selected
from napari_udt.io.generic import own
from napari_udt.io.opening import PathLike, open_cube, open_cubes, save_cubes, saving
from napari_udt.io.rechunk import Chunks, chunk_shape
from napari_udt.io.registry import writer_for


def convert(
    source: PathLike,
    target: PathLike,
    *,
    chunks: Chunks | None = None,
    candidate: str | int | None = None,
    frames: Frames = "all",
    compress: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    **reading: Any,
) -> list[SpectralCube]:
    """Convert a file.

    Parameters
    ----------
    source : path
        A file of any format that can be read.
    target : path
        The result; its ending chooses the format. Large cubes are converted block by block into napari-udt's HDF5.
    chunks : {"both", "pixel", "band"}, optional
        What is fast to read in an HDF5 file: spectra, pictures, or both (the default).
    candidate : str or int, optional
        Convert only this one of :func:`napari_udt.io.list_candidates`; by default all recordings of the file.
    frames : "all", "mean", int or (int, int)
        Which pictures of a series: all where the format holds them (else the one at hand, see :func:`left_out`), the mean over
        frames, one, or from and to before.
    compress, overwrite : bool
        Make the file smaller and slower; replace an existing one.
    progress : callable, optional
        Called as ``progress(done, total)``, in bytes, for each cube; whatever it raises ends the run without a trace.
    **reading
        What the file lacks (``wavelengths_nm``, ``domain``, ...) and how it is read, as in :func:`napari_udt.open_cube`.

    Returns
    -------
    list of SpectralCube
        What was converted, as read from the source.

    Raises
    ------
    CubeError
        When the source cannot be read, the target exists or cannot be written, or has no such chunks.
    """
    source, target = Path(source), Path(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise CubeError(f"{target}: a file cannot be converted into itself; choose another name.")
    if (frame := frame_of(frames)) is not None:
        reading["frame"] = frame
    cubes = [selected(cube, frames) for cube in _opened(source, candidate, reading)]
    try:
        if writer_for(target, len(cubes)).name != "udt":
            _check_chunks(target, chunks)
            save_cubes(cubes, target, overwrite, compress)
            return cubes
        wanted = chunks or "both"
        chunk_shape(cubes[0].shape, wanted)  # unknown chunks are refused before anything is written
        with saving(target, overwrite) as temporary:
            own.write(cubes, temporary, compress, chunks=wanted, progress=progress)
        return cubes
    finally:
        for cube in cubes:
            if cube.is_lazy:
                getattr(cube.data, "close", lambda: None)()


def left_out(cubes: Sequence[SpectralCube], target: PathLike, chooser: str = "--frames N") -> str:
    """Return one sentence on the pictures of series that a file of this ending does not hold; empty where it holds all.

    ``chooser`` is what chooses another picture.
    """
    writer = writer_for(Path(target), len(cubes))
    found = [cube for cube in cubes if cube.series is not None and len(cube.series) > 1]
    if writer.series or not found:
        return ""
    cube, series = found[0], found[0].series
    one = "frame" if series is not None and series.axis == "time" else "slice"
    total = 0 if series is None else len(series)
    return (
        f"{writer.title} holds one picture: {one} {cube.place} of {total} (counted from 0) was written; {chooser} chooses another, a "
        "file called .udt.h5 holds all."
    )


def _opened(source: Path, candidate: str | int | None, options: dict[str, Any]) -> list[SpectralCube]:
    if candidate is None:
        return open_cubes(source, **options)
    return [open_cube(source, candidate=candidate, **options)]


def _check_chunks(target: Path, chunks: Chunks | None) -> None:
    if chunks is not None:
        raise CubeError(
            f"{target}: only HDF5 files have chunks; leave them out, or choose the ending .udt.h5."
        )
