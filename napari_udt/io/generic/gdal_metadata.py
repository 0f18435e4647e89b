"""What GDAL and programs built on it keep in a TIFF: metadata of the file and of each band, and the number for "no data"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from tifffile import TiffFile

from napari_udt.io.units import WavelengthList, wavelength_list
from napari_udt.io.values import numbers_in

_MAX_XML = 4_000_000
_DESCRIPTION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-zµμ][A-Za-z0-9^-]*)")
# Names of a band's items in lower case; those that end in _um state their unit.
_WAVELENGTHS = ("wavelength", "central_wavelength_um", "center_wavelength", "central_wavelength")
_WIDTHS = ("fwhm", "fwhm_um")


class GdalMetadata:
    """Items of a file and of its bands, names in lower case."""

    def __init__(self, file: TiffFile) -> None:
        self.of_file: dict[str, str] = {}
        self._bands: dict[int, dict[str, str]] = {}
        for item in _items(file.pages.first.tags.valueof("GDAL_METADATA")):
            name = str(item.get("role") or item.get("name", "")).lower()
            sample = str(item.get("sample", ""))
            held = self._bands.setdefault(int(sample), {}) if sample.isdecimal() else self.of_file
            held[name] = item.text or ""
        self._nodata = file.pages.first.tags.valueof("GDAL_NODATA")

    def lists(self) -> Iterator[WavelengthList | None]:
        """Yield the wavelengths that items and descriptions of the bands state."""
        for name in _WAVELENGTHS:
            words = self._of_bands(name)
            unit = "um" if name.endswith("_um") else self._unit()
            yield wavelength_list(words, unit, "wavelengths of the bands") if words else None
        described = [_DESCRIPTION.findall(text) for text in self._of_bands("description")]
        if described and all(described):
            numbers = [float(found[-1][0]) for found in described]
            yield wavelength_list(numbers, described[0][-1][1], "wavelengths in the descriptions")

    def said(self, channels: int) -> dict[str, Any]:
        """Return nodata, scale and offset under the names that :func:`napari_udt.io.values.stated_values` knows."""
        found: dict[str, Any] = {
            "data gain values": self._of_bands("scale"),
            "data offset values": self._of_bands("offset"),
        }
        if self._nodata is not None:
            found["gdal nodata"] = self._nodata
        return {name: value for name, value in found.items() if len(numbers_in(value)) in (1, channels)}

    def of_bands(self, name: str) -> list[float]:
        """Return a number of every band; empty where one lacks it."""
        return numbers_in(self._of_bands(name))

    def widths(self) -> tuple[list[float], str]:
        """Return the widths of the bands and their unit (empty: that of the wavelengths)."""
        for name in _WIDTHS:
            if found := self.of_bands(name):
                return found, "µm" if name.endswith("_um") else ""
        return [], ""

    def _unit(self) -> str | None:
        for name in ("wavelength_units", "wavelength_unit"):
            for unit in (*self._of_bands(name)[:1], self.of_file.get(name)):
                if unit:
                    return unit
        return None

    def _of_bands(self, name: str) -> list[str]:
        words = [self._bands[band].get(name) for band in sorted(self._bands)]
        known = [word for word in words if word is not None]
        return known if len(known) == len(words) and sorted(self._bands) == list(range(len(words))) else []


def _items(text: Any) -> Iterator[ElementTree.Element]:
    """Yield the items of GDAL's XML; documents that define entities are left alone."""
    if not isinstance(text, str) or len(text) > _MAX_XML or "<!" in text.replace("<!--", ""):
        return
    try:
        yield from ElementTree.fromstring(text.strip("\0 \n")).iter("Item")
    except ElementTree.ParseError:
        return
