"""Label and oxygenation maps of a SIMPA file, laid over an image of it.

The maps cover the simulated volume; a reconstruction covers the detector's field of view, which is a part of it and may
have pixels of another size. The field of view starts at the detection geometry's position plus its extent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.extras import Extras

CLASSES = {
    -1: "generic",
    0: "air",
    1: "muscle",
    2: "bone",
    3: "blood",
    4: "epidermis",
    5: "dermis",
    6: "fat",
    7: "ultrasound gel",
    8: "water",
    9: "heavy water",
    10: "coupling artifact",
    11: "mediprene",
    12: "soft tissue",
    13: "lymph node",
}


# A map may be larger than the picture, but not by any factor.
_MANY_PIXELS = 8_000_000
_LARGEST_SHARE = 64


@dataclass(frozen=True)
class Geometry:
    """Where an image lies in the simulated volume.

    Parameters
    ----------
    voxel_mm : float, optional
        Side of a voxel of the volume.
    pixel_mm : float, optional
        Side of a pixel of the image.
    start_mm : array (3,), optional
        Corner (x, y, z) of the field of view; None when the file lacks it.
    """

    voxel_mm: float | None
    pixel_mm: float | None
    start_mm: NDArray[np.float64] | None


def geometry(extras: Extras, file: h5py.File, path: Path, reconstructed: bool) -> Geometry:
    """Read the sizes of voxels and pixels, and the direction of the device."""
    settings = hdf5.child_group(file, "settings")
    settings = settings and (hdf5.child_group(settings, "Settings") or settings)

    def size(*names: str) -> float | None:
        return settings and extras.attempt("Pixel size", lambda: _positive(settings, path, *names))

    voxel = pixel = size("voxel_spacing_mm")
    if reconstructed:
        model = "reconstruction_model_settings"
        pixel = size(model, "Settings", "voxel_spacing_mm") or size(model, "voxel_spacing_mm") or voxel
    start = extras.attempt("Place of the field of view", lambda: _field_of_view_start_mm(file, path))
    return Geometry(voxel, pixel, start)


def take(
    extras: Extras, root: h5py.Group, path: Path, where: Geometry, shape: tuple[int, ...], plane: int | None
) -> str:
    """Take the maps that belong to an image of the given stored shape, (x, z) or (x, y, z) at one plane y.

    Returns how they were laid over it; empty where they have its size.
    """
    properties = hdf5.child_group(root, "simulation_properties")
    if properties is None:
        return ""
    overlay = _Overlay(properties, path, where, shape, plane)
    extras.labels(lambda: overlay.picture("seg"), CLASSES, "seg")
    blood = extras.attempt("Blood volume", lambda: overlay.picture("bvf"))
    extras.oxygenation(lambda: overlay.oxygenation(blood))
    return overlay.alignment


@dataclass
class _Overlay:
    """Cuts what an image shows out of the maps of the volume."""

    properties: h5py.Group
    path: Path
    where: Geometry
    shape: tuple[int, ...]
    plane: int | None
    alignment: str = ""

    def oxygenation(self, blood: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Return the oxygenation, NaN where there is no blood."""
        found = self.picture("oxy")
        return found if found is None or blood is None else np.where(blood > 0, found, np.nan)

    def picture(self, name: str) -> NDArray[np.float64] | None:
        """Return a map, shape (rows, columns), NaN outside the volume; None where the file lacks it."""
        dataset = _map_dataset(self.properties, self.path, name)
        if dataset is None:
            return None
        cut = (
            (slice(None), slice(None))
            if dataset.ndim == 2
            else (slice(None), self._y(dataset.shape[1]), slice(None))
        )
        picture_shape = (self.shape[0], self.shape[-1])
        pixels = dataset.shape[0] * dataset.shape[-1]
        if pixels > max(_MANY_PIXELS, _LARGEST_SHARE * picture_shape[0] * picture_shape[1]):
            raise CubeError(
                f"{self.path}: {dataset.name} declares {pixels:,} pixels of a plane for a picture of shape {picture_shape}; "
                "that is far more than it can show."
            )
        values = hdf5.part(dataset, self.path, cut).astype(np.float64)
        if values.shape == picture_shape:
            return values.T
        x, z = self._columns_and_rows(values.shape, picture_shape)
        inside = ((x >= 0) & (x < values.shape[0]))[:, None] & ((z >= 0) & (z < values.shape[1]))[None, :]
        clipped = values[np.ix_(x.clip(0, values.shape[0] - 1), z.clip(0, values.shape[1] - 1))]
        return np.where(inside, clipped, np.nan).T

    def _y(self, length: int) -> int:
        """Return the plane of the volume that the image shows."""
        start, voxel = self.where.start_mm, self.where.voxel_mm
        first = start[1] / voxel if start is not None and voxel is not None else None
        if self.plane is None:
            return length // 2 if first is None else int(np.clip(int(first), 0, length - 1))
        if length == self.shape[1]:
            return self.plane
        first = (length - self.shape[1] * self._step) / 2 if first is None else first
        return int(np.clip(int(first + (self.plane + 0.5) * self._step), 0, length - 1))

    @property
    def _step(self) -> float:
        """Voxels of the volume in a pixel of the image."""
        voxel, pixel = self.where.voxel_mm, self.where.pixel_mm
        return 1.0 if voxel is None or pixel is None else pixel / voxel

    def _columns_and_rows(
        self, volume: tuple[int, ...], picture: tuple[int, int]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the voxel at which each column (x) and row (z) of the picture lies."""
        start, voxel, step = self.where.start_mm, self.where.voxel_mm, self._step
        offsets = [np.floor((np.arange(n) + 0.5) * step).astype(np.intp) for n in picture]
        if start is None or voxel is None:
            self.alignment = "centring: the file does not say where the field of view lies"
            first = [int((n - m * step) / 2) for n, m in zip(volume, picture, strict=True)]
        else:
            self.alignment = "the device's field of view"
            first = [int(start[axis] / voxel + 1e-6) for axis in (0, 2)]
        return offsets[0] + first[0], offsets[1] + first[1]


def _map_dataset(properties: h5py.Group, path: Path, name: str) -> h5py.Dataset | None:
    """Return a map; the oldest files keep one per wavelength, all alike. ``CubeError`` where it is no map."""
    found = hdf5.optional_dataset(properties, path, name)
    if found is None:
        below = (
            hdf5.child_dataset(properties, wavelength, name) for wavelength, _ in hdf5.children(properties)
        )
        found = next((dataset for dataset in below if dataset is not None), None)
    if found is not None and hdf5.checked(found, path).ndim not in (2, 3):
        raise CubeError(f"{path}: {found.name} has the shape {found.shape}; expected (x, z) or (x, y, z).")
    return found


def _field_of_view_start_mm(file: h5py.File, path: Path) -> NDArray[np.float64] | None:
    devices = hdf5.child_group(file, "digital_device")
    device = None if devices is None else only_group(devices)
    if device is None:
        return None
    holder = hdf5.child_group(device, "detection_geometry")
    detector = device if holder is None else only_group(holder) or holder
    position = hdf5.numbers_at(detector, path, "device_position_mm")
    extent = hdf5.numbers_at(detector, path, "field_of_view_extent_mm")
    if position is None or extent is None or position.size != 3 or extent.size != 6:
        return None
    start = position + extent[::2]
    return start if np.all(np.isfinite(start)) else None


def only_group(group: h5py.Group) -> h5py.Group | None:
    """Return the first group below: what SIMPA keeps an object of one class in."""
    return next((item for _, item in hdf5.children(group) if isinstance(item, h5py.Group)), None)


def _positive(group: h5py.Group, path: Path, *names: str) -> float | None:
    values: Any = hdf5.numbers_at(group, path, *names)
    return (
        float(values[0])
        if values is not None
        and np.all(np.isfinite(values))
        and values.min(initial=np.inf) > 0
        and values.size
        else None
    )
