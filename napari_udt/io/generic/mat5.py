"""Arrays of real numbers and text in MATLAB files of version 5, read so that no file can do harm.

Written here because the compiled reader of scipy ends the whole program on some damaged files (a bus error, found by
the fuzz run). Source: "MAT-File Format", The MathWorks, chapter 1. Cells, structures, sparse and complex arrays are
passed over.
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
    """

    shape: tuple[int, ...]
    kind: str
    start: int
    size: int
    compressed: bool
    order: str


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
    found = {}
    with open(path, "rb") as file:
        order = _byte_order(path, file.read(_FILE_HEADER))
        for element in _top_elements(file, order):
            file.seek(element.start)
            head = _unpacked(file.read(min(element.size, _HEAD_BYTES)), element.type, _HEAD_BYTES)
            if named := _described(head, order):
                name, shape, kind, _ = named
                packed = element.type == _COMPRESSED
                found[name] = MatArray(shape, kind, element.start, element.size, packed, order)
    return found


def read_array(path: Path, array: MatArray) -> NDArray[Any]:
    """Read one array; it takes no more memory than its shape and what is stored say.

    Raises
    ------
    CubeError
        When there are fewer or more numbers than the shape says.
    """
    count = math.prod(array.shape)
    with open(path, "rb") as file:
        file.seek(array.start)
        body = _unpacked(
            file.read(array.size),
            _COMPRESSED if array.compressed else _MATRIX,
            _HEAD_BYTES + 8 * count,
        )
    named = _described(body, array.order)
    if named is None or named[1] != array.shape:
        raise CubeError(f"{path}: the file changed while it was read; open it again.")
    numbers = _element(body, named[3], array.order)
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


def _unpacked(data: bytes, kind: int, most: int) -> bytes:
    """Return what an array's element holds: for a packed one, the content of the matrix element within."""
    if kind != _COMPRESSED:
        return data
    return zlib.decompressobj().decompress(data, most + 8)[8:]


def _described(head: bytes, order: str) -> tuple[str, tuple[int, ...], str, int] | None:
    """Return name, shape, class and the place of the numbers; None for what is no array of real numbers."""
    flags = _element(head, 0, order)
    (bits,) = struct.unpack_from(order + "I", head, flags.start)
    dimensions = _element(head, flags.end, order)
    shape = struct.unpack_from(f"{order}{dimensions.size // 4}i", head, dimensions.start)
    name = _element(head, dimensions.end, order)
    text = head[name.start : name.start + name.size].decode("latin-1")
    kind = _CLASSES.get(bits & 0xFF)
    if kind is None or bits & _COMPLEX or min(shape, default=0) <= 0 or not text:
        return None
    return text, shape, "logical" if bits & _LOGICAL else kind, name.end


def _element(data: bytes, place: int, order: str) -> _Element:
    """Read a tag; elements of up to four bytes are kept within it."""
    kind, size = struct.unpack_from(order + "II", data, place)
    if kind >> 16:
        return _Element(kind & 0xFFFF, place + 4, min(kind >> 16, 4), place + 8)
    return _Element(kind, place + 8, size, place + 8 + -(-size // 8) * 8)
