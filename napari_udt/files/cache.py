"""The folder of what was found out of cubes and can be found out again; files are named by all that decides them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "NAPARI_UDT_CACHE"
MOST_BYTES = 4 * 2**30  # in all; what was used longest ago goes first


def cache_folder() -> Path:
    """Return the folder; the environment variable NAPARI_UDT_CACHE overrides it."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else platformdirs.user_cache_path("napari-udt", appauthor=False)


def cache_path(kind: str, *decides: object) -> Path:
    """Return the file, without an ending, of something.

    Parameters
    ----------
    kind : str
        A folder for all of its kind.
    *decides : JSON-serialisable
        Everything that decides what is in it.
    """
    name = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:40]
    return cache_folder() / kind / name[:2] / name


def prune_cache(most_bytes: int = MOST_BYTES) -> None:
    """Remove the files that were used longest ago, until the others take no more than some bytes."""
    files = [(file.stat(), file) for file in cache_folder().glob("*/??/*") if file.is_file()]
    total = sum(state.st_size for state, _ in files)
    for state, file in sorted(files, key=lambda item: item[0].st_mtime_ns):
        if total <= most_bytes:
            return
        file.unlink(missing_ok=True)
        total -= state.st_size
