"""What programs that write TIFF stacks say about wavelengths and pixel size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from napari_udt.io.axes import is_unit_name, is_wavelength_name
from napari_udt.io.generic.gdal_metadata import GdalMetadata
from napari_udt.io.positions import MM
from napari_udt.io.units import (
    WavelengthList,
    in_texts,
    to_nm,
    unit_in_name,
    unit_of,
    wavelength_list,
    widths_in_nm,
)
from napari_udt.io.values import (
    StoredValues,
    is_bad_band_name,
    is_value_name,
    is_width_name,
    marked_bad,
    stated_values,
)

_STATED = re.compile(r"""\bwave_?length["']?\s*[:=]\s*["']?(\d+(?:\.\d+)?)""", re.IGNORECASE)
_MOST_PAGES, _MAX_TEXT = 2_000, 20_000
_MAX_XML = 4_000_000
# GeoTIFF (OGC 19-008r4): model type 1 has lengths for coordinates; the codes are EPSG's units of length.
_PROJECTED, _METRE = 1, 9001
_MAP_UNITS_MM = {_METRE: 1e3, 9002: 304.8, 9003: 1200e3 / 3937}


def stored_wavelengths(file: TiffFile) -> list[WavelengthList]:
    """Return the lists of wavelengths that programs have kept, those that say it most clearly first."""
    kept = (*_named(file), _from_labels(file), _from_ome(file), *GdalMetadata(file).lists())
    found = [one for one in kept if one is not None]
    if not found and (of_pages := _from_pages(file)) is not None:  # looks at every page
        found.append(of_pages)
    return found


def stored_values(file: TiffFile, channels: int) -> StoredValues:
    """Return how stored numbers become values: GDAL's nodata, scale and offset, or names in the metadata."""
    said = {name: value for name, value in _metadata(file) if is_value_name(name)}
    return stated_values({**said, **GdalMetadata(file).said(channels)}, channels)


def bad_bands(file: TiffFile, channels: int) -> NDArray[np.bool_] | None:
    """Return which channels are marked as bad; None where none is."""
    lists = [GdalMetadata(file).of_bands("bbl"), *(v for n, v in _metadata(file) if is_bad_band_name(n))]
    return next((bad for bad in (marked_bad(marks, channels) for marks in lists) if bad is not None), None)


def widths_nm(file: TiffFile, wavelengths: WavelengthList) -> NDArray[np.float64] | None:
    """Return the widths of the channels in nm; None where they are not stated."""
    lists = [GdalMetadata(file).widths(), *((v, "") for n, v in _metadata(file) if is_width_name(n))]
    found = (widths_in_nm(numbers, wavelengths.nm, unit or wavelengths.unit) for numbers, unit in lists)
    return next((widths for widths in found if widths is not None), None)


def pixel_size_mm(file: TiffFile) -> tuple[float, float] | None:
    """Return height and width of a pixel where ImageJ, OME or GeoTIFF say them; a resolution alone is a printer's."""
    pixels = ome_element(file, "Pixels")
    if pixels is not None:
        sizes = [
            number(pixels.get(f"PhysicalSize{axis}")) * MM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"), 0)
            for axis in "YX"
        ]
        return (sizes[0], sizes[1]) if min(sizes) > 0 else None
    unit = str((file.imagej_metadata or {}).get("unit", "")).lower()
    if unit not in MM:
        return _map_pixel_mm(file)
    per_unit = [_resolution(file, f"{axis}Resolution") for axis in "YX"]
    return (MM[unit] / per_unit[0], MM[unit] / per_unit[1]) if min(per_unit) > 0 else None


def _map_pixel_mm(file: TiffFile) -> tuple[float, float] | None:
    """Return the size of a GeoTIFF's pixels where its map has lengths for coordinates; degrees are none."""
    try:
        keys = file.geotiff_metadata or {}
    except (ValueError, TypeError, LookupError):
        return None  # an extra never closes a file
    unit = _MAP_UNITS_MM.get(int(keys.get("ProjLinearUnitsGeoKey", _METRE)))
    scale = keys.get("ModelPixelScale") or ()
    if int(keys.get("GTModelTypeGeoKey", 0)) != _PROJECTED or unit is None or len(scale) < 2:
        return None
    width, height = (float(size) * unit for size in scale[:2])
    return (height, width) if min(width, height) > 0 else None


def _metadata(file: TiffFile) -> Iterable[tuple[str, Any]]:
    """Yield names and values of the metadata that tifffile and ImageJ keep."""
    for metadata in (*(file.shaped_metadata or ()), file.imagej_metadata or {}):
        yield from ((str(name), value) for name, value in metadata.items())


def _named(file: TiffFile) -> Iterable[WavelengthList | None]:
    """Yield lists of such a name in the metadata that tifffile and ImageJ keep."""
    unit = next((str(value) for name, value in _metadata(file) if is_unit_name(name)), "")
    for name, values in _metadata(file):
        if is_wavelength_name(name):
            yield wavelength_list(values, unit or unit_in_name(name), name)


def _from_labels(file: TiffFile) -> WavelengthList | None:
    """Return the wavelengths in ImageJ's slice labels, when every label names one with its unit.

    Channels are counted first: those of the first frame stand for all where the others have the same labels.
    """
    metadata = file.imagej_metadata or {}
    labels, channels = metadata.get("Labels") or [], int(metadata.get("channels", 0))
    if 1 < channels < len(labels) and labels == labels[:channels] * (len(labels) // channels):
        labels = labels[:channels]
    return in_texts(labels, "wavelengths in the labels")


def _from_pages(file: TiffFile) -> WavelengthList | None:
    """Return the wavelengths that names or descriptions of the pages state: "500 nm", or ``wavelength = 500``."""
    if not 1 < len(file.pages) <= _MOST_PAGES:
        return None
    texts = []
    for number in range(len(file.pages)):
        tags = getattr(file.pages[number], "tags", None)
        said = [] if tags is None else [tags.valueof("PageName"), tags.valueof("ImageDescription")]
        texts.append(" ".join(text for text in said if isinstance(text, str) and len(text) < _MAX_TEXT))
    if (found := in_texts(texts, "wavelengths of the pages")) is not None:
        return found
    numbers = [match[1] for text in texts if (match := _STATED.search(text))]
    return wavelength_list(numbers, None, "wavelengths of the pages") if len(numbers) == len(texts) else None


def _from_ome(file: TiffFile) -> WavelengthList | None:
    pixels = ome_element(file, "Pixels")
    if pixels is None:
        return None
    channels = children_named(pixels, "Channel")
    for kind in ("EmissionWavelength", "ExcitationWavelength"):
        units = [unit_of(c.get(f"{kind}Unit", "nm")) for c in channels]
        values = [
            float(to_nm(np.array(number(c.get(kind))), unit)) if unit else np.nan
            for c, unit in zip(channels, units, strict=True)
        ]
        if values and np.all(np.isfinite(values)):
            return wavelength_list(values, "nm", kind)
    return in_texts([channel.get("Name") for channel in channels], "names of the channels")


def ome_element(file: TiffFile, name: str) -> ElementTree.Element | None:
    """Return the first element of a name in the OME metadata; documents that define entities are left alone."""
    text = file.ome_metadata if file.is_ome else None
    if not text or len(text) > _MAX_XML or "<!" in text.replace("<!--", ""):
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    return next((element for element in root.iter() if _local(element) == name), None)


def children_named(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the elements of a name right below another, whatever their namespace."""
    return [below for below in element if _local(below) == name]


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _resolution(file: TiffFile, tag: str) -> float:
    """Return pixels per unit, 0 where there is no such number."""
    value = file.pages.first.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or not value[1]:
        return 0.0
    return float(value[0]) / float(value[1])


def number(text: str | None) -> float:
    """Return the number in an attribute, 0 where there is none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
