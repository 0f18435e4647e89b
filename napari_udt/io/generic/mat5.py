"""Arrays of real numbers and text in MATLAB files of version 5, read so that no file can do harm.

Written here because the compiled reader of scipy ends the whole program on some damaged files (a bus error, found by
the fuzz run). Source: "MAT-File Format", The MathWorks, chapter 1. Fields of single structures are listed as "name/field";
cells, arrays of structures, objects, sparse and complex arrays are passed over.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError

_FILE_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_STRUCTURE, _UTF8 = 2, 16
_MOST_FIELDS, _DEEPEST = 1_000, 3
_STEP = 1_000_000  # bytes that are unpacked at a time
_COMPLEX, _LOGICAL = 0x0800, 0x0200
# Enough for the flags, the dimensions and the name of any array that is worth a look.
_HEAD_BYTES = 4096
_STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
}
_CLASSES = {
    6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16",
    11: "uint16", 12: "int32", 13: "uint32", 14: "int64", 15: "uint64", 4: "char",
}  # fmt: skip


@dataclass(frozen=True)
class MatArray:
    """Where an array lies in its file.

    Parameters
    ----------
    shape : tuple of int
    kind : str
        MATLAB's class: "double", "uint8", "logical", "char" (numbers of characters), ...
    start, size : int
        First byte and number of bytes of its element in the file.
    compressed : bool
    order : {"<", ">"}
        Byte order of the file.
    inner : int
        Where its own element begins in the unpacked one: not 0 for the field of a structure.
    """

    shape: tuple[int, ...]
    kind: str
    start: int
    size: int
    compressed: bool
    order: str
    inner: int = 0


class _Body:
    """What the element of an array holds, read forwards; a packed one is unpacked on the way."""

    def __init__(self, file: BinaryIO, start: int, size: int, compressed: bool) -> None:
        self._file, self._left, self._place = file, size, 0
        self._unpack = zlib.decompressobj() if compressed else None
        self._held = b""
        file.seek(start)
        if self._unpack is not None:
            self.read(0, 8)
            self._held, self._place = self._held[8:], 0  # the tag of the matrix element within

    def read(self, start: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``start`` on, which must not lie before an earlier one."""
        while self._place + len(self._held) < start + count and (more := self._next(start)):
            kept = max(0, start - self._place)
            self._held, self._place = self._held[kept:] + more, self._place + min(kept, len(self._held))
        return self._held[start - self._place :][:count]

    def _next(self, start: int) -> bytes:
        behind = start - self._place - len(self._held)
        if self._unpack is None and behind > 0:  # skipped without being read
            step = min(behind, self._left)
            self._file.seek(step, 1)
            self._left, self._place, self._held = self._left - step, self._place + len(self._held) + step, b""
        while True:
            tail = self._unpack.unconsumed_tail if self._unpack is not None else b""
            packed = tail or self._file.read(min(self._left, _STEP))
            self._left -= 0 if tail else len(packed)
            found = packed if self._unpack is None else self._unpack.decompress(packed, _STEP)
            if found or not packed:
                return found


@dataclass(frozen=True)
class _Element:
    type: int
    start: int
    size: int
    end: int


def list_arrays(path: Path) -> dict[str, MatArray]:
    """Return the arrays of real numbers, and texts, by name; reads their heads only.

    Raises
    ------
    CubeError, struct.error, zlib.error
        When the file is damaged.
    """
    found: dict[str, MatArray] = {}
    with open(path, "rb") as file:
        order = _byte_order(path, file.read(_FILE_HEADER))
        for element in _top_elements(file, order):
            packed = element.type == _COMPRESSED
            body = _Body(file, element.start, element.size, packed)
            for name, shape, kind, inner in _arrays_in(body, order):
                found[name] = MatArray(shape, kind, element.start, element.size, packed, order, inner)
    return found


def _arrays_in(
    body: _Body, order: str, start: int = 0, name: str = "", depth: int = 0
) -> Iterator[tuple[str, tuple[int, ...], str, int]]:
    """Yield name, shape, class and start of an array, or of those in the fields of a structure."""
    head = body.read(start, _HEAD_BYTES)
    if named := _described(head, order):
        own, shape, kind, _ = named
        if name or own:
            yield name or own, shape, kind, start
        return
    fields = _fields(head, order) if depth < _DEEPEST else None
    if fields is None:
        return
    own, names, place = fields
    place += start
    for field in names:
        tag = body.read(place, 8)
        if len(tag) < 8:
            return
        kind_of, size = struct.unpack(order + "II", tag)
        if kind_of != _MATRIX:
            return
        if size:
            yield from _arrays_in(body, order, place + 8, f"{name or own}/{field}", depth + 1)
        place += 8 + size


