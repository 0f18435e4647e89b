"""What is said when a file cannot be written: one sentence, with the bytes needed and free where the disk is full."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from pathlib import Path

from napari_udt.errors import UdtError

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_CAUSES = {
    errno.ENOSPC: "the disk is full",
    getattr(errno, "EDQUOT", -1): "the quota on this disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "the folder is gone",
    errno.ENOTDIR: "its folder is a file",
    getattr(errno, "ESTALE", -1): "the network disk no longer knows the folder",
    errno.EIO: "the disk reports an error",
    errno.EFBIG: "this disk takes no file of that size",
}


class WriteError(UdtError, OSError):
    """A file cannot be written; what was there before is untouched.

    Parameters
    ----------
    number : int
        As in ``errno``.
    reason : str
        Why, in words.
    path : str
        The file.
    """

    def __init__(self, number: int, reason: str, path: str) -> None:
        super().__init__(number, reason, path)

    def __str__(self) -> str:
        return f"{self.filename}: the file cannot be written: {self.strerror}."


def write_reason(error: OSError, path: Path, needed: int | None = None) -> str:
    """Return why a file at ``path`` cannot be written.

    Parameters
    ----------
    error : OSError
    path : path
        The file that was being written; what it holds already counts as free, because it will be removed.
    needed : int, optional
        Bytes of the whole file, where they are known.
    """
    number = error.errno
    if number is None and "requested and" in str(error):  # numpy says how much it wrote, not why it stopped
        number = errno.ENOSPC
    cause = _CAUSES.get(number or 0) or (error.strerror or str(error)).rstrip(" .")
    if number not in _FULL:
        return cause
    written = _taken(path)
    need = size_text(needed) if needed else f"more than {size_text(written)}"
    free = free_bytes(path)
    return f"{cause}: {need} needed" + ("" if free is None else f", {size_text(free + written)} free")


def size_text(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"


def free_bytes(path: Path) -> int | None:
    """Return the bytes that are free where a file is to lie; None where that cannot be found out."""
    for folder in path.parents:
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def _taken(path: Path) -> int:
    """Return the bytes that a file, or the files of a folder, take on the disk."""
    total = 0
    with suppress(OSError):
        for file in path.rglob("*") if path.is_dir() else [path]:
            state = file.stat()
            total += min(state.st_size, getattr(state, "st_blocks", state.st_size) * 512)
    return total
