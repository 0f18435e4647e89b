"""Names of an HDF5 array's axes: the dimension scales that NetCDF, xarray and h5py attach, and texts beside the array.

Scales list the arrays they are attached to (``REFERENCE_LIST``). The list that an array keeps of its scales has a variable length, and is
left alone: see :mod:`napari_udt.files.hdf5_strings` on why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.array_axes import is_name_of_axes, split_names
from napari_udt.io.generic import hdf5_metadata

_MOST_ARRAYS = 1_000  # that one scale is attached to


def scales(file: h5py.File, path: Path) -> dict[str, dict[int, str]]:
    """Return the scale of each axis of the arrays in a file: by the array's name and the axis, the scale's name."""
    found: dict[str, dict[int, str]] = {}
    for item in hdf5.objects(file):
        if isinstance(item, h5py.Dataset) and hdf5_text.attribute(item, "CLASS", path) == "DIMENSION_SCALE":
            for array, axis in _attached(item):
                found.setdefault(array, {})[axis] = item.name
    return found


def names_in(item: h5py.Dataset | h5py.Group, path: Path) -> list[list[str]]:
    """Return what attributes called "dims", "axes" (NeXus), "DIMENSION_LABELS" or the like say."""
    stated = [hdf5_text.attributes(item, name, path) for name in item.attrs if is_name_of_axes(name)]
    return [split_names(words[0] if len(words) == 1 else words) for words in stated if words]


def names_beside(group: h5py.Group, path: Path) -> list[list[str]]:
    """Return what attributes of a group and texts in it say about the axes of the arrays in it."""
    found = names_in(group, path)
    for name, below in hdf5.children(group):
        if is_name_of_axes(name) and isinstance(below, h5py.Dataset):
            text = hdf5_text.in_dataset(group, name, path) or hdf5_metadata.matlab_text(below, path)
            found.append(split_names(text or ""))
    return found


def _attached(scale: h5py.Dataset) -> Iterator[tuple[str, int]]:
    """Go through the arrays that a scale belongs to, each with its axis."""
    if "REFERENCE_LIST" not in scale.attrs:
        return
    held = scale.attrs.get_id("REFERENCE_LIST")
    if held.dtype.names != ("dataset", "dimension") or len(held.shape) != 1 or held.shape[0] > _MOST_ARRAYS:
        return
    for reference, axis in scale.attrs["REFERENCE_LIST"]:
        try:
            array = scale.file[reference]
        except (ValueError, KeyError, RuntimeError, TypeError):
            continue  # of an array that is gone
        if isinstance(array, h5py.Dataset):
            yield array.name, int(axis)
