"""Opening and saving cubes, whatever the format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from napari_udt.cube import DOMAINS, MODALITIES, Domain, Modality, SpectralCube
from napari_udt.errors import CubeError, UdtError
from napari_udt.files.write_errors import WriteError
from napari_udt.files.writing import whole_or_nothing, whole_set_or_nothing
from napari_udt.io import frames
from napari_udt.io.contract import (
    Candidate,
    Format,
    Frame,
    Match,
    Progress,
    ReadOptions,
    SeveralFilesModule,
    reading,
)
from napari_udt.io.diagnosis import explain
from napari_udt.io.diagnosis import is_damaged as _is_damaged
from napari_udt.io.registry import Sniffed, sniff, writer_for
from napari_udt.reconstruction.options import ReconstructionOptions

MAX_NAMED = 50  # candidates that messages and metadata name; list_candidates names all
PathLike = str | os.PathLike[str]


def open_cube(
    path: PathLike,
    *,
    wavelengths_nm: Sequence[float] | None = None,
    domain: Domain | None = None,
    modality: Modality | None = None,
    candidate: str | int | None = None,
    spectral_axis: int | None = None,
    memory_limit_mb: float | None = None,
    frame: Frame | None = None,
    reconstruction: ReconstructionOptions | None = None,
    progress: Progress | None = None,
) -> SpectralCube:
    """Open a spectral cube; the format is recognised by the file's content.

    Parameters
    ----------
    path : path
        The file.
    wavelengths_nm : sequence of float, optional
        One wavelength per channel, where the file lacks them or is wrong about them.
    domain, modality : str, optional
        Where the file lacks them or is wrong about them; as in :class:`napari_udt.SpectralCube`.
    candidate : str or int, optional
        Which cube of the file to open: a title or position in :func:`list_candidates`. By default the first.
    spectral_axis : int, optional
        Which axis of a plain array holds the channels; needed where several would fit.
    memory_limit_mb : float, optional
        Larger cubes are not read into memory but stay in the file (512 MB; environment ``NAPARI_UDT_MEMORY_MB``).
    frame : int or "mean", optional
        Which picture of a recording or volume with several, counted from 0, or the mean over all frames. By default the
        first frame, or a volume's middle slice; the cube's ``series`` gives the others.
    reconstruction : ReconstructionOptions, optional
        How raw photoacoustic time series are made into a preview: speed of sound, field of view, pixel size.
    progress : callable, optional
        ``progress(done, total)``, called while a preview is computed; raise ``TransferCancelled`` in it to stop.

    Returns
    -------
    SpectralCube
        ``metadata["file"]`` says where it was opened from: path, format, candidate, (up to 50) other candidates, and
        the options that were given.

    Raises
    ------
    CubeError
        One sentence: what was found in the file, what was expected, what to do.
    """
    path = Path(path)
    options = ReadOptions(
        wavelengths_nm,
        domain,
        modality,
        spectral_axis,
        memory_limit_mb,
        frame,
        reconstruction or ReconstructionOptions(),
        progress,
    )
    known, found = _look(path, options)
    earlier = frames.of_earlier_title(candidate) if isinstance(candidate, str) else None
    if earlier is not None and candidate not in [c.title for c in found]:
        candidate, options = earlier[0], replace(options, frame=earlier[1])
        known, found = _look(path, options)
    return _open(path, known, _chosen(found, candidate, path), found, options)


def open_cubes(path: PathLike, *, sniffed: Sniffed | None = None, **options: Any) -> list[SpectralCube]:
    """Open all cubes that a file holds.

    Other views of the same recording (SIMPA's initial pressure beside its reconstruction) are not among them; see
    :func:`list_candidates`. Options, but for ``candidate``, and errors are those of :func:`open_cube`. ``sniffed`` is what
    :func:`~napari_udt.io.registry.sniff` found in the file, where that is known already.
    """
    path = Path(path)
    given = ReadOptions(**options)
    known, found = _look(path, given, sniffed)
    main = [c for c in found if not c.alternative] or found[:1]
    return [_open(path, known, c, found, given) for c in main]


def list_candidates(path: PathLike, *, wavelengths_nm: Sequence[float] | None = None) -> list[str]:
    """Return the titles of what a file could be opened as; :func:`open_cube` takes the first by default."""
    _, found = _look(Path(path), ReadOptions(wavelengths_nm=wavelengths_nm))
    return [c.title for c in found]


def recordings(paths: Iterable[PathLike]) -> list[Path]:
    """Return one file per recording: of files that belong together (ENVI) only the first."""
    return [sniffed.path for sniffed in sniffed_recordings(sniff(Path(path)) for path in paths)]


def sniffed_recordings(files: Iterable[Sniffed]) -> list[Sniffed]:
    """Return one of the sniffed files per recording, as :func:`recordings` does."""
    first: dict[Path, Sniffed] = {}
    for sniffed in files:
        known = sniffed.format
        several = known is not None and known.several_files
        main = cast(SeveralFilesModule, known.load()).main_file(sniffed.path) if known and several else None
        first.setdefault(main or sniffed.path, sniffed)
    return list(first.values())


def is_readable(path: PathLike) -> bool:
    """Whether the file is a spectral cube that opens without further metadata; cheap, and never raises."""
    return sniff(Path(path)).match is Match.YES


def is_damaged(path: PathLike) -> bool:
    """Whether a file has the ending of a spectral format, but is empty, cut short or of another kind.

    No other reader opens such a file either, so a viewer may claim it and show the error of :func:`open_cube`.
    """
    return _is_damaged(Path(path), sniff(Path(path)))


def save_cube(
    cube: SpectralCube,
    path: PathLike,
    overwrite: bool = False,
    compress: bool = False,
    labelled_only: bool = False,
) -> None:
    """Write one cube, in the format that the ending asks for (:func:`napari_udt.io.registry.writers`).

    Parameters
    ----------
    cube : SpectralCube
    path : path
        Where to: napari-udt's HDF5 (``.h5``, ``.hdf5``), OME-Zarr (``.ome.zarr``, ``.zarr``), ENVI (``.hdr``, with its data and
        labels beside it), the paper's layout (``.npz``), spectra in CSV (``.csv``), or a format of an outside package. The first three
        hold all pictures of a series, the others the one at hand. All files are written whole or not at all.
    overwrite : bool
        Whether existing files may be replaced.
    compress : bool
        Smaller file, slower to read, where the format knows how.
    labelled_only : bool
        Of CSV: leave out pixels without a structure.

    Raises
    ------
    CubeError
        When a file exists, cannot be written, or has another ending.
    """
    save_cubes([cube], path, overwrite, compress, labelled_only)


def save_cubes(
    cubes: Sequence[SpectralCube],
    path: PathLike,
    overwrite: bool = False,
    compress: bool = False,
    labelled_only: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write several cubes into one napari-udt HDF5 file; otherwise as :func:`save_cube`.

    ``progress(done, total)`` is called for each cube by formats that hold series, in bytes; what it raises ends the work, and nothing is written.
    """
    path = Path(path)
    if not cubes:
        raise CubeError(f"{path}: there is no cube to save.")
    writer = writer_for(path, len(cubes))
    if labelled_only and not writer.picks_pixels:
        raise CubeError(
            f"{path}: {writer.title} holds whole pictures; only CSV leaves out pixels without a label."
        )
    options: dict[str, Any] = {"labelled_only": True} if labelled_only else {}
    if progress is not None and writer.series:
        options["progress"] = progress
    with (
        _explained(path, overwrite, writer.package),
        whole_set_or_nothing(path.parent, overwrite, path.name) as folder,
    ):
        writer.load().write(cubes, folder / path.name, compress, **options)


