"""Why a file is not a spectral cube, in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.registry import Sniffed, formats

_PEEK_BYTES = 512
_HDF5_ENDINGS = (".h5", ".hdf5")


def explain(path: Path, damage: CubeError | None) -> CubeError:
    """Return the error for a file that no reader claims: what it is, and what was expected.

    ``damage`` is what broke while the readers looked into it.
    """
    if not os.path.exists(path):  # never raises, as Path.exists does on a name that is too long
        return CubeError(f"{path}: there is no such file.")
    if path.is_dir():
        return CubeError(f"{path}: this is a folder; expected a file.")
    if damage is not None:
        return damage
    try:
        found = _finding(path)
    except OSError as error:
        return CubeError(f"{path}: the file cannot be read ({error.strerror}).")
    return CubeError(
        f"{path}: {found} that napari-udt knows; `napari-udt info --formats` lists what it opens."
    )


def is_damaged(path: Path, sniffed: Sniffed) -> bool:
    """Whether a file has the ending of a spectral format, but is broken or of another kind."""
    own_endings = tuple(e.lower() for known in formats() if not known.common for e in known.extensions)
    known_ending = path.name.lower().endswith(own_endings)
    if not os.path.isfile(path) or not known_ending or sniffed.format is not None:
        return False
    wrong = path.suffix.lower() in _HDF5_ENDINGS and not hdf5.is_hdf5(path)
    return sniffed.damage is not None or wrong or path.stat().st_size == 0


def _finding(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(_PEEK_BYTES)
    if not start:
        return "the file is empty, not a spectral cube"
    if hdf5.is_hdf5(path):
        return _inside_hdf5(path)
    kind = _kind(start)
    if path.suffix.lower() in _HDF5_ENDINGS:
        return f"the file is {kind}, not HDF5 as its name says, and no spectral cube"
    return f"the file is {kind}, not a spectral cube"


def _inside_hdf5(path: Path) -> str:
    with hdf5.opened(path) as file:
        names = list(file)[:4]
    listed = ", ".join(name[:20] for name in names) or "empty"
    return f"the HDF5 file ({listed}) holds no three-dimensional array of numbers, so no spectral cube"


def _kind(start: bytes) -> str:
    if start.startswith(b"\x93NUMPY"):
        return "a NumPy array"
    if start.startswith(b"PK\x03\x04"):
        return "a zip archive"
    if _is_text(start):
        line = start.decode("utf-8", "ignore").strip().splitlines()[:1]
        return f"text ({line[0][:40]!r}...)" if line else "blank text"
    return "of an unknown kind"


def _is_text(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # not merely a character cut in two at the end
            return False
    return not any(byte < 9 or 13 < byte < 32 for byte in start)
