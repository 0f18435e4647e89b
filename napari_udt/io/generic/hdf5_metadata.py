"""What an HDF5 file of unknown structure says about an array: wavelengths and their unit, fill values, scale, bad bands.

All of it is found by its name, in attributes and in small datasets; what is nearest to the array in the file counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.axes import is_unit_name, is_wavelength_name
from napari_udt.io.positions import axis_of_list, is_unit_of_list
from napari_udt.io.units import (
    MAX_WAVELENGTHS,
    WavelengthList,
    in_texts,
    unit_in_name,
    wavelength_list,
    widths_in_nm,
)
from napari_udt.io.values import (
    StoredValues,
    default_fill,
    is_bad_band_name,
    is_value_name,
    is_width_name,
    marked_bad,
    stated_values,
    states_ignored,
)

_WINDOW = re.compile(r"band_window_\d+(_nanometers)?", re.IGNORECASE)
_MOST_TEXTS, _MAX_TEXT = 2_000, 200
_UNITS = ("units", "Units", "unit", "Unit", "UNITS")


def wavelengths_of(item: Any, path: Path) -> list[WavelengthList]:
    """Return what an object holds of wavelengths: in its attributes, or itself when it is a list of that name."""
    found = [
        wavelength_list(numbers, _unit_beside(item, name, path), name)
        if (numbers := hdf5.attribute_numbers(item, name)) is not None
        else in_texts(hdf5_text.attributes(item, name, path), name, bare=True)
        for name in item.attrs
        if is_wavelength_name(name)
    ]
    if isinstance(item, h5py.Dataset) and is_wavelength_name(item.name) and _is_text_list(item):
        found.append(in_texts((text.decode("utf-8", "replace") for text in item[()]), item.name, bare=True))
    if _is_list(item) and is_wavelength_name(item.name):
        stated = _unit_of_list(item, path) or unit_in_name(item.name)
        found.append(wavelength_list(hdf5.whole(item, path), stated, item.name))
    return [values for values in found if values is not None]


def shared_groups(one: str, other: str) -> int:
    """Return how many groups two names have in common, counted from the root."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def values_of(dataset: h5py.Dataset, path: Path, channels: int) -> StoredValues:
    """Return how an array's stored numbers become values: its own attributes go before those of its groups."""
    said: dict[str, Any] = {}
    item: Any = dataset.file
    for name in ("", *dataset.name.strip("/").split("/")):
        item = item if not name else hdf5.child(item, name)
        if item is None:
            break
        said.update(_stated_in(item, path))
    packing = dataset.id.get_create_plist()
    if not states_ignored(said) and packing.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
        unwritten = default_fill(dataset.fillvalue)
        said |= {} if unwritten is None else {"fill value": unwritten}
    return stated_values(said, channels)


def bad_bands_of(dataset: h5py.Dataset, path: Path, channels: int) -> NDArray[np.bool_] | None:
    """Return which channels a list near an array marks as bad; None where none does."""
    lists = _lists(dataset, path, channels, is_bad_band_name)
    marked = (marked_bad(numbers, channels) for _, numbers in lists)
    return next((bad for bad in marked if bad is not None), None)