@contextmanager
def saving(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path whose file becomes ``path`` at the end; an existing one is replaced only with ``overwrite``.

    Raises
    ------
    CubeError
        When the file exists, or cannot be written; nothing is changed then.
    """
    with _explained(path, overwrite), whole_or_nothing(path) as temporary:
        yield temporary


@contextmanager
def _explained(path: Path, overwrite: bool, package: str = "") -> Iterator[None]:
    """Turn the exceptions of writing a file into one sentence that names the file; all of those of a package."""
    if os.path.exists(path) and not overwrite:
        raise CubeError(
            f"{path}: the file exists; choose another name, or replace it (--overwrite, overwrite=True)."
        )
    try:
        yield
    except FileExistsError as error:
        raise CubeError(
            f"{path}: {Path(str(error.filename)).name}, which goes with it, exists; choose another name, or replace it (--overwrite, overwrite=True)."
        ) from error
    except WriteError as error:
        raise CubeError(f"{path}: the cube cannot be written: {error.strerror}.") from error
    except UdtError:
        raise
    except Exception as error:
        if not package and not isinstance(error, OSError | TypeError | ValueError | RecursionError):
            raise
        why = getattr(error, "strerror", None) or error
        raise CubeError(f"{path}: the cube cannot be written ({why}); nothing was changed.") from error


def _look(path: Path, options: ReadOptions, sniffed: Sniffed | None = None) -> tuple[Format, list[Candidate]]:
    _check_options(options)
    sniffed = sniffed or sniff(path)
    if sniffed.format is None:
        raise explain(path, sniffed.damage)
    with reading(path, sniffed.format):
        return sniffed.format, sniffed.format.load().candidates(path, options)


def _check_options(options: ReadOptions) -> None:
    for word, value, all_known in (
        ("domain", options.domain, DOMAINS),
        ("modality", options.modality, MODALITIES),
    ):
        if value is not None and value not in all_known:
            raise CubeError(f"{word}={value!r} is unknown; expected one of {', '.join(all_known)}.")


def _chosen(found: Sequence[Candidate], wanted: str | int | None, path: Path) -> Candidate:
    if wanted is None:
        return found[0]
    titles = [c.title for c in found]
    if isinstance(wanted, int) and 0 <= wanted < len(found):
        return found[wanted]
    if wanted in titles:
        return found[titles.index(str(wanted))]
    raise CubeError(
        f"{path}: there is no candidate {wanted!r}; the file offers {', '.join(titles[:MAX_NAMED])}."
    )


def _open(
    path: Path, known: Format, chosen: Candidate, found: Sequence[Candidate], options: ReadOptions
) -> SpectralCube:
    with reading(path, known):
        try:
            cube = chosen.read()
        except CubeError as error:
            if str(path.parent) in str(error):
                raise
            raise CubeError(
                f"{path}: {error}"
            ) from error  # what a cube says of itself does not name its file

    def opened_from(index: int | None) -> dict[str, Any]:
        given = (options if index is None else replace(options, frame=index)).to_dict()
        return {
            "path": str(path),
            "format": known.name,
            "candidate": chosen.title,
            "others": [c.title for c in found if c is not chosen][:MAX_NAMED],
            **({"options": given} if given else {}),
        }

    return frames.opened_in_series(cube, path, known, opened_from)
