"""Safe reading of strings in untrusted HDF5 files.

Strings of variable length lie in "global heaps". The HDF5 library never returns from a damaged heap (seen with HDF5 2.0), so
the heaps are checked before such a string is read: all of a small file, of a larger one those that the string's object
refers to. Strings of fixed length need no heap; our own files hold only these.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_SIGNATURE = b"GCOL"
_HEADER_BYTES = 16  # of a heap, and of every object in it
_SMALLEST_HEAP = 4096  # the library refuses smaller ones, and other versions
_HEAP_VERSION = 1
_MAX_SEARCHED_BYTES = 2_000_000_000
_OBJECT_HEADER_BYTES = 65_536
_MAX_BLOCKS = 64
# A header goes on elsewhere: a message of type 16 with 16 bytes, or (newer files) the signature of what is there.
_CONTINUATION, _CONTINUED = b"\x10\0\x10\0", b"OCHK"


def fixed(text: str) -> np.ndarray:
    """Return a string as HDF5 stores it with a fixed length (UTF-8)."""
    data = text.encode("utf-8", "replace")  # names of files that are not UTF-8
    return np.array(data, dtype=h5py.string_dtype("utf-8", max(1, len(data))))


def fixed_list(texts: Sequence[str]) -> np.ndarray:
    """Return strings as HDF5 stores them with a fixed length (UTF-8)."""
    data = [text.encode("utf-8", "replace") for text in texts]
    return np.array(data, dtype=h5py.string_dtype("utf-8", max([1, *map(len, data)])))


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
    return text(item.attrs[name]) if held.shape == () and is_safe(held.dtype, path, item) else None


def attributes(item: Any, name: str, path: Path) -> list[str]:
    """Return a list of strings from an attribute, empty where there is none that can be read safely."""
    if name not in item.attrs or not is_safe(item.attrs.get_id(name).dtype, path, item):
        return []
    return [text(value) or "" for value in np.atleast_1d(item.attrs[name])]


def is_safe(dtype: np.dtype[Any], path: Path, item: Any) -> bool:
    """Whether strings of a type can be read of an object, a group or dataset of the file."""
    if dtype.kind == "S":
        return True
    if dtype.kind != "O" or h5py.check_string_dtype(dtype) is None:
        return False
    if path.stat().st_size <= _MAX_SEARCHED_BYTES:
        return heaps_are_sound(path)
    return referenced_heaps_are_sound(item, path)


def heaps_are_sound(path: Path) -> bool:
    """Whether every global heap of a file is whole; also true of numbers that merely look like the start of one."""
    state = os.stat(path)
    return _search(os.fspath(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _search(path: str, size: int, _modified: int) -> bool:
    if not size:
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(_SIGNATURE)
        while at >= 0:
            if not _heap_is_sound(data, at):
                return False
            at = data.find(_SIGNATURE, at + 1)
    return True


def referenced_heaps_are_sound(item: Any, path: Path) -> bool:
    """Whether the heaps that an object's header, or the place of its one value, refers to are whole.

    For files too large to be searched. Every number in the header that is the address of a heap counts, so none that
    an attribute refers to is missed; an object without any is not safe.
    """
    blocks = [(int(h5py.h5o.get_info(item.id).addr), _OBJECT_HEADER_BYTES)]
    if isinstance(item, h5py.Dataset) and (offset := item.id.get_offset()) is not None:
        blocks.append((offset, item.id.get_storage_size()))
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        heaps, seen = set[int](), set[tuple[int, int]]()
        while blocks:
            block = blocks.pop()
            if block in seen:
                continue
            seen.add(block)
            if len(seen) > _MAX_BLOCKS:
                return False
            for address, following, before in _numbers_in(data[block[0] : block[0] + block[1]]):
                if not 0 < address < len(data):
                    continue
                continues = before == _CONTINUATION or data[address : address + 4] == _CONTINUED
                if data[address : address + len(_SIGNATURE)] == _SIGNATURE:
                    heaps.add(address)
                elif continues and following <= _OBJECT_HEADER_BYTES:
                    blocks.append((address, following))
        return bool(heaps) and all(_heap_is_sound(data, at) for at in heaps)


def _numbers_in(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the 8-byte numbers at every place of a block, each with the one behind it and the start of the 8 bytes before."""
    for at in range(len(block) - 15):
        if block[at + 6] == block[at + 7] == 0:  # no file is as long as the others say
            following = int.from_bytes(block[at + 8 : at + 16], "little")
            yield (
                int.from_bytes(block[at : at + 8], "little"),
                following,
                block[max(0, at - 8) : max(0, at - 4)],
            )


def _heap_is_sound(data: mmap.mmap, at: int) -> bool:
    """Walk a heap's objects (HDF5 file format, III.E "Global Heap"): each must end within the heap.

    What the library itself refuses before it walks is sound: another version, too small, longer than the file.
    """
    end = at + _number(data, at + 8, 8)
    if data[at + 4 : at + 5] != bytes([_HEAP_VERSION]) or end < at + _SMALLEST_HEAP or end > len(data):
        return True
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
