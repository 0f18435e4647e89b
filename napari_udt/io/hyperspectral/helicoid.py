"""HELICoiD folders: ``raw``, ``whiteReference``, ``darkReference`` and ``gtMap``, each an ENVI file.

The cube is the calibrated reflectance (raw - dark) / (white - dark), computed where it is looked at. The references
are lines of the same camera: of several lines the mean counts. Folder or any of its files may be opened.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.generic import envi, envi_header
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.lazy import LazyCube

# Classes of the published maps (Fabelo et al., IEEE Access 7, 2019, "In-vivo hyperspectral human brain image database").
CLASS_NAMES = {
    0: "not labelled",
    1: "normal tissue",
    2: "tumour tissue",
    3: "hypervascularised tissue",
    4: "background",
}

_RAW, _WHITE, _DARK, _MAP = "raw", "whiteReference", "darkReference", "gtMap"
_LINES_PER_READ = 16


class ReflectanceSource:
    """(raw - dark) / (white - dark), stored axes (rows, columns, channels); NaN where white equals dark.

    Parameters
    ----------
    raw : LazyCube
        Counts, shape (rows, columns, channels).
    white, dark : array, shape (columns, channels)
        Counts of the references.
    """

    def __init__(self, raw: LazyCube, white: NDArray[np.float64], dark: NDArray[np.float64]) -> None:
        self._raw = raw
        self._dark = dark
        self._span = np.where(white == dark, np.nan, white - dark)
        self.shape = raw.shape

    @property
    def stored_bytes(self) -> int:
        """Bytes that the file holds of the array."""
        return self._raw.source.stored_bytes

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        return (self._raw[selection] - self._dark[selection[1:]]) / self._span[selection[1:]]

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


def sniff(path: Path) -> Match:
    """Whether it is a folder with raw data and both references, or one of its files."""
    folder = main_file(path)
    if folder is None:
        return Match.NO
    known = envi_header.read(_header(folder, _RAW)).wavelengths_nm is not None
    return Match.YES if known else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the calibrated cube of the folder.

    Raises
    ------
    CubeError
        When the wavelengths are neither stored nor given.
    """
    folder = main_file(path)
    if folder is None:
        raise CubeError(f"{path}: the HELICoiD folder lacks {_RAW}, {_WHITE} or {_DARK}, each with its .hdr.")
    header = envi_header.read(_header(folder, _RAW))
    if header.wavelengths_nm is None and options.wavelengths_nm is None:
        raise missing_wavelengths(path, [(_RAW, (header.lines, header.samples, header.bands))], header.doubt)
    return [Candidate("reflectance", partial(_read, path, folder, options))]


def main_file(path: Path) -> Path | None:
    """Return the folder with raw data and both references that a path is, or lies in as one of its parts."""
    folder = path if path.is_dir() else path.parent
    parts = {name + ending for name in (_RAW, _WHITE, _DARK, _MAP) for ending in ("", ".hdr")}
    if folder == path or path.name in parts:
        needed = (_header(folder, name) for name in (_RAW, _WHITE, _DARK))
        return folder if all(starts_with(header, envi_header.MAGIC) for header in needed) else None
    return None


def _read(path: Path, folder: Path, options: ReadOptions) -> SpectralCube:
    header = envi_header.read(_header(folder, _RAW))
    raw = envi.numbers(_header(folder, _RAW), header)
    white, dark = (_reference(folder, name, raw.shape) for name in (_WHITE, _DARK))
    extras = Extras(path, raw.shape[:2])
    if (classes := _header(folder, _MAP)).is_file() and (
        found := extras.attempt("Labels", lambda: envi.labels(classes, raw.shape[:2]))
    ):
        extras.labels(lambda: found[0], found[1] or CLASS_NAMES)
    return assemble(
        path,
        options,
        LazyCube(ReflectanceSource(raw, white, dark), (0, 1, 2)),
        wavelengths_nm=header.wavelengths,
        bad_bands=header.bad_bands,
        fwhm_nm=header.fwhm_nm,
        modality="HSI",
        domain="real",
        quantity="reflectance",
        name=folder.name,
        extras=extras,
        pixel_size_mm=header.pixel_size_mm,
        metadata={
            "assumed": {"domain": "a camera's raw counts with its references"},
            "calibration": f"({_RAW} - {_DARK}) / ({_WHITE} - {_DARK}), references averaged over their lines",
        },
    )


def _reference(folder: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the mean line of a reference, shape (columns, channels)."""
    path = _header(folder, name)
    lines = envi.numbers(path, envi_header.read(path))
    if lines.shape[1:] != shape[1:]:
        raise CubeError(
            f"{path}: the reference has {lines.shape[1]} columns and {lines.shape[2]} channels; expected {shape[1]} and "
            f"{shape[2]} as {_RAW}."
        )
    total = np.zeros(shape[1:])
    for start in range(0, len(lines), _LINES_PER_READ):
        total += lines[start : start + _LINES_PER_READ].sum(axis=0, dtype=np.float64)
    return total / len(lines)


def _header(folder: Path, name: str) -> Path:
    return folder / f"{name}.hdr"
