"""One file for a whole session: cubes by their paths, roles, pins, regions, and how everything was shown. No Qt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import napari_udt
from napari_udt.cube import NAMED, SpectralCube, nested
from napari_udt.errors import SessionError, TransferCancelled, UdtError
from napari_udt.files.reading import absolute, is_on_a_host
from napari_udt.files.writing import sha256_of, whole_or_nothing
from napari_udt.io import open_cube, save_cubes
from napari_udt.io.recording_files import recording_fingerprint
from napari_udt.outgoing_text import one_line, printable
from napari_udt.viewer.files.session_record import (
    FORMAT,
    SUFFIX,
    VERSION,
    CubeRecord,
    FileRecord,
    OptionsRecord,
    PinRecord,
    RecordingRecord,
    RegionRecord,
    SessionRecord,
    read_record,
)
from napari_udt.viewer.state.cube_files import CubeFile, file_of, remember_saved
from napari_udt.viewer.state.session import CurveId, DisplayOptions, Entry, Pin, PixelRef, Region, Session

Progress = Callable[[int, int], None]
# Calls what it is given with ``progress``: here, or in another thread while the window lives.
WaitFor = Callable[[Callable[[Progress | None], None]], None]


def unsaved(session: Session) -> tuple[Entry, ...]:
    """Return the cubes that no file holds: results that were not saved."""
    return tuple(entry for entry in session if file_of(entry.cube) is None)


def question(session: Session) -> str:
    """Return the question to the user before saving; empty when every cube has a file."""
    names = [entry.key for entry in unsaved(session)]
    if not names:
        return ""
    count = f"{len(names)} cubes are" if len(names) > 1 else "One cube is"
    return f"{count} in no file yet: {', '.join(names)}. A session only names files."


def save_session(
    session: Session, path: Path, *, save_results: bool = True, wait_for: WaitFor | None = None
) -> Path:
    """Write a session file, and the cubes that no file holds into a ``.udt.h5`` beside it; return the path written.

    Parameters
    ----------
    session : Session
    path : path
        Gets the ending ``.udt-session.json`` where it lacks it.
    save_results : bool
        Whether unsaved cubes are written; without it they, their pins and regions are left out.
    wait_for : callable, optional
        Runs what writes these cubes, which takes long where pictures of a series are still to be transferred.

    Raises
    ------
    SessionError
        When a file cannot be written; the session file is as it was then.
    TransferCancelled
        When ``wait_for`` says so; nothing is written then.
    """
    path = with_session_suffix(path)
    try:
        if save_results:
            _save_results(unsaved(session), path, wait_for or (lambda work: work(None)))
        text = _record(session, path.parent).model_dump_json(indent=1)
        with whole_or_nothing(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise SessionError(f"{path}: the session was not saved ({error.strerror or error}).") from error
    except TransferCancelled:
        raise
    except UdtError as error:
        raise SessionError(f"{path}: the session was not saved ({error})") from error
    except ValueError as error:
        raise SessionError(f"{path}: the session was not saved ({_unwritable(session, error)}).") from error
    return path


def _unwritable(session: Session, error: ValueError) -> str:
    """Return which name cannot stand in a session file, as those of old archives that are not UTF-8; else the error."""
    names = [*(entry.key for entry in session), *(pin.name for pin in session.pins)]
    names += [str(file.path) for entry in session if (file := file_of(entry.cube)) is not None]
    bad = [name for name in names if not _is_text(name)]
    return (
        f"the name {printable(bad[0])} is not UTF-8; rename it and open it again"
        if bad
        else one_line(str(error))[:200]
    )


def _is_text(name: str) -> bool:
    return name.encode("utf-8", "replace").decode("utf-8") == name


def with_session_suffix(path: Path) -> Path:
    """Return the path with a session's ending, in place of a plain ``.json``."""
    if path.name.casefold().endswith(SUFFIX):
        return path
    return path.with_name(path.name.removesuffix(".json") + SUFFIX)


