"""What a Zarr folder says about its arrays: axes, wavelengths, pixel size, names."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io.array_axes import ArrayAxes, axes_of, is_name_of_axes, split_names
from napari_udt.io.axes import is_label_name, is_unit_name, is_wavelength_name
from napari_udt.io.positions import evenly_spaced, named_axis, per_unit, stated_positions
from napari_udt.io.units import WavelengthList, first_fitting, unit_in_name, wavelength_list
from napari_udt.io.values import default_fill, is_value_name, numbers_in, states_ignored
from napari_udt.series import Axis

MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
LABELS = "labels"
OXYGENATION = "oxygenation"
OWN = "napari_udt"
INSTALL = "install the library for it with `pip install napari-udt[formats]`"

_MAX_ARRAYS = 200
_MAX_TEXT = 4_000_000  # bytes of a metadata file
_MOST_WAVELENGTHS = 2_000
_CODED = 12  # letters in base 64 of the eight bytes of a number
_LABEL_NM = re.compile(r"(\d+(?:\.\d+)?)\s*nm\b", re.IGNORECASE)


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
        Distance of neighbours along the axes that state one: mm, along time s.
    coordinates : mapping of str to array
        Places of the entries along axes that have a list beside them, in the same units.
    unwritten : float, optional
        What places read as that were never written, where it can be no value.
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    lists: tuple[WavelengthList, ...]
    attributes: Mapping[str, Any]
    scale: Mapping[str, float]
    coordinates: Mapping[str, NDArray[np.float64]]
    unwritten: float | None = None

    @property
    def said_of_values(self) -> dict[str, Any]:
        """What attributes say about the stored numbers, and what places without a chunk read as where that is no value."""
        said = {name: _plain_number(v) for name, v in self.attributes.items() if is_value_name(name)}
        if self.unwritten is not None and not states_ignored(said):
            said["fill value"] = self.unwritten
        return said

    @property
    def array_axes(self) -> ArrayAxes | None:
        """Which axes are time and depth; None where the others are not three."""
        return axes_of(self.shape, [self.axes], {}, None)

    def positions(self, axis: Axis, place: int) -> NDArray[np.float64] | None:
        """Return where the entries along an axis lie: as a list says, else at equal distances; None if nothing does."""
        name, count = self.axes[place], self.shape[place]
        listed = self.coordinates.get(name)
        return listed if listed is not None else evenly_spaced(self.scale.get(name), count)

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
        one = _described(store, name, array, beside)
        known = one.array_axes
        listed = {
            one.axes[place]: values
            for kind, place in (known.held.items() if known is not None else ())
            if (values := _coordinate(everything, one, kind, place)) is not None
        }
        pictures.append(replace(one, coordinates=listed))
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
        stated = getattr(array.metadata, "dimension_names", None) or next(
            (value for key, value in attributes.items() if is_name_of_axes(key)), ()
        )
        names = tuple(word.lower() for word in split_names(stated) if isinstance(stated, str | list | tuple))
    if len(names) != array.ndim:
        names = ()
    return Stored(
        name,
        tuple(array.shape),
        names,
        tuple(_lists(attributes, ome, beside)),
        attributes,
        _scale(first, name, axes),
        {},
        default_fill(array.fill_value),
    )


def _plain_number(value: Any) -> Any:
    """Return what xarray keeps of a fill value in Zarr 3: eight bytes as text in base 64."""
    if isinstance(value, str) and len(value) == _CODED:
        with suppress(ValueError, struct.error):
            return struct.unpack("<d", base64.standard_b64decode(value))[0]
    return value


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
    """Return the distance of neighbours along the axes with a unit: mm, along time s."""
    last = name.rsplit("/", 1)[-1]
    for entry in multiscale.get("datasets", []):
        if not isinstance(entry, Mapping) or str(entry.get("path", "")).strip("/") not in (name, last):
            continue
        for step in entry.get("coordinateTransformations", []):
            numbers = numbers_in(step.get("scale", [])) if step.get("type") == "scale" else []
            if len(numbers) == len(axes):
                return {
                    name: number * one
                    for axis, number in zip(axes, numbers, strict=True)
                    if (
                        one := per_unit(
                            str(axis.get("unit")),
                            named_axis(name := str(axis.get("name", "")).lower()) or "depth",
                        )
                    )
                    is not None
                    and number > 0
                }
    return {}


def _coordinate(
    everything: list[tuple[str, Any]], one: Stored, kind: Axis, place: int
) -> NDArray[np.float64] | None:
    """Return the list of an axis's name beside an array, in mm or s; None where there is none with a known unit."""
    wanted = "/".join([*one.name.split("/")[:-1], one.axes[place]]).casefold()
    for name, array in everything:
        if name.casefold() == wanted and array.shape == (one.shape[place],):
            attributes = dict(array.attrs)
            unit = str(attributes.get("units", attributes.get("unit", "")))
            return stated_positions(np.asarray(array[...]), unit, kind, one.shape[place])
    return None


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
