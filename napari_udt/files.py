"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


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
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files; a result is an ordinary one
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_set_or_nothing(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Offer a temporary folder and move the files written there into ``folder`` together, when the block ends well.

    They are moved in the order in which they were written, so a header that is written last never stands alone. One
    file replaces its former self atomically; of several, the former ones come back when a move fails.

    Raises
    ------
    FileExistsError
        When one of the files exists and ``overwrite`` is False; nothing was moved then.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing.", suffix=".part") as scratch:
        new, former = Path(scratch, "new"), Path(scratch, "former")
        new.mkdir()
        former.mkdir()
        yield new
        _settle(new)
        names = [file.name for file in sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)]
        there = [name for name in names if (folder / name).exists()]
        if there and not overwrite:
            raise FileExistsError(errno.EEXIST, "exists", str(folder / there[0]))
        _move_all(names, new, folder, former)


def _move_all(names: Sequence[str], new: Path, folder: Path, former: Path) -> None:
    moved = []
    try:
        for name in names:
            if len(names) > 1 and (folder / name).exists():
                (folder / name).replace(former / name)
            (new / name).replace(folder / name)
            moved.append(name)
    except OSError:
        for name in moved:
            (folder / name).unlink()
        for file in former.iterdir():
            file.replace(folder / file.name)
        raise


def _settle(folder: Path) -> None:
    """Bring the files of a folder to the disk, as ordinary files: some writers make private ones."""
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())
            file.chmod(0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def whole_folder_or_nothing(path: Path) -> Iterator[Path]:
    """Offer a temporary folder beside ``path`` and move it there when the block ends without an error.

    A folder that was at ``path`` is replaced then, and comes back when the move fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", suffix=".part") as scratch:
        temporary, former = Path(scratch, "new"), Path(scratch, "former")
        temporary.mkdir()
        yield temporary
        _settle(temporary)
        if path.exists():
            path.replace(former)
        try:
            temporary.replace(path)
        except OSError:
            if former.exists():
                former.replace(path)
            raise


def sha256_of(path: Path) -> str:
    """Hash of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
