"""What programs that write TIFF stacks say about wavelengths and pixel size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from napari_udt.io.axes import is_wavelength_name, wavelengths_in_nm

_LABEL = re.compile(r"(?:^|[^\d.])(\d{3,5}(?:\.\d+)?)\s*nm\b", re.IGNORECASE)
_MAX_XML = 4_000_000
_NM = {"nm": 1.0, "µm": 1e3, "um": 1e3, "mm": 1e6}
_MM = {
    "nm": 1e-6,
    "µm": 1e-3,
    "um": 1e-3,
    "micron": 1e-3,
    "microns": 1e-3,
    "\\u00b5m": 1e-3,
    "mm": 1.0,
    "cm": 10.0,
}


def stored_wavelengths(file: TiffFile) -> NDArray[np.float64] | None:
    """Return the wavelengths of the channels in nm, None where no program has kept them."""
    kept = (*_named(file), _from_labels(file), _from_ome(file))
    return next((values for values in kept if values is not None), None)


def pixel_size_mm(file: TiffFile) -> tuple[float, float] | None:
    """Return height and width of a pixel where ImageJ or OME say them; a resolution alone is a printer's."""
    pixels = _ome_element(file, "Pixels")
    if pixels is not None:
        sizes = [
            _number(pixels.get(f"PhysicalSize{axis}"))
            * _MM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"), 0)
            for axis in "YX"
        ]
        return (sizes[0], sizes[1]) if min(sizes) > 0 else None
    unit = str((file.imagej_metadata or {}).get("unit", "")).lower()
    if unit not in _MM:
        return None
    per_unit = [_resolution(file, f"{axis}Resolution") for axis in "YX"]
    return (_MM[unit] / per_unit[0], _MM[unit] / per_unit[1]) if min(per_unit) > 0 else None


def _named(file: TiffFile) -> Iterable[NDArray[np.float64] | None]:
    """Yield lists of such a name in the metadata that tifffile and ImageJ keep."""
    for metadata in (*(file.shaped_metadata or ()), file.imagej_metadata or {}):
        for name, values in metadata.items():
            if is_wavelength_name(str(name)):
                yield wavelengths_in_nm(_numbers(values))


def _from_labels(file: TiffFile) -> NDArray[np.float64] | None:
    """Return the wavelengths in ImageJ's slice labels, when every label names one."""
    labels = (file.imagej_metadata or {}).get("Labels") or []
    found = [_LABEL.search(str(label)) for label in labels]
    return wavelengths_in_nm([float(f[1]) for f in found if f]) if found and all(found) else None


def _from_ome(file: TiffFile) -> NDArray[np.float64] | None:
    pixels = _ome_element(file, "Pixels")
    if pixels is None:
        return None
    channels = [e for e in pixels if _local(e) == "Channel"]
    for kind in ("EmissionWavelength", "ExcitationWavelength"):
        values = [_number(c.get(kind)) * _NM.get(c.get(f"{kind}Unit", "nm"), 0) for c in channels]
        if values and min(values) > 0:
            return np.array(values)
    return None


def _ome_element(file: TiffFile, name: str) -> ElementTree.Element | None:
    """Return the first element of a name in the OME metadata; documents that define entities are left alone."""
    text = file.ome_metadata if file.is_ome else None
    if not text or len(text) > _MAX_XML or "<!" in text.replace("<!--", ""):
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    return next((element for element in root.iter() if _local(element) == name), None)


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _resolution(file: TiffFile, tag: str) -> float:
    """Return pixels per unit, 0 where there is no such number."""
    value = file.pages.first.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or not value[1]:
        return 0.0
    return float(value[0]) / float(value[1])


def _numbers(values: Any) -> Any:
    """Return a list of numbers, also from text that holds them."""
    words = re.split(r"[\s,;]+", values.strip("[](){} ")) if isinstance(values, str) else values
    try:
        return np.array([float(v) for v in words])
    except (TypeError, ValueError):
        return None


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
