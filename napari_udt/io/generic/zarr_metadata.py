"""What a Zarr folder says about its arrays: axes, wavelengths, pixel size, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.errors import CubeError
from napari_udt.io.axes import is_label_name, is_unit_name, is_wavelength_name
from napari_udt.io.units import WavelengthList, first_fitting, unit_in_name, wavelength_list
from napari_udt.io.values import numbers_in

MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
LABELS = "labels"
OXYGENATION = "oxygenation"
OWN = "napari_udt"
INSTALL = "install the library for it with `pip install napari-udt[formats]`"

_MAX_ARRAYS = 200
_MAX_TEXT = 4_000_000  # bytes of a metadata file
_MOST_WAVELENGTHS = 2_000
_MM = {
    "nanometer": 1e-6,
    "micrometer": 1e-3,
    "µm": 1e-3,
    "um": 1e-3,
    "millimeter": 1.0,
    "mm": 1.0,
    "centimeter": 10.0,
    "cm": 10.0,
    "meter": 1e3,
    "m": 1e3,
}
_LABEL_NM = re.compile(r"(\d+(?:\.\d+)?)\s*nm\b", re.IGNORECASE)
_TIME, _SLICE = ("t", "time", "frame"), ("z", "depth", "slice")


@dataclass(frozen=True)
class Stored:
    """One array of a folder with what is known about it.

    Parameters
    ----------
    name : str
        Path within the folder; empty for the folder itself.
    shape : tuple of int
    axes : tuple of str
        Names, in lower case; empty where none are stated.
    lists : tuple of WavelengthList
        What may be its wavelengths, the nearest first.
    attributes : mapping
        Of the groups above it and its own, the nearest winning.
    scale : mapping of str to float
        Pixel size in mm of the axes that have one.
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    lists: tuple[WavelengthList, ...]
    attributes: Mapping[str, Any]
    scale: Mapping[str, float]

    @property
    def held(self) -> dict[str, int]:
        """Axes of frames and slices, by their kind."""
        kinds = {"t": _TIME, "z": _SLICE}
        return {k: i for k, names in kinds.items() for i, axis in enumerate(self.axes) if axis in names}

    @property
    def wavelengths(self) -> tuple[WavelengthList | None, str]:
        """The list that fits an axis, and what is in doubt about others."""
        return first_fitting(self.lists, lambda found: len(found) in self.shape)

    def numbers(self, is_name: Callable[[str], bool], count: int) -> list[float]:
        """Return the numbers in an attribute of such a name, one for each channel; empty where there is none."""
        lists = (numbers_in(value) for name, value in self.attributes.items() if is_name(name))
        return next((numbers for numbers in lists if len(numbers) == count), [])


def is_labels(name: str) -> bool:
    """Whether an array of this name holds class numbers: by its name, or by its place below "labels" (OME)."""
    return is_label_name(name) or f"/{LABELS}/" in f"/{name}/"


def arrays(path: Path) -> list[Stored]:
    """Return the arrays of three to five axes, full resolution first."""
    store = opened(path)
    everything = list(members(store))
    beside = [
        found
        for name, array in everything
        if array.ndim == 1
        and array.shape[0] <= _MOST_WAVELENGTHS
        and is_wavelength_name(name.rsplit("/", 1)[-1])
        if (found := _list_of(name, array)) is not None
    ]
    pictures: list[Stored] = []
    for name, array in everything:
        if not 3 <= array.ndim <= 5 or 0 in array.shape or array.dtype.kind not in "fiub":
            continue
        if is_labels(name):
            continue
        pictures.append(_described(store, name, array, beside))
    return sorted(pictures, key=lambda one: -int(np.prod(one.shape)))


