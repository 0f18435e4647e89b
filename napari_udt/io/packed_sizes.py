"""Whether packed bytes unpack to more than they should, found without holding what they unpack to.

A megabyte of gzip may be a gigabyte of zeros, of bzip2 or Zstandard far more. What states its size in its first bytes is believed
(its library takes no more than that); the others are unpacked a step at a time, and dropped.

Sources: RFC 8878, section 3.1.1.1 (Zstandard's frame header); README_CHUNK_FORMAT of c-blosc; the HDF5 filters registered as 32004 (LZ4)
and 32015 (Zstandard).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Literal

Packing = Literal["deflate", "gzip", "bzip2", "lzma", "zstd", "blosc", "lz4"]
STATING: tuple[Packing, ...] = (
    "zstd",
    "blosc",
    "lz4",
)  # which say in their first bytes to how much they unpack
HEAD_BYTES = 32
SMALL_DEFLATED = 65_536  # bytes that deflate unpacks to 70 MB at most
_STEP, _UNPACKED_STEP = 65_536, 1_000_000
_ZSTD_MAGIC, _GZIP_MAGIC = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"


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
    total = 0
    with suppress(zlib.error, lzma.LZMAError, OSError, EOFError):
        for count in _unpacked(read, packing):
            total += count
            if total > most:
                return True
    return False


def stated_size(head: bytes, packing: Packing) -> int | None:
    """Return to how many bytes the first bytes say that the packed ones unpack; None where they do not say."""
    if packing == "blosc":
        return int.from_bytes(head[4:8], "little") if len(head) >= 16 else None
    if packing == "lz4":
        return int.from_bytes(head[:8], "big") if len(head) >= 12 else None
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
    """Return how bytes are packed, where they begin with what marks it: gzip and Zstandard."""
    return "gzip" if head[:2] == _GZIP_MAGIC else "zstd" if head[:4] == _ZSTD_MAGIC else None


def _unpacked(read: Callable[[int], bytes], packing: Packing) -> Iterator[int]:
    """Yield how many bytes each step unpacks to."""
    if packing in ("deflate", "gzip"):
        inflate = zlib.decompressobj(31 if packing == "gzip" else zlib.MAX_WBITS)
        tail = b""
        while not inflate.eof and (tail or (tail := read(_STEP))):
            yield len(inflate.decompress(tail, _UNPACKED_STEP))
            tail = inflate.unconsumed_tail
        return
    unpack: Any = bz2.BZ2Decompressor() if packing == "bzip2" else lzma.LZMADecompressor()
    while not unpack.eof:
        packed = read(_STEP) if unpack.needs_input else b""
        if unpack.needs_input and not packed:
            return
        yield len(unpack.decompress(packed, _UNPACKED_STEP))