def _fields(head: bytes, order: str) -> tuple[str, list[str], int] | None:
    """Return name and fields of a single structure, and where the first one begins; None for anything else."""
    flags = _element(head, 0, order)
    (bits,) = struct.unpack_from(order + "I", head, flags.start)
    dimensions = _element(head, flags.end, order)
    shape = struct.unpack_from(f"{order}{dimensions.size // 4}i", head, dimensions.start)
    if bits & 0xFF != _STRUCTURE or any(length != 1 for length in shape):
        return None
    name = _element(head, dimensions.end, order)
    width = _element(head, name.end, order)
    (length,) = struct.unpack_from(order + "i", head, width.start)
    names = _element(head, width.end, order)
    if not 0 < length <= names.size or names.size // length > _MOST_FIELDS or names.end > len(head):
        return None
    texts = [head[at : at + length] for at in range(names.start, names.start + names.size, length)]
    own = head[name.start : name.start + name.size].decode("latin-1")
    return own, [text.split(b"\0")[0].decode("latin-1") for text in texts], names.end


def read_array(path: Path, array: MatArray) -> NDArray[Any]:
    """Read one array; it takes no more memory than its shape and what is stored say.

    Raises
    ------
    CubeError
        When there are fewer or more numbers than the shape says.
    """
    count = math.prod(array.shape)
    with open(path, "rb") as file:
        body = _Body(file, array.start, array.size, array.compressed).read(
            array.inner, _HEAD_BYTES + 8 * count
        )
    named = _described(body, array.order)
    if named is None or named[1] != array.shape:
        raise CubeError(f"{path}: the file changed while it was read; open it again.")
    numbers = _element(body, named[3], array.order)
    if array.kind == "char" and numbers.type == _UTF8:  # a letter may take several bytes
        letters = body[numbers.start : numbers.start + numbers.size].decode("utf-8", "replace")
        return np.array([ord(letter) for letter in letters], np.uint32)
    stored = np.dtype(array.order + _STORED.get(numbers.type, "V1"))
    if (
        stored.kind == "V"
        or numbers.size != count * stored.itemsize
        or numbers.start + numbers.size > len(body)
    ):
        raise CubeError(
            f"{path}: an array of shape {array.shape} is stored in {numbers.size:,} bytes, which do not fit it; the file is "
            "damaged."
        )
    values = np.frombuffer(body, stored, count, numbers.start)
    wanted = {"logical": "uint8", "char": "uint16"}.get(array.kind, array.kind)
    return values.astype(wanted).reshape(array.shape, order="F")


def _byte_order(path: Path, header: bytes) -> str:
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None:
        raise CubeError(f"{path}: the header of a MATLAB file of version 5 is damaged.")
    return order


def _top_elements(file: BinaryIO, order: str) -> Iterator[_Element]:
    """Yield the arrays of a file, packed or not; an incomplete last one is left out."""
    length = file.seek(0, 2)
    place = _FILE_HEADER
    while place + 8 <= length:
        file.seek(place)
        kind, size = struct.unpack(order + "II", file.read(8))
        if place + 8 + size > length:
            return
        if kind in (_MATRIX, _COMPRESSED):
            yield _Element(kind, place + 8, size, place + 8 + size)
        place += 8 + size


def _described(head: bytes, order: str) -> tuple[str, tuple[int, ...], str, int] | None:
    """Return name, shape, class and the place of the numbers; None for what is no array of real numbers."""
    flags = _element(head, 0, order)
    (bits,) = struct.unpack_from(order + "I", head, flags.start)
    dimensions = _element(head, flags.end, order)
    shape = struct.unpack_from(f"{order}{dimensions.size // 4}i", head, dimensions.start)
    name = _element(head, dimensions.end, order)
    text = head[name.start : name.start + name.size].decode("latin-1")
    kind = _CLASSES.get(bits & 0xFF)
    if kind is None or bits & _COMPLEX or min(shape, default=0) <= 0:
        return None
    return text, shape, "logical" if bits & _LOGICAL else kind, name.end


def _element(data: bytes, place: int, order: str) -> _Element:
    """Read a tag; elements of up to four bytes are kept within it."""
    kind, size = struct.unpack_from(order + "II", data, place)
    if kind >> 16:
        return _Element(kind & 0xFFFF, place + 4, min(kind >> 16, 4), place + 8)
    return _Element(kind, place + 8, size, place + 8 + -(-size // 8) * 8)
