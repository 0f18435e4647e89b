"""A file for HDF5 that hides failed writes from the library and reports them afterwards.

HDF5 2.0 ends the process when the objects of a file are freed after one of its writes failed. Here the first error is
kept and HDF5 never sees it: the structures that it still writes are held in memory, so that it can read them back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

# Answers of a file system that cannot reserve.
_NOT_OFFERED = (errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.ESPIPE)

# Structures and small chunks are kept after an error; larger pieces are data, which HDF5 does not read back.
_LARGEST_KEPT = 1_000_000


class GuardedFile:
    """What ``h5py`` asks of a file-like object, on a file that is written anew.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path: Path) -> None:
        self._file = open(path, "w+b", buffering=0)  # noqa: SIM115 - closed by `close`
        self._kept: dict[int, bytes] = {}
        self.error: OSError | None = None

    def check(self) -> None:
        """Raise the error of the first write that failed, if one has."""
        if self.error is not None:
            raise self.error

    def reserve(self, count: int) -> None:
        """Reserve bytes on the disk, where the system can; raises OSError when they are not free."""
        if count > 0 and hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._file.fileno(), 0, count)
            except OSError as error:
                if error.errno in _NOT_OFFERED:
                    return
                raise

    def close(self) -> None:
        """Bring the file to the disk and close it; errors count as those of a write."""
        self._tried(lambda: os.fsync(self._file.fileno()))
        try:
            self._file.close()
        except OSError as error:  # a network disk may say only now that it is full
            self.error = self.error or error

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def read(self, count: int = -1) -> bytes:
        """Read; only its presence matters to h5py, which uses `readinto`."""
        return self._file.read(count) or b""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; after an error, with what would be in the file."""
        start = self._file.tell()
        count = self._file.readinto(buffer) or 0
        if self.error is None:
            return count
        view = memoryview(buffer).cast("B")
        for at, piece in self._kept.items():
            low, high = max(at, start), min(at + len(piece), start + len(view))
            if low < high:
                view[low - start : high - start] = piece[low - at : high - at]
        return len(view)

    def write(self, buffer: memoryview) -> int:
        """Write a buffer whole; after an error, remember it."""
        view, start = memoryview(buffer).cast("B"), self._file.tell()
        if self.error is None:
            self._tried(lambda: self._write_all(view))
        if self.error is not None and len(view) <= _LARGEST_KEPT:
            self._kept.pop(start, None)  # the newest comes last
            self._kept[start] = bytes(view)
        return len(view)

    def truncate(self, size: int) -> int:
        """Cut or lengthen the file."""
        self._tried(lambda: self._file.truncate(size))
        return size

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def _write_all(self, view: memoryview) -> None:
        while len(view):
            view = view[self._file.write(view) or 0 :]

    def _tried(self, work: Callable[[], Any]) -> None:
        if self.error is not None:
            return
        try:
            work()
        except OSError as error:
            self.error = error


class Hdf5Output(h5py.File):
    """An HDF5 file that is written through a `GuardedFile`; see :func:`napari_udt.files.writing.new_hdf5`."""

    def __init__(self, guard: GuardedFile, **options: Any) -> None:
        super().__init__(guard, "w", **options)
        self.guard = guard

    def checked(self, dataset: h5py.Dataset) -> h5py.Dataset:
        """Return one of the file's datasets, of which an assignment raises what went wrong with the file so far."""
        return _CheckedDataset(dataset, self.guard)


class _CheckedDataset(h5py.Dataset):
    def __init__(self, dataset: h5py.Dataset, guard: GuardedFile) -> None:
        super().__init__(dataset.id)
        self._guard = guard

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._guard.check()
