"""The text header of ENVI files: what it says, and how it is written.

Keys and values are ``key = value`` lines after a first line ``ENVI``; a value in braces may span lines. Case and blanks
within keys vary between the programs that write them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.positions import per_unit, usable_positions
from napari_udt.io.units import WavelengthList, in_texts, wavelength_list, widths_in_nm
from napari_udt.io.values import StoredValues, marked_bad, numbers_in, stated_values
from napari_udt.series import UNITS, Axis

MAGIC = b"ENVI"
MAX_BYTES = 16_000_000

DTYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}

# Where rows, columns and channels stand in the file.
AXES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}

_FOOT_MM = 304.8
# Words in the file types of headers that describe no bare numbers.
_OTHER_KINDS = ("virtual", "meta", "nitf", "jp2", "jpeg", "hdf", "netcdf", "mrsid", "ecw")


@dataclass(frozen=True, eq=False)
class EnviSeries:
    """Pictures one below the other: fields of napari-udt, which other programs pass over, seeing one tall picture.

    Parameters
    ----------
    axis : {"time", "depth"}
        As ``series axis`` says.
    count : int
        ``series length``, of which the lines are a multiple.
    positions : array, shape (count,), optional
        ``series positions`` in s or mm.
    """

    axis: Axis
    count: int
    positions: NDArray[np.float64] | None


@dataclass(frozen=True)
class EnviHeader:
    """What a header says.

    Parameters
    ----------
    fields : mapping of str to str
        All fields, keys in lower case, values without their outer braces.
    lines, samples, bands : int
        Rows, columns and channels.
    dtype : numpy dtype
        With the byte order.
    interleave : {"bsq", "bil", "bip"}
    offset : int
        Bytes before the numbers.
    frame_offsets : (int, int)
        Bytes before and after each major frame: a band (bsq), or a line (bil, bip).
    """

    fields: Mapping[str, str]
    lines: int
    samples: int
    bands: int
    dtype: np.dtype[Any]
    interleave: str
    offset: int
    frame_offsets: tuple[int, int] = (0, 0)

    @property
    def nbytes(self) -> int:
        """Bytes that the file with the numbers has."""
        numbers = self.lines * self.samples * self.bands * self.dtype.itemsize
        return self.offset + numbers + sum(self.frame_offsets) * self.shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Length of the axes in the order in which they are stored."""
        lengths = dict(zip(AXES[self.interleave], (self.lines, self.samples, self.bands), strict=True))
        return lengths[0], lengths[1], lengths[2]

    @property
    def kind(self) -> str:
        """The file type: "envi standard", "envi classification", ..."""
        return self.fields.get("file type", "envi standard").strip().lower()

    @property
    def values(self) -> StoredValues:
        """How stored numbers become values: the number that is ignored, scale, gains and offsets."""
        return stated_values(self.fields, self.bands)

    @property
    def bad_bands(self) -> NDArray[np.bool_] | None:
        """Which channels the header marks as bad; None where it marks none."""
        return marked_bad(self.fields.get("bbl", ""), self.bands)

    @property
    def wavelengths(self) -> WavelengthList | None:
        """One wavelength per channel; None where the header has no such list."""
        stated = self.fields.get("wavelength", self.fields.get("wavelengths", ""))
        found = wavelength_list(stated, self.fields.get("wavelength units"), "wavelengths")
        if found is None or len(found) != self.bands:
            found = in_texts(as_list(self.fields.get("band names", "")), "wavelengths in the band names")
        return found if found is not None and len(found) == self.bands else None

    @property
    def wavelengths_nm(self) -> NDArray[np.float64] | None:
        """One wavelength per channel; None where the header has none that are beyond doubt."""
        found = self.wavelengths
        return None if found is None or found.doubt else found.nm

    @property
    def doubt(self) -> str:
        """Why the wavelengths cannot be used without the user's word; empty where they can, or there are none."""
        found = self.wavelengths
        return "" if found is None else found.doubt

    @property
    def fwhm_nm(self) -> NDArray[np.float64] | None:
        """Width of each channel; None where the header does not say it."""
        found = self.wavelengths
        if found is None or found.doubt:
            return None
        return widths_in_nm(self.fields.get("fwhm", ""), found.nm, found.unit)

    @property
    def pictures(self) -> EnviSeries | None:
        """The pictures that lie one below the other; None for one picture, and where the fields make no sense."""
        axis = self.fields.get("series axis", "").strip().lower()
        count = numbers_in(self.fields.get("series length", ""))
        if axis not in UNITS or len(count) != 1 or count[0] != round(count[0]):
            return None
        if not 1 < count[0] <= self.lines or self.lines % count[0]:
            return None
        kind: Axis = "depth" if axis == "depth" else "time"
        listed = numbers_in(self.fields.get("series positions", ""))
        return EnviSeries(kind, int(count[0]), usable_positions(np.array(listed), int(count[0])))

    @property
    def class_names(self) -> dict[int, str]:
        """Names of the numbers in a classification file."""
        return {i: name for i, name in enumerate(as_list(self.fields.get("class names", ""))) if name}

    @property
    def pixel_size_mm(self) -> tuple[float, float] | None:
        """Height and width of a pixel; None where the header does not give them as lengths."""
        words = as_list(self.fields.get("pixel size", ""))
        return _lengths_mm(words, words[:2]) or self._map_pixel_mm

    @property
    def _map_pixel_mm(self) -> tuple[float, float] | None:
        """Height and width of a pixel on a map whose coordinates are lengths; degrees are none."""
        words = as_list(self.fields.get("map info", ""))
        if not words or "lat/lon" in words[0].lower():
            return None
        return _lengths_mm(words, words[5:7])


