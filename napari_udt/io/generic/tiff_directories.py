"""A TIFF looked through before a library follows it: its directories may form a circle, its strips unpack to gigabytes.

Sources: Adobe, TIFF 6.0, section 2; the BigTIFF proposal (directories with 8-byte counts and offsets).
"""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from napari_udt.errors import CubeError
from napari_udt.files.reading import open_regular
from napari_udt.io.packed_sizes import HARMLESS, STATING, Packing, first_bytes, unpacks_beyond

MAX_PAGES = 20_000
_MOST_LOOKED_AT, _LOOKED_AT_BYTES = 16, 200_000_000
_PACKINGS: dict[int, Packing] = {
    5: "lzw",
    8: "deflate",
    32946: "deflate",
    34925: "lzma",
    34926: "zstd",
    50000: "zstd",
}
Order = Literal["little", "big"]


def check_directories(path: Path) -> None:
    """Raise ``CubeError`` where directories form a circle, or there are too many; a chain cut short passes."""
    with open_regular(path) as file:
        start = file.read(16)
        order: Order = "little" if start[:2] == b"II" else "big"
        big = 43 in start[2:4]
        size = os.fstat(file.fileno()).st_size
        at = int.from_bytes(start[8:16] if big else start[4:8], order)
        seen: set[int] = set()
        while 0 < at < size:
            if at in seen:
                raise CubeError(f"{path}: the TIFF's directories form a circle; it is damaged.")
            if len(seen) == MAX_PAGES:
                raise CubeError(
                    f"{path}: the TIFF has more than {MAX_PAGES:,} pages, more than a cube has channels."
                )
            seen.add(at)
            at = _next(file, at, big, order)


def _next(file: BinaryIO, at: int, big: bool, order: Order) -> int:
    """Return where the directory after the one at ``at`` begins; 0 where there is none."""
    width, entry = (8, 20) if big else (2, 12)
    file.seek(at)
    count = int.from_bytes(file.read(width), order)
    file.seek(at + width + count * entry)
    return int.from_bytes(file.read(8 if big else 4), order)


def check_segments(path: Path, pages: Sequence[Any]) -> None:
    """Raise ``CubeError`` where a strip or tile of pages unpacks to more than its numbers.

    Looked at are the longest; those of the codecs of pictures are not.
    """
    packing = _PACKINGS.get(int(pages[0].compression)) if pages else None
    if packing is None:
        return
    least = HARMLESS.get(packing, 1)
    segments = (
        (int(size), int(offset), math.prod(page.chunks) * page.dtype.itemsize)
        for page in pages
        for size, offset in zip(page.databytecounts, page.dataoffsets, strict=False)
        if size >= least
    )
    longest = heapq.nlargest(_MOST_LOOKED_AT, segments)
    with open_regular(path) as file:
        left = _LOOKED_AT_BYTES
        for size, offset, declared in longest:
            if left < 0:
                return
            left -= 0 if packing in STATING else declared
            file.seek(offset)
            if unpacks_beyond(first_bytes(file, size), packing, declared):
                raise CubeError(
                    f"{path}: a part of a page unpacks to more than its {declared:,} bytes of numbers; it is damaged."
                )
