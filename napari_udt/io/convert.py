"""Converting files between formats, with bounded memory, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.contract import Progress
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
    cubes = _opened(source, candidate, reading)
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


def _opened(source: Path, candidate: str | int | None, options: dict[str, Any]) -> list[SpectralCube]:
    if candidate is None:
        return open_cubes(source, **options)
    return [open_cube(source, candidate=candidate, **options)]


def _check_chunks(target: Path, chunks: Chunks | None) -> None:
    if chunks is not None:
        raise CubeError(
            f"{target}: only HDF5 files have chunks; leave them out, or choose the ending .udt.h5."
        )
