"""The text header of NRRD files: fields and key/value pairs, up to a blank line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.axes import is_unit_name, is_wavelength_name
from napari_udt.io.positions import MM, SECONDS, evenly_spaced, per_unit
from napari_udt.io.units import WavelengthList, unit_in_name, unit_of, wavelength_list
from napari_udt.series import Axis

MAGIC = b"NRRD000"

_MAX_BYTES = 4_000_000
_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}


@dataclass(frozen=True)
class NrrdHeader:
    """What a header says.

    Parameters
    ----------
    fields : mapping of str to str
        The format's own fields, keys in lower case.
    pairs : mapping of str to str
        Key/value pairs, which the format leaves to its users.
    sizes : tuple of int
        Length of each axis, the fastest first.
    dtype : numpy dtype
    end : int
        Bytes that the header takes.
    """

    fields: Mapping[str, str]
    pairs: Mapping[str, str]
    sizes: tuple[int, ...]
    dtype: np.dtype[Any]
    end: int

    @property
    def encoding(self) -> str:
        """How the numbers are packed: "raw", "gzip", ..."""
        return self.fields.get("encoding", "").strip().lower()

    @property
    def wavelength_lists(self) -> list[WavelengthList]:
        """Wavelengths from pairs of such a name, then those of axes with a unit in which wavelengths are counted."""
        unit = next((value for name, value in self.pairs.items() if is_unit_name(name)), "")
        named = [
            wavelength_list(self.pairs[key], unit or unit_in_name(key), key)
            for key in sorted(filter(is_wavelength_name, self.pairs))
        ]
        return [found for found in (*named, *self._spectral_axes()) if found is not None]

    def _spectral_axes(self) -> Iterator[WavelengthList | None]:
        for axis, unit in enumerate(self._words("units")[: len(self.sizes)]):
            start, step = self._number("axis mins", axis), self._number("spacings", axis)
            if unit_of(unit) not in (None, "mm", "m") and start > 0 and step > 0:
                yield wavelength_list(start + step * np.arange(self.sizes[axis]), unit, "axis of wavelengths")

    @property
    def row_axis(self) -> int | None:
        """The axis that is labelled as that of the picture's rows; None where none is."""
        names = [word.lower() for word in self._words("labels")]
        return next((axis for axis, name in enumerate(names) if name in ("y", "row", "rows")), None)

    @property
    def axis_names(self) -> list[str]:
        """What each axis is called: as it is labelled, "time" where its kind or unit says so, else ""."""
        labels, kinds, units = (
            [*self._words(key), *[""] * len(self.sizes)] for key in ("labels", "kinds", "units")
        )
        return [
            "time"
            if kinds[axis].lower() == "time" or (not labels[axis] and units[axis] in SECONDS)
            else labels[axis].lower()
            for axis in range(len(self.sizes))
        ]

    def positions(self, axis: int, kind: Axis) -> NDArray[np.float64] | None:
        """Return where samples along an axis of time or depth lie, in s or mm; None where the unit is not known."""
        units = self._words("units")
        one = per_unit(units[axis], kind) if axis < len(units) else None
        return None if one is None else evenly_spaced(self._number("spacings", axis) * one, self.sizes[axis])

    def spacing_mm(self, axis: int) -> float | None:
        """Return the distance of samples along an axis; None where it is not known as a length."""
        units = self._words("units")
        unit, step = units[axis] if axis < len(units) else "", self._number("spacings", axis)
        return step * MM[unit] if unit in MM and step > 0 else None

    def _words(self, key: str) -> list[str]:
        return shlex.split(self.fields.get(key, ""))

    def _number(self, key: str, axis: int) -> float:
        """Return a finite number of an axis, 0 where there is none."""
        numbers = _numbers(self.fields.get(key, ""))
        return float(numbers[axis]) if axis < len(numbers) and np.isfinite(numbers[axis]) else 0.0


def read(path: Path) -> NrrdHeader:
    """Read the header of a file.

    Raises
    ------
    CubeError
        When it is damaged, or its numbers are not real ones.
    """
    with open(path, "rb") as file:
        start = file.read(_MAX_BYTES)
    text, end = _header_text(start)
    fields, pairs = {}, {}
    for line in text.splitlines()[1:]:
        key, colon, value = line.partition(":")
        if line.startswith("#") or not colon:
            continue
        if value.startswith("="):
            pairs[key.strip()] = value[1:].strip()
        else:
            fields[key.strip().lower()] = value.strip()
    sizes = tuple(int(word) for word in fields.get("sizes", "").split())
    if not sizes or min(sizes) < 1 or len(sizes) != int(fields.get("dimension", "0")):
        raise CubeError(
            f"{path}: the header declares sizes {fields.get('sizes', 'none')[:60]!r} for {fields.get('dimension', 'no')[:9]} "
            "axes; expected one positive number per axis."
        )
    return NrrdHeader(fields, pairs, sizes, _dtype(fields, path), end)


def _header_text(start: bytes) -> tuple[str, int]:
    """Return the text up to the first blank line, and where the bytes after it begin."""
    ends = [(at + len(blank)) for blank in (b"\n\n", b"\n\r\n") if (at := start.find(blank)) >= 0]
    end = min(ends, default=len(start))
    return start[:end].decode("utf-8", "replace"), end


def _dtype(fields: Mapping[str, str], path: Path) -> np.dtype[Any]:
    kind = " ".join(fields.get("type", "").lower().split())
    if kind not in _TYPES:
        raise CubeError(f"{path}: the values are of type {kind[:40]!r}; expected real numbers.")
    return np.dtype((">" if fields.get("endian", "").lower() == "big" else "<") + _TYPES[kind])


def _numbers(text: str) -> NDArray[np.float64]:
    try:
        return np.array([float(word) for word in text.split()])
    except ValueError:
        return np.empty(0)
