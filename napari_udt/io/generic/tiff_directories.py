"""The chain of a TIFF's directories, looked through before a library follows it: it may form a circle.

Sources: Adobe, TIFF 6.0, section 2; the BigTIFF proposal (directories with 8-byte counts and offsets).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Literal

from napari_udt.errors import CubeError
from napari_udt.files.reading import open_regular

MAX_PAGES = 20_000
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
