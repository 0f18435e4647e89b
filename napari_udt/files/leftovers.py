"""Names of temporary files, which say whose they are, and the removal of those that killed programs left.

A temporary file is called ``.NAME.HOST-PID.RANDOM.part``. It is left over when the process is gone from this machine, or
when nobody has changed it for a week.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

SUFFIX = ".part"
FORMER = "former"  # folder of the older files in a temporary folder; these are never removed
OLD_S = 7 * 24 * 3600.0

_NAME_BYTES = 100  # of a file's own name; a name has 255 at most
_OWNED = re.compile(r"\..*\.([0-9a-f]{8})-(\d+)\.[^.]+\.part", re.DOTALL)
_EARLIER = re.compile(r"\..*\.[a-z0-9_]{8}\.part|\.spool-[0-9a-f]{32}\.part", re.DOTALL)  # older versions

_looked: set[Path] = set()


def temporary_prefix(name: str) -> str:
    """Return how the name of a temporary file for ``name`` begins, with its owner: this process."""
    short = os.fsencode(name)[:_NAME_BYTES].decode(errors="ignore")
    return f".{short}.{_host()}-{os.getpid()}."


def remove_leftovers(folder: Path, again: bool = True) -> None:
    """Remove temporary files and folders that nobody works on any more; never raises.

    Parameters
    ----------
    folder : path
        Files directly in it are looked at.
    again : bool
        Whether to look again in a folder that this process has looked at.
    """
    if folder in _looked and not again:
        return
    _looked.add(folder)
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.endswith(SUFFIX):
                with suppress(OSError):
                    if _is_left_over(entry):
                        _remove(Path(entry.path))


def _is_left_over(entry: os.DirEntry[str]) -> bool:
    owned = _OWNED.fullmatch(entry.name)
    if owned is None and _EARLIER.fullmatch(entry.name) is None:
        return False
    if owned is not None and owned[1] == _host() and not _runs(int(owned[2])):
        return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > OLD_S


def _runs(pid: int) -> bool:
    """Whether a process of this machine runs; True where that cannot be found out."""
    if sys.platform == "win32":  # where signal 0 would end it
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    elif not (path / FORMER).is_dir() or not any((path / FORMER).iterdir()):
        shutil.rmtree(path, ignore_errors=True)


@cache
def _host() -> str:
    """Return a short name of this machine and, in containers, of the space that process numbers belong to."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]
