"""Safe reading of strings in untrusted HDF5 files.

Strings of variable length lie in "global heaps". The HDF5 library never returns from a damaged heap (seen with HDF5 2.0), so
the heaps are checked before such a string is read. Strings of fixed length need no heap; our own files hold only these.
"""

from __future__ import annotations

import mmap
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.io.hdf5 import child_dataset

_SIGNATURE = b"GCOL"
_HEADER_BYTES = 16  # of a heap, and of every object in it
_MAX_SEARCHED_BYTES = 2_000_000_000


def fixed(text: str) -> np.ndarray:
    """Return a string as HDF5 stores it with a fixed length (UTF-8)."""
    data = text.encode("utf-8")
    return np.array(data, dtype=h5py.string_dtype("utf-8", max(1, len(data))))


def text(value: Any) -> str | None:
    """Return a stored string, None for anything else and for SIMPA's "None"."""
    value = value.item() if isinstance(value, (np.ndarray, np.generic)) and value.size == 1 else value
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return value if isinstance(value, str) and value != "None" else None


def attribute(item: Any, name: str, path: Path) -> str | None:
    """Return a string attribute, None where there is none that can be read safely."""
    if name not in item.attrs:
        return None
    held = item.attrs.get_id(name)
    return text(item.attrs[name]) if held.shape == () and _is_safe(held.dtype, path) else None


def attributes(item: Any, name: str, path: Path) -> list[str]:
    """Return a list of strings from an attribute, empty where there is none that can be read safely."""
    if name not in item.attrs or not _is_safe(item.attrs.get_id(name).dtype, path):
        return []
    return [text(value) or "" for value in np.atleast_1d(item.attrs[name])]


def in_dataset(group: h5py.Group, name: str, path: Path) -> str | None:
    """Return the string in a scalar dataset, None where there is none that can be read safely."""
    found = child_dataset(group, name)
    if found is None or found.shape != () or not _is_safe(found.dtype, path):
        return None
    return text(found[()])


def _is_safe(dtype: np.dtype[Any], path: Path) -> bool:
    if dtype.kind == "S":
        return True
    return dtype.kind == "O" and h5py.check_string_dtype(dtype) is not None and heaps_are_sound(path)


def heaps_are_sound(path: Path) -> bool:
    """Whether every global heap of a file is whole; False also for files too large to be searched."""
    state = os.stat(path)
    return _search(os.fspath(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _search(path: str, size: int, _modified: int) -> bool:
    if not 0 < size <= _MAX_SEARCHED_BYTES:
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(_SIGNATURE)
        while at >= 0:
            if not _heap_is_sound(data, at):
                return False
            at = data.find(_SIGNATURE, at + 1)
    return True


def _heap_is_sound(data: mmap.mmap, at: int) -> bool:
    """Walk a heap's objects (HDF5 file format, III.E "Global Heap"): each must end within the heap."""
    end = at + _number(data, at + 8, 8)
    if end > len(data) or end < at + _HEADER_BYTES:
        return False
    at += _HEADER_BYTES
    while at + _HEADER_BYTES <= end:
        index, size = _number(data, at, 2), _number(data, at + 8, 8)
        taken = size if index == 0 else _HEADER_BYTES + -(-size // 8) * 8  # index 0 is the free space
        if taken < _HEADER_BYTES or at + taken > end:
            return False
        at += taken
    return True


def _number(data: mmap.mmap, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
