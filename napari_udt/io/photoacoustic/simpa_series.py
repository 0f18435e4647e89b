"""Raw time series of a SIMPA file, with the detectors that its digital device describes by a few numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.contract import Frame
from napari_udt.io.extras import Extras
from napari_udt.io.hdf5_sources import Hdf5StackSource
from napari_udt.io.photoacoustic import simpa_maps
from napari_udt.io.photoacoustic.time_series import Array, Recording
from napari_udt.reconstruction import ImagePlane

MAX_DETECTORS = 20_000


def recording(
    file: h5py.File,
    root: h5py.Group,
    path: Path,
    series: list[tuple[float, h5py.Dataset]],
    metadata: dict[str, Any],
) -> Recording:
    """Return the recording; ``series`` holds each wavelength [nm] with its dataset (detectors, samples).

    Raises
    ------
    CubeError
        When the detectors or the sampling rate are missing, or the wavelengths' recordings differ in shape.
    """
    shapes = {hdf5.checked(dataset, path).shape for _, dataset in series}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise CubeError(
            f"{path}: time_series_data have the shapes {sorted(shapes)}; expected one (detectors, samples)."
        )
    geometry = _geometry(file)
    settings = _settings(file)
    if geometry is None or settings is None:
        raise CubeError(
            f"{path}: the time series lack settings or digital_device, so nothing can be reconstructed."
        )
    source = Hdf5StackSource(path, [dataset for _, dataset in series])
    speed, extras = hdf5.child_dataset(root, "simulation_properties", "sos"), Extras(path)
    where = simpa_maps.geometry(extras, file, path, reconstructed=True)
    speed_m_per_s = None if speed is None else extras.attempt("Speed of sound", lambda: _mean(speed, path))
    return Recording(
        (1, len(series), *next(iter(shapes))),
        partial(_signals, source),
        np.array([wavelength for wavelength, _ in series]),
        _detectors_mm(geometry, path),
        _sampling_rate_mhz(settings, geometry, path),
        speed_m_per_s,
        "the mean of the file's speeds of sound",
        bounds_mm=_bounds_mm(geometry, path),
        pixel_mm=where.pixel_mm,
        up=-1,
        turned=False,
        domain="simulated",
        metadata={**metadata, "remarks": extras.remarks},
        maps=partial(_take_maps, path, root.name, where),
    )


def _signals(source: Hdf5StackSource, _frame: int) -> np.ndarray:
    signals = source.read((slice(None), slice(None), slice(None)))
    source.close()
    return signals


def _take_maps(
    path: Path, root_name: str, where: simpa_maps.Geometry, extras: Extras, plane: ImagePlane, _frame: Frame
) -> None:
    """Take labels and oxygenation of what the preview shows."""
    rows, columns = plane.shape
    here = replace(where, pixel_mm=plane.pixel_mm)
    if here.start_mm is not None:
        here = replace(here, start_mm=plane.lower_corner_mm)
    with hdf5.opened(path) as file:
        simpa_maps.take(extras, file[root_name], path, here, (columns, rows), None)


def _settings(file: h5py.File) -> h5py.Group | None:
    settings = hdf5.child_group(file, "settings")
    return settings and (hdf5.child_group(settings, "Settings") or settings)


def _geometry(file: h5py.File) -> h5py.Group | None:
    """Return the group of the detection geometry; a device may be one itself."""
    devices = hdf5.child_group(file, "digital_device")
    device = None if devices is None else simpa_maps.only_group(devices)
    holder = None if device is None else hdf5.child_group(device, "detection_geometry")
    return device if holder is None else simpa_maps.only_group(holder)


def _detectors_mm(geometry: h5py.Group, path: Path) -> Array:
    """Return absolute positions of curved, straight and planar arrays, as SIMPA's classes define them."""
    kind = geometry.name.rsplit("/", 1)[-1]
    pitch = _number(geometry, path, "pitch_mm")
    if kind.startswith("Planar"):
        across, along = (_places(geometry, path, f"number_detector_elements_{a}", pitch) for a in "xy")
        if len(across) * len(along) > MAX_DETECTORS:
            raise CubeError(
                f"{path}: the device has {len(across) * len(along):,} detector elements; expected at most {MAX_DETECTORS:,}."
            )
        # x changes fastest
        positions = np.column_stack(
            [np.tile(across, len(along)), np.repeat(along, len(across)), np.zeros(len(across) * len(along))]
        )
    elif kind.startswith("Curved"):
        radius = _number(geometry, path, "radius_mm")
        along = _places(geometry, path, "number_detector_elements", pitch)
        angles = along / radius - _number(geometry, path, "angular_origin_offset", positive=False)
        positions = radius * np.column_stack([np.sin(angles), np.zeros(len(along)), np.cos(angles)])
    elif kind.startswith("Linear"):
        along = _places(geometry, path, "number_detector_elements", pitch)
        positions = np.column_stack([along, np.zeros((len(along), 2))])
    else:
        raise CubeError(
            f"{path}: detectors of a {kind} cannot be previewed; curved, linear and planar arrays can."
        )
    place = hdf5.numbers_at(geometry, path, "device_position_mm")
    return positions if place is None or place.size != 3 else positions + place


def _places(geometry: h5py.Group, path: Path, name: str, pitch_mm: float) -> Array:
    """Return places [mm] of a row of detectors around its middle, one every ``pitch_mm``."""
    count = int(_number(geometry, path, name))
    if not 1 <= count <= MAX_DETECTORS:
        raise CubeError(
            f"{path}: the device has {count:,} detector elements; expected at most {MAX_DETECTORS:,}."
        )
    return np.asarray((np.arange(count) - (count - 1) / 2) * pitch_mm, np.float64)


def _bounds_mm(geometry: h5py.Group, path: Path) -> Array | None:
    place = hdf5.numbers_at(geometry, path, "device_position_mm")
    extent = hdf5.numbers_at(geometry, path, "field_of_view_extent_mm")
    if place is None or extent is None or place.size != 3 or extent.size != 6:
        return None
    return extent.reshape(3, 2) + place[:, None]


def _sampling_rate_mhz(settings: h5py.Group, geometry: h5py.Group, path: Path) -> float:
    """Return the rate of the acoustic simulation where it had its own, else the device's."""
    step_s = hdf5.numbers_at(settings, path, "dt_acoustic_sim")
    if step_s is not None and step_s.size == 1 and step_s[0] > 0:
        return float(1e-6 / step_s[0])
    return _number(geometry, path, "sampling_frequency_MHz")


def _mean(dataset: h5py.Dataset, path: Path) -> float | None:
    value = float(np.mean(hdf5.whole(dataset, path))) if hdf5.is_numeric(dataset) else np.nan
    return value if 300 <= value <= 7000 else None


def _number(group: h5py.Group, path: Path, name: str, positive: bool = True) -> float:
    values = hdf5.numbers_at(group, path, name)
    if values is None or values.size != 1 or not np.isfinite(values[0]) or (positive and values[0] <= 0):
        expected = "positive number" if positive else "number"
        raise CubeError(
            f"{path}: {group.name}/{name} is missing or no {expected}, so nothing can be reconstructed."
        )
    return float(values[0])
