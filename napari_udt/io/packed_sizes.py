"""Whether packed bytes unpack to more than they should, found without holding what they unpack to.

A megabyte of gzip may be a gigabyte of zeros, of bzip2 or Zstandard far more. What states its size in its first bytes is believed
(its library takes no more than that); the others are unpacked a step at a time, and dropped.

Sources: RFC 8878, section 3.1.1.1 (Zstandard's frame header); README_CHUNK_FORMAT of c-blosc and README_CFRAME_FORMAT of c-blosc2; the
HDF5 filters registered as 4 (szip), 32004 (LZ4) and 32015 (Zstandard); lzf_d.c of liblzf.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Literal

Packing = Literal["deflate", "gzip", "bzip2", "lzma", "lzw", "lzf", "zstd", "blosc", "blosc2", "lz4", "szip"]
# Which say in their first bytes to how much they unpack.
STATING: tuple[Packing, ...] = ("zstd", "blosc", "blosc2", "lz4", "szip")
HEAD_BYTES = 64
# Packed bytes that unpack to less than 100 MB whatever they are, and need not be looked at.
HARMLESS: dict[Packing, int] = {"deflate": 65_536, "lzf": 1_000_000, "lzw": 30_000}
_STEP, _UNPACKED_STEP = 65_536, 1_000_000
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MAGIC: dict[bytes, Packing] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "lzma",
    _ZSTD_MAGIC: "zstd",
}


def unpacks_beyond(read: Callable[[int], bytes], packing: Packing, most: int) -> bool:
    """Whether packed bytes unpack to more than ``most`` bytes; damaged ones do not, which who reads them says.

    Parameters
    ----------
    read : callable
        ``read(count)`` gives the next packed bytes, up to so many.
    packing : str
    most : int
        Bytes; unpacking ends there.
    """
    if packing in STATING:
        stated = stated_size(read(HEAD_BYTES), packing)
        return stated is not None and stated > most
    if packing == "lzw":
        return _lzw_unpacks_beyond(read(-1), most)
    total = 0
    with suppress(zlib.error, lzma.LZMAError, OSError, EOFError):
        for count in _unpacked(read, packing):
            total += count
            if total > most:
                return True
    return False


def first_bytes(file: BinaryIO, size: int) -> Callable[[int], bytes]:
    """Return a function that reads from a file where it stands, and no more than so many bytes in all."""
    left = size

    def read(count: int) -> bytes:
        nonlocal left
        found = file.read(left if count < 0 else min(count, left))
        left -= len(found)
        return found

    return read


def stated_size(head: bytes, packing: Packing) -> int | None:
    """Return to how many bytes the first bytes say that the packed ones unpack; None where they do not say."""
    if packing == "blosc":
        return int.from_bytes(head[4:8], "little") if len(head) >= 16 else None
    if packing == "lz4":
        return int.from_bytes(head[:8], "big") if len(head) >= 12 else None
    if packing == "szip":
        return int.from_bytes(head[:4], "little") if len(head) > 4 else None
    if packing == "blosc2":  # of numbers, and of the room for them, which is rounded up to some blocks
        stated = len(head) >= 62 and head[2:9] == b"b2frame"
        return (
            max(int.from_bytes(head[30:38], "big"), int.from_bytes(head[58:62], "big") // 2)
            if stated
            else None
        )
    if packing != "zstd" or head[:4] != _ZSTD_MAGIC or len(head) < 6:
        return None
    flags = head[4]
    single = bool(flags & 0x20)
    size = (1 if single else 0, 2, 4, 8)[flags >> 6]
    start = 5 + (0 if single else 1) + (0, 1, 2, 4)[flags & 3]
    if not size or len(head) < start + size:
        return None
    return int.from_bytes(head[start : start + size], "little") + (256 if size == 2 else 0)


def packing_of(head: bytes) -> Packing | None:
    """Return how bytes are packed, where they begin with what marks it: gzip, deflate, bzip2, xz and Zstandard."""
    for magic, packing in _MAGIC.items():
        if head.startswith(magic):
            return packing
    return "deflate" if head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0 else None


def _unpacked(read: Callable[[int], bytes], packing: Packing) -> Iterator[int]:
    """Yield how many bytes each step unpacks to."""
    if packing in ("deflate", "gzip"):
        inflate = zlib.decompressobj(31 if packing == "gzip" else zlib.MAX_WBITS)
        tail = b""
        while not inflate.eof and (tail or (tail := read(_STEP))):
            yield len(inflate.decompress(tail, _UNPACKED_STEP))
            tail = inflate.unconsumed_tail
        return
    if packing == "lzf":
        yield from _unpacked_by_lzf(read)
        return
    unpack: Any = bz2.BZ2Decompressor() if packing == "bzip2" else lzma.LZMADecompressor()
    while not unpack.eof:
        packed = read(_STEP) if unpack.needs_input else b""
        if unpack.needs_input and not packed:
            return
        yield len(unpack.decompress(packed, _UNPACKED_STEP))


def _unpacked_by_lzf(read: Callable[[int], bytes]) -> Iterator[int]:
    """Yield how many bytes each literal run and each repetition unpacks to."""
    packed = read(-1)
    place, end = 0, len(packed)
    while place < end:
        control = packed[place]
        if control < 32:  # so many bytes and one more follow as they are
            place += control + 2
            yield control + 1
            continue
        length, place = control >> 5, place + 2
        if length == 7 and place < end:
            length, place = 7 + packed[place - 1], place + 1
        yield length + 2


def _lzw_unpacks_beyond(packed: bytes, most: int) -> bool:
    """Unpack up to the limit by the library that unpacks TIFF files."""
    try:
        from imagecodecs import lzw_decode
    except ImportError:  # then nothing else unpacks them either
        return False
    try:
        return len(lzw_decode(packed, out=bytearray(most + 1))) > most
    except Exception:  # damaged, which who reads them says
        return False