def read(path: Path) -> EnviHeader:
    """Read a header file.

    Raises
    ------
    CubeError
        When it is not a header, or lacks what is needed to find the numbers.
    """
    if path.stat().st_size > MAX_BYTES:
        raise CubeError(f"{path}: the file is larger than {MAX_BYTES / 1e6:g} MB; expected an ENVI header.")
    text = path.read_bytes().decode("utf-8", "replace")
    return header(parse(text, str(path)), str(path))


def header(fields: Mapping[str, str], where: str) -> EnviHeader:
    """Return what the fields mean; raises ``CubeError`` when they do not say where the numbers lie."""
    lines, samples, bands = (_whole(fields, key, where) for key in ("lines", "samples", "bands"))
    offset = _whole(fields, "header offset", where, 0)
    if min(lines, samples, bands) < 1 or offset < 0:
        raise CubeError(
            f"{where}: the header declares {lines} lines, {samples} samples and {bands} bands at byte {offset}; "
            "expected at least one of each."
        )
    kind = fields.get("file type", "").strip()
    if any(word in kind.lower() for word in _OTHER_KINDS):
        raise CubeError(
            f"{where}: the header is of the file type {kind[:40]!r}; expected bare numbers: save it as ENVI Standard."
        )
    number = _whole(fields, "data type", where)
    if number not in DTYPES:
        raise CubeError(
            f"{where}: data type {number} is not supported; expected one of {', '.join(map(str, DTYPES))} (real numbers)."
        )
    interleave = fields.get("interleave", "bsq").strip().lower()
    if interleave not in AXES:
        raise CubeError(f"{where}: interleave {interleave[:40]!r} is unknown; expected bsq, bil or bip.")
    scale = _number(fields.get("reflectance scale factor", "1") or "1") or 0.0
    if not 0 < scale < np.inf:
        raise CubeError(
            f"{where}: the reflectance scale factor is {fields['reflectance scale factor'][:40]!r}; expected a positive number."
        )
    order = ">" if _whole(fields, "byte order", where, 0) == 1 else "<"
    dtype, gaps = np.dtype(order + DTYPES[number]), _frame_offsets(fields, where)
    return EnviHeader(fields, lines, samples, bands, dtype, interleave, offset, gaps)


