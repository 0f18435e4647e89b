"""Opening files into a session: what can be read is there, what cannot is told in one sentence each.

A file that lacks facts is asked about where somebody can answer (:class:`Ask`); until then nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError, MissingMetadata, UdtError
from napari_udt.io import is_readable, open_cube, open_cubes, recordings
from napari_udt.io.contract import Progress
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.registry import sniff
from napari_udt.viewer.files.missing_metadata import Question, lacks_origin
from napari_udt.viewer.files.session_file import open_session
from napari_udt.viewer.files.session_record import is_session
from napari_udt.viewer.state.session import Session, entry_of

# Takes a question and sees to its answer, now or later; see widgets/facts_asker.py.
Ask = Callable[[Question], None]

# Endings that a dropped file of spectra usually has. Such a file is ours to open or to explain, even when its
# content turns out not to be spectral; everything else that is no cube goes to napari's own readers.
_SPECTRAL_SUFFIXES = (
    ".h5",
    ".hdf5",
    ".dat",
    ".hdr",
    ".bsq",
    ".bil",
    ".bip",
    ".npz",
    ".npy",
    ".mat",
    ".blosc",
    ".msot",
)


def open_files(
    session: Session,
    paths: Iterable[Path | str],
    progress: Progress | None = None,
    ask: Ask | None = None,
) -> list[str]:
    """Open files into a session; return one sentence for each that could not be opened.

    A file is opened whole or not at all; the session keeps everything that it had. ``progress(done, total)`` is called
    while a file takes long; it may raise ``TransferCancelled``. What a file lacks is asked with ``ask``, and is among the
    sentences without it.
    """
    problems = []
    for path in recordings(paths):
        try:
            if is_session(path):
                problems += open_session(session, path, progress)
            else:
                add_file(session, path, progress, ask)
        except UdtError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{path.name}: cannot be read ({error.strerror or error}).")
    return problems


def add_file(session: Session, path: Path, progress: Progress | None = None, ask: Ask | None = None) -> None:
    """Open the cubes of a file with the facts that were answered for it, or for others of its format.

    Raises
    ------
    CubeError
        When the file cannot be opened, or lacks facts and nobody can be asked.
    """
    try:
        cubes = known_cubes(session, path, progress)
    except MissingMetadata as missing:
        if ask is None:
            raise
        ask(Question(path, format_of(path), missing))
        return
    session.add_all(map(entry_of, cubes))
    vague = [cube for cube in cubes if lacks_origin(cube)]
    if ask is not None and vague and not session.stated_metadata.knows(path, format_of(path)):
        ask(Question(path, format_of(path), modality=vague[0].modality))


def add_answered(session: Session, question: Question, facts: StatedMetadata, *, for_format: bool) -> None:
    """Open a file with the answer to what it lacks, or correct the open cube, and remember the answer.

    Raises
    ------
    CubeError
        When the file cannot be opened with these facts; nothing changes then.
    """
    if question.missing is None:
        session.replace_cubes(
            {
                entry.key: _completed(entry.cube, facts)
                for entry in session
                if entry.cube.metadata.get("file", {}).get("path") == str(question.path)
            }
        )
    else:
        session.add_all(map(entry_of, open_cubes(question.path, **options_for(question.path, facts))))
    session.stated_metadata.remember(question.path, question.format, facts, for_format=for_format)


def open_candidate(
    session: Session, cube: SpectralCube, title: str, progress: Progress | None = None
) -> SpectralCube:
    """Open another cube of the file that an open one comes from, with the facts that were answered for it.

    Raises
    ------
    CubeError
        When the file has changed meanwhile.
    """
    path = Path(cube.metadata["file"]["path"])
    other = open_cube(
        path, candidate=title, progress=progress, **options_for(path, session.stated_metadata.of(path))
    )
    return other.with_(name=f"{other.name} ({title})")


def spectral_files(paths: Iterable[Path]) -> list[Path]:
    """Return those of dropped files that are for this plugin; the others are for napari's other readers."""
    local = [path for path in paths if path.exists()]
    return [path for path in local if _is_ours(path)]


def _is_ours(path: Path) -> bool:
    return path.suffix.lower() in _SPECTRAL_SUFFIXES or is_session(path) or is_readable(path)


def known_cubes(session: Session, path: Path, progress: Progress | None = None) -> list[SpectralCube]:
    """Open a file; what was answered for others of its format counts where the file is silent."""
    if facts := session.stated_metadata.of(path):
        return open_cubes(path, progress=progress, **options_for(path, facts))
    general = session.stated_metadata.by_format.get(format_of(path))
    try:
        return [_completed(cube, general) for cube in open_cubes(path, progress=progress)]
    except MissingMetadata as missing:
        if general is None:
            raise
        try:
            return open_cubes(path, progress=progress, **options_for(path, general))
        except CubeError:
            raise missing from None  # the other file's answer does not fit this one


def _completed(cube: SpectralCube, facts: StatedMetadata | None) -> SpectralCube:
    """Return a cube of unknown origin with what was answered about it, which its metadata tell."""
    if facts is None or not lacks_origin(cube) or not (facts.domain or facts.modality):
        return cube
    stated = {key: value for key, value in facts.told().items() if key in ("domain", "modality")}
    told = sorted({*cube.metadata.get("stated_by_user", []), *stated})
    metadata = {**cube.metadata, "stated_by_user": told}
    return cube.with_(metadata=metadata, origin="", **stated)


def format_of(path: Path) -> str:
    """Return the key of the format that a file has by its content."""
    known = sniff(path).format
    return known.name if known else ""