def _save_results(entries: tuple[Entry, ...], path: Path, wait_for: WaitFor) -> None:
    if entries:
        target = _free_path(path)
        cubes = [entry.cube.with_(name=entry.key) for entry in entries]
        wait_for(lambda progress: save_cubes(cubes, target, progress=progress))
        for position, entry in enumerate(entries):
            remember_saved(entry.cube, target, position)


def _free_path(path: Path) -> Path:
    """Return a path beside the session that does not exist yet."""
    stem, number = path.name[: -len(SUFFIX)], 1
    while (target := path.with_name(f"{stem}{f' {number}' * (number > 1)}.udt.h5")).exists():
        number += 1
    return target


def _record(session: Session, folder: Path) -> SessionRecord:
    kept = {entry.key: file for entry in session if (file := file_of(entry.cube)) is not None}
    return SessionRecord(
        format=FORMAT,
        version=VERSION,
        software=f"napari-udt {napari_udt.__version__}",
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
        cubes=[
            CubeRecord(
                key=key,
                role=session[key].role,
                file=_file_record(file, folder),
                structures={str(a): str(b) for a, b in nested(session[key].cube.metadata, NAMED).items()},
            )
            for key, file in kept.items()
        ],
        pins=[
            PinRecord(number=p.number, colour=p.colour, name=p.name, **_fields(p.pixel))
            for p in session.pins
            if p.pixel.key in kept
        ],
        regions=[
            RegionRecord(**{**_fields(region), "vertices": list(region.vertices)})
            for region in session.regions
            if region.key in kept
        ],
        options=session.options,
        wavelength_nm=session.wavelength_nm,
        position=session.position,
        settings=session.settings,
    )


def _fields(thing: PixelRef | Region) -> dict[str, Any]:
    return {f.name: getattr(thing, f.name) for f in fields(thing)}


def _file_record(file: CubeFile, folder: Path) -> FileRecord:
    path = file.path.absolute()
    state = recording_fingerprint(path) if path.exists() else None
    alone = state is not None and state.files == 1 and state.compared == "content"
    return FileRecord(
        path=_relative(path, folder.absolute()),
        absolute=str(path),
        bytes=path.stat().st_size if path.is_file() else None,
        sha256=state.sha256 if state is not None and alone else None,
        recording=RecordingRecord.model_validate(state.to_dict()) if state is not None else None,
        candidate=file.candidate,
        options=OptionsRecord.model_validate(dict(file.options)),
    )


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


# -- opening ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SavedSession:
    """What a session file holds, with the cubes of its files opened, and one sentence per problem."""

    path: Path
    record: SessionRecord
    cubes: tuple[tuple[CubeRecord, SpectralCube], ...]
    problems: tuple[str, ...]


def read_session(path: Path, progress: Progress | None = None) -> SavedSession:
    """Read a session file and open the cubes that it names; those that are missing or cannot be read are left out.

    All that must look at files, which may take long: ``progress(done, total)`` counts cubes, and may raise to end it.

    Raises
    ------
    SessionError
        When the session file itself cannot be used.
    """
    record, problems, found = read_record(path), list[str](), []
    for number, each in enumerate(record.cubes):
        if progress is not None:
            progress(number, len(record.cubes))
        if (cube := _opened(each, path.parent, problems)) is not None:
            found.append((each, cube))
    return SavedSession(path, record, tuple(found), tuple(problems))


def open_session(session: Session, path: Path, progress: Progress | None = None) -> list[str]:
    """Add what a session file holds to a session; return one sentence per problem. Otherwise as :func:`read_session`."""
    return add_session(session, read_session(path, progress))


def add_session(session: Session, saved: SavedSession) -> list[str]:
    """Add what a session file holds to a session, as one step that can be undone; return one sentence per problem.

    Pins and regions on cubes that were left out are left out too.
    """
    path, record, found = saved.path, saved.record, saved.cubes
    with session.history.step(f"Open session {path.name}"):
        added = session.add_all(Entry(r.key, cube, r.role) for r, cube in found)
        keys = {r.key: entry.key for (r, _), entry in zip(found, added, strict=True)}
        session.take_pins(_pins(record, keys, session))
        session.set_regions([*session.regions, *_regions(record, keys, session)])
        session.set_options(**_options(record.options, keys))
    session.settings.update(record.settings)
    session.settings_restored.emit()
    if record.wavelength_nm is not None:
        session.set_wavelength(record.wavelength_nm)
    if record.position is not None:
        session.set_position(record.position)
    return list(saved.problems)


