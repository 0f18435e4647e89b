"""The files of a Zarr array's chunks, looked at before a library unpacks them: they may unpack to gigabytes."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from napari_udt.errors import CubeError
from napari_udt.files.reading import open_regular
from napari_udt.io.packed_sizes import HEAD_BYTES, STATING, packing_of, unpacks_beyond

_MOST_FILES, _MOST_LOOKED_AT, _LOOKED_AT_BYTES = 20_000, 64, 200_000_000
_LARGEST_GROWTH, _SMALL_BYTES = 1.1, 65_536  # of what cannot be packed; an index of parts


def check_chunks(folder: Path, declared: int) -> None:
    """Raise ``CubeError`` where a file is longer than the numbers of a chunk, or unpacks to more than these.

    Looked at are the longest of the first 20,000, and of their packings gzip and Zstandard; what Blosc states is bounded by its
    library to 2 GB.

    Parameters
    ----------
    folder : path
        Of the array.
    declared : int
        Bytes of a chunk's numbers.
    """
    left = _LOOKED_AT_BYTES
    for size, name in heapq.nlargest(_MOST_LOOKED_AT, islice(_files(folder), _MOST_FILES)):
        path = Path(name)
        if size > _LARGEST_GROWTH * declared + _SMALL_BYTES:
            raise CubeError(
                f"{path}: {size:,} packed bytes for {declared:,} bytes of numbers; it is damaged."
            )
        with open_regular(path) as file:
            packing = packing_of(file.read(HEAD_BYTES))
            if packing is None or left < 0:
                continue
            left -= 0 if packing in STATING else declared
            file.seek(0)
            if unpacks_beyond(file.read, packing, declared):
                raise CubeError(
                    f"{path}: it unpacks to more than its {declared:,} bytes of numbers; it is damaged."
                )


def _files(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield sizes and names of the files of chunks below a folder; no link to another folder is followed."""
    for above, _, names in os.walk(folder):
        for name in names:
            if not name.startswith(".z") and name != "zarr.json":
                path = os.path.join(above, name)
                yield os.lstat(path).st_size, path
