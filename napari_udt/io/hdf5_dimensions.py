"""Names of an HDF5 array's axes: the dimension scales that NetCDF, xarray and h5py attach.

Scales list the arrays they are attached to (``REFERENCE_LIST``). The list that an array keeps of its scales has a variable length, and is
left alone: see :mod:`napari_udt.files.hdf5_strings` on why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.positions import named_axis
from napari_udt.series import Axis

_MOST_ARRAYS = 1_000  # that one scale is attached to


def scales(file: h5py.File, path: Path) -> dict[str, dict[int, str]]:
    """Return the scale of each axis of the arrays in a file: by the array's name and the axis, the scale's name."""
    found: dict[str, dict[int, str]] = {}
    for item in hdf5.objects(file):
        if isinstance(item, h5py.Dataset) and hdf5_text.attribute(item, "CLASS", path) == "DIMENSION_SCALE":
            for array, axis in _attached(item):
                found.setdefault(array, {})[axis] = item.name
    return found


def along(axes: dict[int, str], ndim: int) -> dict[Axis, int]:
    """Return which axes of an array are time and depth, by their scales' names, in this order."""
    kinds = {named_axis(name.rsplit("/", 1)[-1]): axis for axis, name in axes.items() if axis < ndim}
    return {kind: kinds[kind] for kind in ("time", "depth") if kind in kinds}


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
