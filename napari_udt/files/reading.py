"""Reading of ordinary files only: pipes, sockets and devices of any name are refused, not waited for."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path, PureWindowsPath


def absolute(path: Path) -> Path:
    """Return where a file or folder lies, without links in the folders above it and with its own name.

    A file that is itself a link keeps its name, by which the files beside it are found: the files of data sets that are kept
    by git-annex are links to files of other names in folders of their own.
    """
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def is_on_a_host(path: str) -> bool:
    r"""Whether a path leads to another machine, as ``\\host\share`` does, which learns who asks."""
    return bool(PureWindowsPath(path).drive.startswith("\\\\")) or path.startswith("//")


def require_regular(path: Path) -> None:
    """Raise ``OSError`` for a pipe, socket or device: opening one may wait for ever. Files, folders and nothing pass."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # not there, or not to be looked at: opening it says so
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is a pipe, socket or device; expected an ordinary file", str(path))


def open_regular(path: Path, most_bytes: int | None = None) -> BufferedReader:
    """Open an ordinary file for reading, without waiting for anything else of that name.

    Raises
    ------
    OSError
        When it cannot be opened, is no ordinary file, or has more than ``most_bytes`` bytes.
    """
    require_regular(path)
    file = open(path, "rb")  # noqa: SIM115 - the caller closes it
    size = os.fstat(file.fileno()).st_size
    if most_bytes is not None and size > most_bytes:
        file.close()
        raise OSError(errno.EFBIG, f"it has {size:,} bytes; expected at most {most_bytes:,}", str(path))
    return file


def read_text(path: Path, most_bytes: int) -> str:
    """Return the UTF-8 text of an ordinary file of limited size; raises as :func:`open_regular`, and ``ValueError``."""
    with open_regular(path, most_bytes) as file:
        return file.read(most_bytes).decode("utf-8").replace("\r\n", "\n")
