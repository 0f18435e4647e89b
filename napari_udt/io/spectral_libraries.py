"""Libraries of named spectra in files: ENVI spectral libraries (``.sli`` with a header) and CSV tables, both ways.

A CSV library has the wavelengths in its first column, with their unit in the column's name ("wavelength [nm]", "um", "cm-1"),
and one column per spectrum under its name. Lines that begin with ``#`` are skipped; -1.23e34 (USGS) stands for no value.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from napari_udt.errors import CubeError
from napari_udt.files.writing import whole_or_nothing, whole_set_or_nothing
from napari_udt.io.contract import reading
from napari_udt.io.generic import envi_header
from napari_udt.io.generic.envi import LIBRARY
from napari_udt.io.generic.envi_files import data_file, main_file
from napari_udt.io.units import WavelengthList, unit_in_name, unit_of, wavelength_list
from napari_udt.io.values import stated_values
from napari_udt.outgoing_text import csv_cell
from napari_udt.spectral.library import Array, SpectralLibrary

ENDINGS = (".sli", ".csv")
MAX_BYTES = 500_000_000
_MOST_SPECTRA = 20_000
_NO_VALUE = -1e30  # -1.23e34 marks deleted channels in the USGS library
_WAVELENGTH_NAMES = ("wavelength", "wavelengths", "wl", "lambda", "nm", "wavenumber")


def is_library(path: Path) -> bool:
    """Whether a file is a library of spectra rather than a cube; looks at its first lines only."""
    try:
        with reading(path):
            if (header := main_file(path)) is not None:
                return envi_header.read(header).kind == LIBRARY
            return path.suffix.lower() == ".csv" and _names_wavelengths(_first_row(path))
    except CubeError:
        return False


def read_library(path: str | Path) -> SpectralLibrary:
    """Read a library of spectra.

    Raises
    ------
    CubeError
        When the file is none, or its wavelengths or numbers are missing or in doubt.
    """
    path = Path(path)
    with reading(path):
        if path.stat().st_size > MAX_BYTES:
            raise CubeError(
                f"{path}: the file is larger than {MAX_BYTES / 1e6:g} MB; expected a spectral library."
            )
        header = main_file(path)
        return _read_csv(path) if header is None else _read_envi(header)


def write_library(library: SpectralLibrary, path: str | Path) -> Path:
    """Write a library: CSV where the name ends so, else ENVI (``.sli`` and ``.hdr``); whole or not at all.

    Returns
    -------
    path
        Of the table, or of the file with the numbers.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        with whole_or_nothing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["wavelength [nm]", *map(csv_cell, library.names)])
            for wavelength, values in zip(library.wavelengths_nm, library.spectra.T, strict=True):
                writer.writerow([repr(float(v)) if np.isfinite(v) else "" for v in (wavelength, *values)])
        return path
    path = path.with_suffix(".sli")
    fields: dict[str, str | list[str]] = {
        "description": [envi_header.plain(f"{library.title}: {library.quantity}")],
        "samples": str(len(library.wavelengths_nm)),
        "lines": str(len(library.names)),
        "bands": "1",
        "header offset": "0",
        "file type": "ENVI Spectral Library",
        "data type": "5",
        "interleave": "bsq",
        "byte order": "0",
        "data ignore value": "nan",
        "wavelength units": "Nanometers",
        "wavelength": [repr(float(value)) for value in library.wavelengths_nm],
        "spectra names": [envi_header.plain(name) for name in library.names],
    }
    with whole_set_or_nothing(path.parent, overwrite=True, main=path.with_suffix(".hdr").name) as folder:
        np.ascontiguousarray(library.spectra, "<f8").tofile(folder / path.name)
        (folder / path.with_suffix(".hdr").name).write_text(envi_header.as_text(fields), encoding="utf-8")
    return path


