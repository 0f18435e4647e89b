"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_udt.ordinary_files import open_regular

# Windows replaces no file that somebody has open. Virus scanners and indexers have new files open for a moment: a move
# is tried again after these seconds. Elsewhere open files do not matter.
_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8) if sys.platform == "win32" else ()


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Offer a temporary path beside ``path`` and move it there when the block ends without an error.

    The move is atomic on one file system, and the bytes are on the disk before it happens: a reader sees the
    old file or the new one, never half of one. On an error the temporary file goes and ``path`` is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _settle(temporary)
        _move(temporary, path)
    finally:
        with suppress(
            PermissionError
        ):  # Windows, where a writer that failed has it still open: tell that error
            temporary.unlink(missing_ok=True)


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
    folder.mkdir(parents=True, exist_ok=True)
    with _scratch(folder, ".writing.") as scratch:
        new, former = Path(scratch, "new"), Path(scratch, "former")
        new.mkdir()
        former.mkdir()
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
            if len(names) > 1 and (folder / name).exists():
                _move(folder / name, former / name)
            _move(new / name, folder / name)
            moved.append(name)
    except OSError:
        for name in moved:
            (folder / name).unlink()
        for file in former.iterdir():
            _move(file, folder / file.name)
        raise


@contextmanager
def whole_folder_or_nothing(path: Path) -> Iterator[Path]:
    """Offer a temporary folder beside ``path`` and move it there when the block ends without an error.

    A folder that was at ``path`` is replaced then, and comes back when the move fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(path.parent, f".{path.name}.") as scratch:
        temporary, former = Path(scratch, "new"), Path(scratch, "former")
        temporary.mkdir()
        yield temporary
        _settle_all(temporary)
        if path.exists():
            _move(path, former)
        try:
            _move(temporary, path)
        except OSError:
            if former.exists():
                _move(former, path)
            raise


def _scratch(folder: Path, prefix: str) -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder that goes at the end; what Windows keeps because it is open raises no error."""
    return tempfile.TemporaryDirectory(
        dir=folder, prefix=prefix, suffix=".part", ignore_cleanup_errors=sys.platform == "win32"
    )


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
