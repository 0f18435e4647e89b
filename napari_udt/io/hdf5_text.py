"""Safe reading of strings in untrusted HDF5 files, see :mod:`napari_udt.files.hdf5_strings`."""

from __future__ import annotations

from pathlib import Path

import h5py

from napari_udt.files.hdf5_strings import attribute, attributes, fixed, is_safe, text
from napari_udt.io.hdf5 import child_dataset

__all__ = ["attribute", "attributes", "fixed", "in_dataset", "text"]


def in_dataset(group: h5py.Group, name: str, path: Path) -> str | None:
    """Return the string in a scalar dataset, None where there is none that can be read safely."""
    found = child_dataset(group, name)
    if found is None or found.shape != () or not is_safe(found.dtype, path, found):
        return None
    if found.is_virtual or found.external:  # HDF5 2.0 ends the program when it reads a virtual one of no axes
        return None
    return text(found[()])
