"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_udt.files.leftovers import FORMER, SUFFIX, remove_leftovers, temporary_prefix
from napari_udt.files.reading import open_regular
from napari_udt.files.write_errors import WriteError, write_reason

if TYPE_CHECKING:
    from napari_udt.files.guarded_file import Hdf5Output

# Windows replaces no file that somebody has open. Virus scanners and indexers have new files open for a moment: a move
# is tried again after these seconds. Elsewhere open files do not matter.
_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8) if sys.platform == "win32" else ()


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Offer a temporary path beside ``path`` and move it there when the block ends without an error.

    The move is atomic on one file system, and the bytes are on the disk before it happens: a reader sees the
    old file or the new one, never half of one. On an error the temporary file goes and ``path`` is untouched.

    Raises
    ------
    WriteError
        When the disk is full, the folder is gone, and the like.
    """
    path = Path(path)
    with _beginning(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, again=False)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=temporary_prefix(path.name), suffix=SUFFIX)
        os.close(handle)
    temporary = Path(name)
    try:
        with _explained(temporary, path):
            yield temporary
            _settle(temporary)
            _move(temporary, path)
    finally:
        with suppress(OSError):  # Windows, where a writer that failed has it still open
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out whether a file can be made at ``path``, whose folder is made; for work that takes long.

    Raises
    ------
    WriteError
        When it cannot.
    """
    with _beginning(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(
            dir=path.parent, prefix=temporary_prefix(path.name), suffix=SUFFIX
        ) as file:
            file.write(b"napari-udt")
            file.flush()


@contextmanager
def _beginning(path: Path) -> Iterator[None]:
    """Turn an OSError while a temporary file is made into one sentence about the file that it stands for."""
    try:
        yield
    except FileExistsError as error:
        raise WriteError(errno.ENOTDIR, f"{error.filename} is a file, not a folder", str(path)) from error
    except OSError as error:
        raise WriteError(error.errno or errno.EIO, write_reason(error, path), str(path)) from error


@contextmanager
def _explained(temporary: Path, path: Path) -> Iterator[None]:
    """Turn an OSError about a temporary file, or about no file, into one sentence about the file that it stands for."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else temporary
        ours = {named, *named.parents}
        if not ours & {temporary, path}:
            raise  # about another file
        new, former = temporary / "new", temporary / FORMER
        if new in ours:
            within = path / named.relative_to(new)
        elif former in ours and (path / named.relative_to(former)).exists():
            within = path / named.relative_to(former)
        else:
            within = named if path in ours and temporary not in ours else path
        reason = str(error.strerror) if isinstance(error, WriteError) else write_reason(error, temporary)
        raise WriteError(error.errno or errno.EIO, reason, str(within)) from error


@contextmanager
def new_hdf5(path: Path, needed: int = 0, **options: Any) -> Iterator[Hdf5Output]:
    """Open a new HDF5 file for writing, such that a disk that is full ends the writing and not the process.

    Parameters
    ----------
    path : path
        A temporary one, as of `whole_or_nothing`.
    needed : int
        Bytes that the file will have at least; they are reserved before anything is written.
    **options
        As of ``h5py.File``.

    Raises
    ------
    WriteError
        At the first assignment to a ``checked`` dataset after a write failed, and at the end of the block.
    """
    from napari_udt.files.guarded_file import GuardedFile, Hdf5Output

    try:
        guard = GuardedFile(path)
        try:
            with Hdf5Output(guard, **options) as file:
                guard.reserve(needed)  # later than HDF5 looks for an older file in it
                yield file
        finally:
            guard.close()
            guard.check()
    except OSError as error:
        if isinstance(error, WriteError) or error.filename is not None:
            raise
        raise WriteError(error.errno or errno.EIO, write_reason(error, path, needed), str(path)) from error


@contextmanager
def whole_set_or_nothing(folder: Path, overwrite: bool, main: str | None = None) -> Iterator[Path]:
    """Offer a temporary folder and move the files written there into ``folder`` together, when the block ends well.

    They are moved in the order in which they were written, and the file called ``main`` last: a header never stands
    alone. One file replaces its former self atomically; of several, the former ones come back when a move fails.

    Raises
    ------
    FileExistsError
        When one of the files exists and ``overwrite`` is False; nothing was moved then.
    """
    folder = Path(folder)
    with _scratch(folder, "writing", folder) as (new, former):
        yield new
        _settle_all(new)
        order = sorted(new.iterdir(), key=lambda file: (file.name == main, file.stat().st_mtime_ns))
        names = [file.name for file in order]
        there = [name for name in names if (folder / name).exists()]
        if there and not overwrite:
            raise FileExistsError(errno.EEXIST, "exists", str(folder / there[0]))
        _move_all(names, new, folder, former)


def _move_all(names: Sequence[str], new: Path, folder: Path, former: Path) -> None:
    moved = []
    try:
        for name in names:
            there = folder / name
            if there.is_dir() or (len(names) > 1 and there.exists()):  # no folder replaces another at once
                _move(there, former / name)
            _move(new / name, folder / name)
            moved.append(name)
    except OSError:
        for name in moved:
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
            else:
                (folder / name).unlink()
        for file in former.iterdir():
            _move(file, folder / file.name)
        raise


@contextmanager
def _scratch(parent: Path, name: str, path: Path) -> Iterator[tuple[Path, Path]]:
    """Offer two temporary folders in ``parent``, for new files and for former ones; errors name ``path``."""
    with _beginning(path):
        parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(parent, again=False)
        scratch = Path(tempfile.mkdtemp(dir=parent, prefix=temporary_prefix(name), suffix=SUFFIX))
    new, former = scratch / "new", scratch / FORMER
    try:
        with _explained(scratch, path):
            new.mkdir()
            former.mkdir()
            yield new, former
    except WriteError as error:
        if former.is_dir() and any(former.iterdir()):
            scratch = new  # the former files stay
            reason = f"{error.strerror}; the former files could not be put back, they are in {former}"
            raise WriteError(error.errno or errno.EIO, reason, error.filename) from error
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def whole_folder_or_nothing(path: Path) -> Iterator[Path]:
    """Offer a temporary folder beside ``path`` and move it there when the block ends without an error.

    A folder that was at ``path`` is replaced then, and comes back when the move fails.
    """
    path = Path(path)
    with _scratch(path.parent, path.name, path) as (temporary, former):
        yield temporary
        _settle_all(temporary)
        old = former / path.name
        try:
            if path.exists():
                _move(path, old)
            _move(temporary, path)
        except OSError:
            if old.exists():
                _move(old, path)
            raise


def _settle_all(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            _settle(file)


def _settle(file: Path) -> None:
    """Bring a file's bytes to the disk, and make it an ordinary file: mkstemp and some writers make private ones."""
    with open(file, "r+b") as handle:  # Windows brings only those to the disk that are open for writing
        os.fsync(handle.fileno())
    file.chmod(0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _move(source: Path, target: Path) -> None:
    """Move a file or folder in place of another, as soon as nobody else has one of them open (Windows).

    Raises
    ------
    PermissionError
        When somebody keeps it open, or the folder is closed to this user.
    """
    for wait_s in _WAITS_S:
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(wait_s)
    try:
        source.replace(target)
    except PermissionError as error:
        if not _WAITS_S:
            raise
        hint = (
            "it is open in this program or another one; close it there and save again, or choose another name"
        )
        raise PermissionError(errno.EACCES, hint, str(target)) from error


def sha256_of(path: Path) -> str:
    """Hash of an ordinary file, in hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
