"""Open files into a session.

A file is opened whole or not at all; what cannot be opened gives one sentence for the user. Metadata that a file lacks
are asked for where there is a window (:data:`Ask`); until then the session stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from napari_udt.cube import SpectralCube, nested
from napari_udt.errors import CubeError, MissingMetadata, TransferCancelled, UdtError
from napari_udt.io import open_cube, open_cubes
from napari_udt.io.contract import Match, Progress
from napari_udt.io.missing_metadata import StatedMetadata, options_for
from napari_udt.io.opening import sniffed_recordings
from napari_udt.io.registry import Sniffed, sniff
from napari_udt.io.spectral_libraries import is_library
from napari_udt.spectral.library import SpectralLibrary
from napari_udt.viewer.files.choices import key_of_file
from napari_udt.viewer.files.missing_metadata import Question, lacks_origin
from napari_udt.viewer.files.session_file import add_session, read_session
from napari_udt.viewer.files.session_record import is_session
from napari_udt.viewer.spectra.libraries import add_libraries, read_libraries
from napari_udt.viewer.state.session import Entry, Session, entry_of

# Takes a question to the user and sees to its answer, now or later; see files/widgets/metadata_questions.py.
Ask = Callable[[Question], None]
# Calls what it is given with ``progress``, and returns its result; see files/widgets/opening_progress.py.
WaitFor = Callable[[Callable[[Progress | None], Any]], Any]

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
    files: Iterable[Path | str | Sniffed],
    progress: Progress | None = None,
    ask: Ask | None = None,
    wait_for: WaitFor | None = None,
) -> list[str]:
    """Open files into a session; return one sentence for each that could not be opened.

    Parameters
    ----------
    session : Session
        Keeps everything that it had.
    files : iterable of path or Sniffed
        Files that were sniffed already are not sniffed again.
    progress : callable, optional
        ``progress(done, total)``, called while a file takes long; it may raise ``TransferCancelled``.
    ask : callable, optional
        Gets the questions about missing metadata; without it they are among the sentences.
    wait_for : callable, optional
        Runs what reads files, in another thread where there is a window; by default it is called here with ``progress``.
    """
    wait_for = wait_for or (lambda work: work(progress))
    problems = []
    given = list(files)
    try:
        known = wait_for(lambda _: [(file, _kind(file.path)) for file in _sniffed(given)])
    except TransferCancelled as error:
        return [str(error)]
    for file, kind in known:
        try:
            if kind == "session":
                problems += add_session(session, wait_for(partial(read_session, file.path)))
            elif kind == "library":
                libraries, unread = wait_for(partial(_libraries, file.path))
                add_libraries(session, libraries)
                problems += unread
            else:
                add_file(session, file, ask, wait_for)
        except TransferCancelled as error:
            return [*problems, str(error)]
        except UdtError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{file.path.name}: cannot be read ({error.strerror or error}).")
    return problems


def _kind(path: Path) -> str:
    return "session" if is_session(path) else "library" if is_library(path) else "cube"


def _libraries(path: Path, _progress: Progress | None) -> tuple[list[SpectralLibrary], list[str]]:
    return read_libraries([path])


def _sniffed(files: Iterable[Path | str | Sniffed]) -> list[Sniffed]:
    return sniffed_recordings(f if isinstance(f, Sniffed) else sniff(Path(f)) for f in files)


def add_file(session: Session, file: Sniffed, ask: Ask | None, wait_for: WaitFor) -> None:
    """Open the cubes of a file with the metadata that were stated for it, or for others of its format.

    Raises
    ------
    CubeError
        When the file cannot be opened, or lacks metadata and ``ask`` is None.
    """
    try:
        cubes = wait_for(lambda progress: known_cubes(session, file, progress))
    except MissingMetadata as missing:
        if ask is None:
            raise
        ask(Question(file.path, format_of(file), missing))
        return
    add_cubes(session, cubes)
    vague = [cube for cube in cubes if lacks_origin(cube)]
    if ask is not None and vague and not session.stated_metadata.knows(file.path, format_of(file)):
        ask(Question(file.path, format_of(file), modality=vague[0].modality))


def add_cubes(session: Session, cubes: Iterable[SpectralCube]) -> list[Entry]:
    """Open cubes of files under the names of their files, as one change."""
    return session.add_all([entry_of(cube, key_of_file(session, cube)) for cube in cubes])


def add_answered(
    session: Session,
    question: Question,
    stated: StatedMetadata,
    *,
    for_format: bool,
    wait_for: WaitFor | None = None,
) -> None:
    """Open a file with the metadata that the user stated, or complete those of the open cube; remember the answer.

    Raises
    ------
    CubeError
        When the file cannot be opened with these metadata; nothing changes then.
    """
    if question.missing is None:
        session.replace_cubes(
            {
                entry.key: _completed(entry.cube, stated)
                for entry in session
                if nested(entry.cube.metadata, "file").get("path") == str(question.path)
            }
        )
    else:
        wait_for = wait_for or (lambda work: work(None))
        options = options_for(question.path, stated)
        add_cubes(session, wait_for(lambda progress: open_cubes(question.path, progress=progress, **options)))
    session.stated_metadata.remember(question.path, question.format, stated, for_format=for_format)


def open_candidate(
    session: Session, cube: SpectralCube, title: str, progress: Progress | None = None
) -> SpectralCube:
    """Open another cube of the file that an open one comes from, with the metadata that were stated for it.

    Raises
    ------
    CubeError
        When the file has changed meanwhile.
    """
    path = Path(cube.metadata["file"]["path"])
    return open_cube(
        path, candidate=title, progress=progress, **options_for(path, session.stated_metadata.of(path))
    )


def spectral_files(paths: Iterable[Path]) -> list[Sniffed]:
    """Return those of dropped files that are for this plugin; the others are for napari's other readers."""
    return [file for path in paths if os.path.exists(path) and _is_ours(file := sniff(path))]


def _is_ours(file: Sniffed) -> bool:
    spectral = file.path.suffix.lower() in _SPECTRAL_SUFFIXES
    return spectral or is_session(file.path) or file.match is Match.YES or is_library(file.path)


def known_cubes(session: Session, file: Sniffed, progress: Progress | None = None) -> list[SpectralCube]:
    """Open the cubes of a file; what the user stated for others of its format counts where the file is silent."""
    path = file.path
    if stated := session.stated_metadata.of(path):
        return open_cubes(path, sniffed=file, progress=progress, **options_for(path, stated))
    general = session.stated_metadata.by_format.get(format_of(file))
    try:
        return [_completed(cube, general) for cube in open_cubes(path, sniffed=file, progress=progress)]
    except MissingMetadata as missing:
        if general is None:
            raise
        try:
            return open_cubes(path, sniffed=file, progress=progress, **options_for(path, general))
        except CubeError:
            raise missing from None  # the other file's answer does not fit this one


def _completed(cube: SpectralCube, answer: StatedMetadata | None) -> SpectralCube:
    """Return a cube of unknown origin with the domain and modality that the user stated, marked as such."""
    if answer is None or not lacks_origin(cube) or not (answer.domain or answer.modality):
        return cube
    stated = {key: value for key, value in answer.to_dict().items() if key in ("domain", "modality")}
    by_user = sorted({*cube.metadata.get("stated_by_user", []), *stated})

    def complete(picture: SpectralCube) -> SpectralCube:
        return picture.with_(metadata={**picture.metadata, "stated_by_user": by_user}, origin="", **stated)

    return cube.throughout(complete)


def format_of(file: Sniffed) -> str:
    """Return the key of a sniffed file's format, empty where it has none."""
    return "" if file.format is None else file.format.name
