"""Files that are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
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
        for file in temporary.rglob("*"):
            if file.is_file():
                with open(file, "rb") as handle:
                    os.fsync(handle.fileno())
                file.chmod(0o666 & ~_umask())  # some writers make private files
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