def bands_in_windows(dataset: h5py.Dataset, wavelengths_nm: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Return which channels lie in the windows of bad bands that attributes of a group state (NEON: "Band_Window_1_Nanometers")."""
    item, bad = dataset.parent, np.zeros(len(wavelengths_nm), bool)
    for name in item.attrs:
        ends = hdf5.attribute_numbers(item, name) if _WINDOW.fullmatch(name) else None
        if ends is not None and ends.size == 2:
            bad |= (wavelengths_nm >= ends[0]) & (wavelengths_nm <= ends[1])
    return bad if bad.any() and not bad.all() else None


def widths_of(dataset: h5py.Dataset, path: Path, wavelengths: WavelengthList) -> NDArray[np.float64] | None:
    """Return the widths of the channels in nm that a list near an array holds; None where there is none."""
    for unit, numbers in _lists(dataset, path, len(wavelengths), is_width_name):
        widths = widths_in_nm(numbers, wavelengths.nm, unit or wavelengths.unit)
        if widths is not None:
            return widths
    return None


def _stated_in(item: Any, path: Path) -> dict[str, Any]:
    """Return what the attributes of an object, and numbers in a group, say about stored numbers."""
    said: dict[str, Any] = {}
    if isinstance(item, h5py.Group):
        for name, below in hdf5.children(item):
            if is_value_name(name) and isinstance(below, h5py.Dataset) and below.size == 1:
                said[name] = hdf5.numbers_at(item, path, name)
    for name in item.attrs:
        if is_value_name(name):
            numbers = hdf5.attribute_numbers(item, name)
            said[name] = hdf5_text.attribute(item, name, path) if numbers is None else numbers
    return {name: value for name, value in said.items() if value is not None}


def _lists(
    dataset: h5py.Dataset, path: Path, channels: int, is_name: Callable[[str], bool]
) -> list[tuple[str, NDArray[np.float64]]]:
    """Return unit and numbers of the lists of such a name, as long as there are channels, the nearest first."""
    found: list[tuple[int, str, NDArray[np.float64]]] = []
    for item in hdf5.objects(dataset.file):
        near = -shared_groups(item.name, dataset.name)
        for name in item.attrs:
            numbers = hdf5.attribute_numbers(item, name) if is_name(name) else None
            if numbers is not None and numbers.size == channels:
                found.append((near, "", numbers))
        if _is_list(item) and item.size == channels and is_name(item.name):
            found.append(
                (near, _unit_of_list(item, path), hdf5.whole(item, path).astype(np.float64).reshape(-1))
            )
    return [(unit, numbers) for _, unit, numbers in sorted(found, key=lambda entry: entry[0])]


def lists_of(file: h5py.File) -> dict[str, int]:
    """Return names and lengths of the lists of times and depths in a file."""
    return {i.name: i.size for i in hdf5.objects(file) if _is_list(i) and axis_of_list(i.name) is not None}


def unit_of_positions(item: h5py.Dataset, path: Path) -> str:
    """Return the unit that a list of times or depths has, or a text such as "time_units" beside it; empty where none."""
    for name in _UNITS:
        if unit := hdf5_text.attribute(item, name, path):
            return unit
    for name, below in hdf5.children(item.parent):
        if is_unit_of_list(name, item.name) and isinstance(below, h5py.Dataset):
            return hdf5_text.in_dataset(item.parent, name, path) or matlab_text(below, path) or ""
    return ""


def _is_text_list(item: h5py.Dataset) -> bool:
    """Whether it is a short list of texts of fixed length."""
    short = (
        item.ndim == 1
        and 0 < item.size <= _MOST_TEXTS
        and item.dtype.kind == "S"
        and item.dtype.itemsize <= _MAX_TEXT
    )
    return short and not item.is_virtual and not item.external


def _is_list(item: Any) -> bool:
    return (
        isinstance(item, h5py.Dataset)
        and item.ndim in (1, 2)  # MATLAB's lists have a second axis of length one
        and 0 < item.size == max(item.shape) <= MAX_WAVELENGTHS
        and hdf5.is_numeric(item)
    )


def _unit_beside(item: Any, name: str, path: Path) -> str:
    """Return the unit of wavelengths in an attribute: that of an attribute such as "wavelength_units", else in the name."""
    named = [other for other in item.attrs if is_unit_name(other)]
    stated = (hdf5_text.attribute(item, other, path) for other in named)
    return next((unit for unit in stated if unit), "") or unit_in_name(name)


def _unit_of_list(item: h5py.Dataset, path: Path) -> str:
    """Return the unit in the attributes of a list, else in a text beside it; empty where there is none."""
    for text in _unit_texts(item, path):
        if text:
            return text
    return ""


def _unit_texts(item: h5py.Dataset, path: Path) -> Iterator[str | None]:
    for name in _UNITS:
        yield hdf5_text.attribute(item, name, path) or next(
            iter(hdf5_text.attributes(item, name, path)), None
        )
    for holder in (item, item.parent):
        for name in holder.attrs:
            if is_unit_name(name):
                yield hdf5_text.attribute(holder, name, path)
    for name, below in hdf5.children(item.parent):
        if is_unit_name(name) and isinstance(below, h5py.Dataset):
            yield hdf5_text.in_dataset(item.parent, name, path) or matlab_text(below, path)


def matlab_text(item: h5py.Dataset, path: Path) -> str | None:
    """Return text that MATLAB 7.3 stores as the numbers of its characters."""
    if not _is_list(item) or item.dtype.kind != "u" or item.size > 100:
        return None
    return "".join(chr(number) for number in hdf5.whole(item, path).reshape(-1) if 0 < number < 0x110000)