def _read_envi(header: Path) -> SpectralLibrary:
    found = envi_header.read(header)
    if found.kind != LIBRARY:
        raise CubeError(
            f"{header}: the header describes {found.kind[:40]!r}; expected an ENVI spectral library."
        )
    count, channels = found.lines, found.samples
    if found.bands != 1 or count > _MOST_SPECTRA:
        raise CubeError(
            f"{header}: {count:,} spectra in {found.bands} bands; expected at most {_MOST_SPECTRA:,} spectra in one band."
        )
    fields = found.fields
    stated = wavelength_list(fields.get("wavelength", ""), fields.get("wavelength units"), "wavelengths")
    numbers = data_file(header)
    if numbers.stat().st_size < found.nbytes:
        raise CubeError(
            f"{numbers}: the file has {numbers.stat().st_size:,} bytes; expected {found.nbytes:,} as its header says."
        )
    stored = np.fromfile(numbers, found.dtype, count * channels, offset=found.offset).reshape(count, channels)
    stated_as = stated_values(fields, channels)
    values = stated_as.applied(stored[None], np.arange(channels))[0] if stated_as else stored
    names = envi_header.as_list(fields.get("spectra names", ""))
    if len(names) != count:
        names = [f"spectrum {number + 1}" for number in range(count)]
    return _library(header, names, np.asarray(values, np.float64), stated)


def _read_csv(path: Path) -> SpectralLibrary:
    head = _first_row(path)
    if not _names_wavelengths(head):
        raise CubeError(
            f"{path}: the first row is {', '.join(head)[:60]!r}; expected a column of wavelengths, then one per spectrum."
        )
    rows = [row for row in _rows(path) if any(cell.strip() for cell in row)][1:]
    width = len(head)
    if any(len(row) != width for row in rows) or not rows:
        raise CubeError(f"{path}: the rows differ in length; expected {width} numbers in each.")
    try:
        table = np.array([[float(cell.replace(",", ".") or "nan") for cell in row] for row in rows])
    except ValueError as error:
        raise CubeError(f"{path}: {error}; expected numbers below the first row.") from error
    table[table < _NO_VALUE] = np.nan
    stated = wavelength_list(table[:, 0], unit_of(head[0]) or unit_in_name(head[0]), "the first column")
    return _library(path, [cell.strip() for cell in head[1:]], table[:, 1:].T, stated)


def _library(path: Path, names: list[str], spectra: Array, stated: WavelengthList | None) -> SpectralLibrary:
    if stated is None or len(stated) != spectra.shape[1]:
        raise CubeError(
            f"{path}: the library has no wavelengths; expected one for each of {spectra.shape[1]} values."
        )
    if stated.doubt:
        raise CubeError(f"{path}: {stated.doubt}; correct the unit in the file.")
    order = np.argsort(stated.nm, kind="stable")
    grid, first = np.unique(stated.nm[order], return_index=True)
    named = [name or f"spectrum {number + 1}" for number, name in enumerate(names)]
    return SpectralLibrary(
        path.stem, tuple(named), spectra[:, order][:, first], grid, path=str(path.resolve())
    )


def _names_wavelengths(row: list[str]) -> bool:
    if len(row) < 2:
        return False
    words = row[0].strip().lower().replace("[", " ").replace("(", " ").replace("_", " ").split()
    return bool(words) and words[0].strip("])") in _WAVELENGTH_NAMES


def _first_row(path: Path) -> list[str]:
    return next((row for row in _rows(path) if row and any(cell.strip() for cell in row)), [])


def _rows(path: Path) -> list[list[str]]:
    """Return the rows of a table between commas, semicolons (decimal commas allowed) or tabs."""
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    separator = next((mark for mark in (";", "\t") if lines and mark in lines[0]), ",")
    rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    width = len(rows[0]) if rows else 0
    # Some programs end every line with a separator.
    return [row[:-1] if len(row) == width + 1 and not row[-1].strip() else row for row in rows]
