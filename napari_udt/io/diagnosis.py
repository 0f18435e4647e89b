"""Why a file is not a spectral cube, in one sentence."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import h5py

from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.generic.numpy_files import MAGIC, ZIP_MAGIC, Npz, npy_header
from napari_udt.io.registry import Sniffed, formats

_PEEK_BYTES = 512
_HDF5_ENDINGS = (".h5", ".hdf5")
_MOST_OF_MAT4 = 5_000  # the first number of a MATLAB 4 file tells machine, order and type
# First bytes of kinds that are often taken for what they are not.
_KINDS = (
    *(
        (b"CDF" + version, "NetCDF 3 (convert it: nccopy -k nc4 IN OUT)")
        for version in (b"\x01", b"\x02", b"\x05")
    ),
    (b"\x0e\x03\x13\x01", "HDF 4 (convert it: h4toh5 IN OUT)"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file without an array of three axes of real numbers"),
    (b"version https://git-lfs", "a Git LFS pointer (fetch the file: git lfs pull)"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<html", "a web page"),
    (b"\x1f\x8b", "packed with gzip (unpack it first)"),
    (b"BZh", "packed with bzip2 (unpack it first)"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
)


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
    kind = _kind(start, path)
    if path.suffix.lower() in _HDF5_ENDINGS:
        return f"the file is {kind}, not HDF5 as its name says, and no spectral cube"
    return f"the file is {kind}, not a spectral cube"


def _inside_hdf5(path: Path) -> str:
    with hdf5.opened(path) as file:
        names = list(file)[:4]
        other = next(
            (item for item in hdf5.objects(file) if isinstance(item, h5py.Dataset) and item.ndim == 3), None
        )
        if other is not None and not hdf5.is_numeric(other):
            kind = "fields" if other.dtype.names else str(other.dtype)
            return f"the HDF5 file's {other.name} is an array of {kind}, not of real numbers, so no spectral cube"
    listed = ", ".join(name[:20] for name in names) or "empty"
    return f"the HDF5 file ({listed}) holds no three-dimensional array of numbers, so no spectral cube"


def _inside_archive(path: Path) -> str:
    """Say what a NumPy archive holds; of any other archive that it is one."""
    try:
        headers = Npz(path).headers
    except CubeError:
        return "a zip archive"
    listed = ", ".join(
        f"{name[:20]} {header.dtype} {header.shape}" for name, header in list(headers.items())[:3]
    )
    return f"a NumPy archive ({listed})" if listed else "a zip archive"


def _kind(start: bytes, path: Path) -> str:
    if start.startswith(MAGIC):
        with suppress(CubeError):
            return f"a NumPy array of the shape {npy_header(path).shape}"
        return "a NumPy array"
    if start.startswith(ZIP_MAGIC):
        return _inside_archive(path)
    known = next((words for magic, words in _KINDS if start.startswith(magic)), None)
    if known is not None:
        return known
    if path.suffix.lower() == ".mat" and int.from_bytes(start[:4], "little") < _MOST_OF_MAT4:
        return "a MATLAB file of version 4 (save it with -v7 or -v7.3)"
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
