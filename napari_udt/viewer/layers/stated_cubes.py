"""Cubes in the layers of other plugins, whose metadata state the wavelengths. napari is not imported here.

Our own pictures carry the same plain entries for other plugins (:func:`plain_metadata`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.units import wavelength_list

WAVELENGTHS_KEY = "wavelengths_nm"
_LARGEST_BYTES = 1_000_000_000


def plain_metadata(cube: SpectralCube) -> dict[str, Any]:
    """Return what other plugins need to know about a cube's picture, in plain numbers and text.

    The picture's first axis runs over an even grid of wavelengths, in nm by scale and translation; these are the cube's own.
    """
    return {
        WAVELENGTHS_KEY: [float(value) for value in cube.wavelengths_nm],
        "modality": cube.modality,
        "domain": cube.domain,
        "quantity": cube.quantity,
        "pixel_size_mm": None if cube.pixel_size_mm is None else [float(v) for v in cube.pixel_size_mm],
    }


def stated_cube(name: str, data: Any, metadata: Mapping[str, Any]) -> SpectralCube | None:
    """Return the cube in a layer's data, where its metadata state one wavelength per entry of an axis.

    Parameters
    ----------
    name : str
    data : array, three axes
        The wavelengths may run along any of them; where several fit, along the last.
    metadata : mapping
        ``wavelengths_nm``, or ``wavelengths`` with ``wavelength_unit``; ``modality``, ``domain``, ``quantity`` and
        ``pixel_size_mm`` are taken where they are valid.

    Returns
    -------
    SpectralCube or None
        None where nothing is stated, it does not fit, or the array is larger than 1 GB.
    """
    unit = "nm" if WAVELENGTHS_KEY in metadata else metadata.get("wavelength_unit")
    values = metadata.get(WAVELENGTHS_KEY, metadata.get("wavelengths"))
    shape = tuple(getattr(data, "shape", ()))
    if values is None or len(shape) != 3 or np.prod(shape, dtype=float) * 4 > _LARGEST_BYTES:
        return None
    found = wavelength_list(values, None if unit is None else str(unit), WAVELENGTHS_KEY)
    axes = [axis for axis in (2, 0, 1) if found is not None and len(found) == shape[axis]]
    if found is None or found.doubt or not axes:
        return None
    order = np.argsort(found.nm)
    cube = np.moveaxis(np.asarray(data, dtype=np.float32), axes[0], 2)[..., order]
    stated: dict[str, Any] = {"modality": "HSI"} | {
        key: metadata[key] for key in ("modality", "domain", "quantity", "pixel_size_mm") if metadata.get(key)
    }
    for more in (stated, {"modality": "HSI"}):
        try:
            return SpectralCube(data=cube, wavelengths_nm=found.nm[order], name=name, **more)
        except (CubeError, TypeError, ValueError):
            continue
    return None