def _frame_offsets(fields: Mapping[str, str], where: str) -> tuple[int, int]:
    """Return the bytes around major frames; refuses what cannot be read as bare numbers."""
    if fields.get("file compression", "0").strip() not in ("", "0"):
        raise CubeError(
            f"{where}: the header says file compression = {fields['file compression'][:20]!r}; save the numbers unpacked."
        )
    if any(numbers_in(fields.get("minor frame offsets", ""))):
        raise CubeError(f"{where}: minor frame offsets are not supported; save the numbers without gaps.")
    gaps = [
        int(number) for number in numbers_in(fields.get("major frame offsets", "")) if np.isfinite(number)
    ]
    if not gaps:
        return 0, 0
    if len(gaps) != 2 or not all(0 <= gap <= MAX_BYTES for gap in gaps):
        raise CubeError(f"{where}: the major frame offsets are {gaps[:4]}; expected two numbers of bytes.")
    return gaps[0], gaps[1]


def parse(text: str, where: str) -> dict[str, str]:
    """Return the fields of a header: keys in lower case with single blanks, values without their outer braces.

    Raises
    ------
    CubeError
        When the text does not begin with ``ENVI``, or a brace is not closed.
    """
    lines = iter(text.splitlines())
    if not next(lines, "").lstrip("\ufeff").strip().startswith("ENVI"):
        raise CubeError(f"{where}: the text does not begin with ENVI; expected an ENVI header.")
    fields = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.startswith(";"):
            name = " ".join(key.lower().split())
            fields[name] = _value(value.strip(), lines, name, where)
    return fields


def as_list(value: str) -> list[str]:
    """Return the parts of a value between commas."""
    return [part.strip() for part in value.split(",")] if value.strip() else []


def as_text(fields: Mapping[str, str | list[str]]) -> str:
    """Return a header; lists are put in braces, one line each. What :func:`parse` reads back equal."""
    values = {k: f"{{{', '.join(v)}}}" if isinstance(v, list) else v for k, v in fields.items()}
    return "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def plain(text: str) -> str:
    """Return text that can stand in a list: without commas, braces and line breaks."""
    return " ".join(text.translate(str.maketrans(",{}", ";()")).split())


def _value(first: str, more: Iterator[str], key: str, where: str) -> str:
    if not first.startswith("{"):
        return first
    parts = [first[1:]]
    while "}" not in parts[-1]:
        line = next(more, None)
        if line is None:
            raise CubeError(f"{where}: the brace after {key[:40]!r} is not closed; the header is cut short.")
        if not line.startswith(";"):
            parts.append(line)
    parts[-1] = parts[-1][: parts[-1].rindex("}")]
    return "\n".join(part.strip() for part in parts).strip()


def _lengths_mm(words: Sequence[str], sizes: Sequence[str]) -> tuple[float, float] | None:
    """Return height and width in mm of "width, height", by the unit that stands among the words ("units=Meters")."""
    unit = next((w.partition("=")[2].strip().lower() for w in words if w.lower().startswith("units")), "")
    numbers = [_number(size) or 0.0 for size in sizes]
    one = _FOOT_MM if unit in ("feet", "ft") else per_unit(unit or "m", "depth")
    if len(numbers) != 2 or one is None or min(numbers) <= 0 or not np.all(np.isfinite(numbers)):
        return None
    return numbers[1] * one, numbers[0] * one


def _whole(fields: Mapping[str, str], key: str, where: str, default: int | None = None) -> int:
    text = fields.get(key, "" if default is None else str(default)).strip()
    if not text.lstrip("+-").isdecimal() or len(text) > 18:
        found = f"{key} = {text[:40]!r}" if key in fields else f"no {key!r}"
        raise CubeError(f"{where}: the header says {found}; expected a whole number.")
    return int(text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