def _described(store: Any, name: str, array: Any, beside: list[WavelengthList]) -> Stored:
    attributes: dict[str, Any] = dict(store.attrs)
    above = ""
    for part in name.split("/")[:-1]:
        above = f"{above}/{part}".strip("/")
        attributes.update(dict(store[above].attrs))
    attributes.update(dict(array.attrs))
    ome = attributes.get("ome", attributes)
    scales = ome.get("multiscales") if isinstance(ome, Mapping) else None
    first = scales[0] if isinstance(scales, list) and scales and isinstance(scales[0], Mapping) else {}
    axes = [entry for entry in first.get("axes", []) if isinstance(entry, Mapping)]
    names = tuple(str(entry.get("name", "")).lower() for entry in axes)
    if not names:
        stated = attributes.get("_ARRAY_DIMENSIONS") or getattr(array.metadata, "dimension_names", None) or ()
        names = tuple(str(axis).lower() for axis in stated)
    if len(names) != array.ndim:
        names = ()
    return Stored(
        name,
        tuple(array.shape),
        names,
        tuple(_lists(attributes, ome, beside)),
        attributes,
        _scale(first, name, axes),
    )


def _lists(attributes: Mapping[str, Any], ome: Any, beside: list[WavelengthList]) -> Iterator[WavelengthList]:
    unit = next((str(v) for k, v in attributes.items() if is_unit_name(k)), "")
    for name, value in attributes.items():
        if is_wavelength_name(name) and isinstance(value, list | tuple):
            found = wavelength_list(value, unit or unit_in_name(name), name)
            if found is not None:
                yield found
    channels = ome.get("omero", {}).get("channels", []) if isinstance(ome, Mapping) else []
    matches = [
        _LABEL_NM.search(str(entry.get("label", ""))) for entry in channels if isinstance(entry, Mapping)
    ]
    if matches and all(matches):
        yield WavelengthList(np.array([float(match[1]) for match in matches if match]))
    yield from beside


def _scale(multiscale: Mapping[str, Any], name: str, axes: list[Mapping[str, Any]]) -> dict[str, float]:
    """Return the pixel size in mm of the axes with a unit of length."""
    last = name.rsplit("/", 1)[-1]
    for entry in multiscale.get("datasets", []):
        if not isinstance(entry, Mapping) or str(entry.get("path", "")).strip("/") not in (name, last):
            continue
        for step in entry.get("coordinateTransformations", []):
            numbers = numbers_in(step.get("scale", [])) if step.get("type") == "scale" else []
            if len(numbers) == len(axes):
                return {
                    str(axis.get("name", "")).lower(): number * _MM[str(axis.get("unit"))]
                    for axis, number in zip(axes, numbers, strict=True)
                    if str(axis.get("unit")) in _MM and number > 0
                }
    return {}


def _list_of(name: str, array: Any) -> WavelengthList | None:
    attributes = dict(array.attrs)
    unit = next((str(attributes[key]) for key in ("units", "unit") if key in attributes), "")
    last = name.rsplit("/", 1)[-1]
    return wavelength_list(np.asarray(array[...]), unit or unit_in_name(last), last)


def opened(path: Path) -> Any:
    """Open a folder for reading.

    Raises
    ------
    CubeError
        When the library is missing, or a metadata file is no ordinary file or unreasonably large.
    """
    try:
        import zarr
    except ImportError as error:
        raise CubeError(f"{path}: this is a Zarr folder; {INSTALL}.") from error
    for name in MARKS:
        file = path / name
        if file.exists() and (not file.is_file() or file.stat().st_size > _MAX_TEXT):
            raise CubeError(f"{path}: {name} is no ordinary file, or has more than {_MAX_TEXT:,} bytes.")
    store = zarr.open(str(path), mode="r")
    return store if isinstance(store, zarr.Group) else _Alone(store)


class _Alone:
    """A folder that is one array, in the form of a group."""

    def __init__(self, array: Any) -> None:
        self.attrs: dict[str, Any] = {}
        self.array = array

    def members(self, max_depth: int | None = None) -> list[tuple[str, Any]]:
        del max_depth
        return [("", self.array)]

    def __getitem__(self, name: str) -> Any:
        return self.array


def members(store: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of an opened folder with their paths in it.

    Raises
    ------
    CubeError
        When there are more than 200: it is a plate or a collection, not a picture.
    """
    count = 0
    for name, item in store.members(max_depth=None):
        if hasattr(item, "shape"):
            count += 1
            if count > _MAX_ARRAYS:
                raise CubeError(
                    f"The folder holds more than {_MAX_ARRAYS} arrays; open the folder of one picture."
                )
            yield name, item
