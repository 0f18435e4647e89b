"""Safe reading of ``.npy`` and ``.npz`` files: sizes are checked before anything is read, nothing is unpickled."""

from __future__ import annotations

import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.contract import ReadOptions, reading

MAGIC = b"\x93NUMPY"
MAX_MEMBERS = 1_000
MAX_HEADER = 10_000  # bytes; what numpy takes, too
ZIP_MAGIC = b"PK\x03\x04"
_MAX_TEXT = 1_000_000  # bytes


@dataclass(frozen=True)
class Header:
    """Header of a stored array, and the offset of its values."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_numeric(self) -> bool:
        """Whether the values are real numbers."""
        return self.dtype.kind in "fiub" and self.dtype.fields is None


def starts_with(path: Path, magic: bytes) -> bool:
    """Whether a file begins with some bytes; no file has a name that is too long for the disk."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def read_header(stream: IO[bytes], where: str) -> Header:
    """Read the header of an array, unless it is longer than any of plain numbers: numpy reads up to 4 GB before it looks."""
    version = np.lib.format.read_magic(stream)
    length = int.from_bytes(stream.read(2 if version == (1, 0) else 4), "little")
    if length > MAX_HEADER:
        raise CubeError(
            f"{where}: the header of the array has {length:,} bytes; expected at most {MAX_HEADER:,}."
        )
    stream.seek(len(MAGIC) + 2)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise CubeError(
            f"{where}: version {version} of the NumPy format; expected 1.0 or 2.0 (plain numbers)."
        )
    return Header(tuple(map(int, shape)), dtype, stream.tell())


def npy_header(path: Path) -> Header:
    """Read the header of a ``.npy`` file and check that the file holds what it declares.

    Raises
    ------
    CubeError
        When it does not, when an axis is empty, or when the values are not real numbers.
    """
    with reading(path), open(path, "rb") as file:
        header = _usable(read_header(file, str(path)), str(path))
    held = path.stat().st_size - header.offset
    if held < header.nbytes:
        raise CubeError(
            f"{path}: the array of shape {header.shape} needs {header.nbytes} bytes but the file holds {held}; "
            "it is cut short."
        )
    return header


def npy_array(path: Path) -> NDArray[Any]:
    """Return the array of a ``.npy`` file, mapped and not read."""
    npy_header(path)
    with reading(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


class Npz:
    """The arrays of a ``.npz`` archive, read one at a time.

    Parameters
    ----------
    path : path
        The archive.
    options : ReadOptions
        Its memory limit bounds each array: an array in an archive cannot stay in the file.
    """

    def __init__(self, path: Path, options: ReadOptions | None = None) -> None:
        self._path = path
        self._limit = (options or ReadOptions()).memory_limit_bytes
        with reading(path), zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            if len(members) > MAX_MEMBERS:
                raise CubeError(
                    f"{path}: the archive holds {len(members):,} arrays; expected at most {MAX_MEMBERS:,}."
                )
            self.headers = {m.filename.removesuffix(".npy"): self._header(archive, m) for m in members}

    def __contains__(self, name: object) -> bool:
        return name in self.headers

    def numbers(self, name: str) -> NDArray[Any]:
        """Read an array of real numbers."""
        header = _usable(self.headers[name], f"{self._path}: {name}")
        if header.nbytes > self._limit:
            raise CubeError(
                f"{self._path}: {name} of shape {header.shape} takes {header.nbytes / 1e6:,.0f} MB, more than the "
                f"limit of {self._limit / 1e6:,.0f} MB; raise memory_limit_mb or save it as .npy, which stays on disk."
            )
        return self._array(name)

    def text(self, name: str) -> str | None:
        """Read a single string; None where there is none."""
        header = self.headers.get(name)
        if header is None or header.shape != () or header.dtype.kind not in "US" or header.nbytes > _MAX_TEXT:
            return None
        return _as_text(self._array(name)[()])

    def words(self, name: str) -> str | list[str]:
        """Read a single string, or a list of strings; empty where there is neither."""
        header = self.headers.get(name)
        if (
            header is None
            or len(header.shape) != 1
            or header.dtype.kind not in "US"
            or header.nbytes > _MAX_TEXT
        ):
            return self.text(name) or ""
        return [_as_text(word) for word in self._array(name)]

    def _array(self, name: str) -> NDArray[Any]:
        with (
            reading(self._path),
            zipfile.ZipFile(self._path) as archive,
            archive.open(f"{name}.npy") as member,
        ):
            return np.lib.format.read_array(member, allow_pickle=False)

    def _header(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
        with archive.open(member) as stream:
            header = read_header(stream, f"{self._path}: {member.filename}")
        if header.dtype.hasobject is False and header.offset + header.nbytes != member.file_size:
            raise CubeError(
                f"{self._path}: {member.filename} declares an array of shape {header.shape} ({header.nbytes} bytes) "
                f"but holds {member.file_size - header.offset} bytes."
            )
        return header


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _usable(header: Header, where: str) -> Header:
    if not header.is_numeric:
        raise CubeError(f"{where}: the array is of type {header.dtype}; expected real numbers.")
    if 0 in header.shape:
        raise CubeError(f"{where}: the array has an empty axis (shape {header.shape}).")
    return header