def _opened(record: CubeRecord, folder: Path, problems: list[str]) -> SpectralCube | None:
    """Open one cube; add a sentence to ``problems`` where its file is missing, broken or changed."""
    path = _present(record.file, folder)
    if path is None:
        problems.append(
            f"{record.key}: its file {record.file.path} is missing (it was {record.file.absolute})."
        )
        return None
    options = {k: v for k in OptionsRecord.model_fields if (v := getattr(record.file.options, k)) is not None}
    try:
        cube = open_cube(path, candidate=record.file.candidate, **options)
    except UdtError as error:
        problems.append(str(error))
        return None
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror or error}).")
        return None
    if change := _change(path, record.file):
        problems.append(change)
    names = record.structures
    return cube.throughout(lambda picture: picture.with_structures_named(names)) if names else cube


def _present(file: FileRecord, folder: Path) -> Path | None:
    """Return the path of a file: relative to the session, else absolute; never on a network host."""
    for text in (file.path, file.absolute):
        if "\0" in text or is_on_a_host(text):
            continue
        path = folder / PurePosixPath(text) if text == file.path else Path(text)
        try:
            if path.is_file() or path.is_dir():
                return absolute(path)
        except OSError:  # a name that no file system takes
            continue
    return None


def _change(path: Path, file: FileRecord) -> str:
    """Return a sentence when a recording is not as it was; empty otherwise."""
    has_changed = f"{path.name} has changed since the session was saved; it is shown as it is now."
    try:
        if file.recording is None:  # a session of an earlier version
            return has_changed if _file_has_changed(path, file) else ""
        now = recording_fingerprint(path)
    except OSError as error:
        return f"{path.name} cannot be compared with what it was ({error.strerror or error})."
    earlier = file.recording.model_dump()
    if not now.differs_from(earlier):
        return ""
    if not now.differs_from({**earlier, "modified_ns": now.modified_ns}):
        return (
            f"{path.name} may have changed since the session was saved: it is too large to compare whole; size and "
            "samples of its content are the same, the time of its last change is another."
        )
    return has_changed


def _file_has_changed(path: Path, file: FileRecord) -> bool:
    if file.bytes is None or not path.is_file():
        return False
    return path.stat().st_size != file.bytes or (file.sha256 is not None and sha256_of(path) != file.sha256)


def _pins(record: SessionRecord, keys: Mapping[str, str], session: Session) -> Iterator[Pin]:
    """Yield the pins on cubes that were opened, under the keys that these have now."""
    for pin in record.pins:
        if pin.key in keys and _inside(session[keys[pin.key]].cube, pin.row, pin.column):
            yield Pin(pin.number, PixelRef(keys[pin.key], pin.row, pin.column), pin.colour, pin.name)


def _inside(cube: SpectralCube, row: int, column: int) -> bool:
    return row < cube.shape[0] and column < cube.shape[1]


def _regions(record: SessionRecord, keys: Mapping[str, str], session: Session) -> Iterator[Region]:
    taken = {region.number for region in session.regions}
    for region in record.regions:
        if region.key in keys:
            number = region.number if region.number not in taken else max(taken) + 1
            taken.add(number)
            vertices = tuple(region.vertices)
            yield Region(number, keys[region.key], region.outline, vertices, region.colour, region.name)


def _options(options: DisplayOptions, keys: Mapping[str, str]) -> dict[str, object]:
    reference = options.reference
    if isinstance(reference, CurveId):
        reference = replace(reference, key=keys[reference.key]) if reference.key in keys else None
    return {f.name: getattr(options, f.name) for f in fields(options)} | {"reference": reference}
