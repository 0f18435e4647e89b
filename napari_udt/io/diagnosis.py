"""Why a file is not a spectral cube, in one sentence."""

from __future__ import annotations

from pathlib import Path

from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.registry import FORMATS

_PEEK_BYTES = 512


def explain(path: Path) -> str:
    """Return the sentence for a file that no reader claims: what it is, and what was expected."""
    if not path.exists():
        return f"{path}: there is no such file."
    if path.is_dir():
        return f"{path}: this is a folder; expected a file."
    expected = f"expected a spectral cube in one of these formats: {', '.join(f.title for f in FORMATS)}"
    try:
        return f"{path}: {_finding(path)}; {expected}."
    except CubeError as error:  # the container itself does not open
        return str(error)
    except OSError as error:
        return f"{path}: the file cannot be read ({error.strerror})."


def _finding(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(_PEEK_BYTES)
    if not start:
        return "the file is empty"
    if hdf5.is_hdf5(path):
        return _inside_hdf5(path)
    kind = _kind(start)
    if path.suffix.lower() in (".h5", ".hdf5"):
        return f"the file is {kind}, not HDF5 as its name says"
    return f"the file is {kind}, not a spectral cube"


def _inside_hdf5(path: Path) -> str:
    with hdf5.opened(path) as file:
        names = list(file)[:6]
    return f"the HDF5 file ({', '.join(names) or 'empty'}) holds no three-dimensional array of numbers that is a spectral cube"


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
