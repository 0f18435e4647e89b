"""The IPASC format: raw photoacoustic time series of any device (Groehl et al., Photoacoustics 26, 100339, 2022).

``binary_time_series_data`` is (detectors, samples, wavelengths, frames), the last two may be absent; lengths are in
metres, also wavelengths. z is the depth and grows downwards, away from the detectors. A missing value is the string "None".
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.errors import CubeError
from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.photoacoustic import time_series
from napari_udt.io.photoacoustic.time_series import Array, Recording
from napari_udt.io.positions import usable_positions
from napari_udt.io.units import wavelengths_in_nm

SERIES = "binary_time_series_data"
MAX_DETECTORS = 20_000

_METRE_MM = 1e3
_Shape = tuple[int, int, int, int]


def sniff(path: Path) -> Match:
    """Whether there are time series beside the groups of metadata; without wavelengths these must be given."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        if hdf5.child_dataset(file, SERIES) is None or hdf5.child_group(file, "meta_data") is None:
            return Match.NO
        return Match.NEEDS_METADATA if _wavelengths_nm(file, path) is None else Match.YES


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return previews of the frames: the file holds no picture."""
    with hdf5.opened(path) as file:
        count = _shape(_series(file, path))[0]
    return list(time_series.candidates(path, options, count, partial(_recording, path), alternative=False))


def _series(file: h5py.File, path: Path) -> h5py.Dataset:
    series = hdf5.child_dataset(file, SERIES)
    if series is None or not 2 <= series.ndim <= 4:
        found = "nothing" if series is None else f"an array with {series.ndim} axes"
        raise CubeError(
            f"{path}: found {found} under {SERIES}; expected (detectors, samples, wavelengths, frames)."
        )
    return hdf5.checked(series, path)


def _shape(series: h5py.Dataset) -> _Shape:
    """Return frames, wavelengths, detectors, samples."""
    detectors, samples, wavelengths, count = (*series.shape, 1, 1)[:4]
    return count, wavelengths, detectors, samples


def _recording(path: Path) -> Recording:
    with hdf5.opened(path) as file:
        series = _series(file, path)
        shape = _shape(series)
        extras = Extras(path)
        rate = _number(file, path, "ad_sampling_rate")
        if rate is None:
            raise CubeError(
                f"{path}: the sampling rate is missing; expected meta_data/ad_sampling_rate [Hz]."
            )
        return Recording(
            shape,
            partial(_frame, path),
            _wavelengths_nm(file, path),
            _detectors_mm(file, path, shape[2]),
            rate / 1e6,
            extras.attempt("Speed of sound", lambda: _number(file, path, "speed_of_sound")),
            "the file's speed_of_sound",
            bounds_mm=extras.attempt("Field of view", lambda: _bounds_mm(file, path)),
            energy=extras.attempt("Energies of the pulses", lambda: _energy(file, path, shape)),
            energy_source="pulse_energy",
            up=-1,
            metadata={**_metadata(file, path), "remarks": extras.remarks},
            times_s=extras.attempt("Times of the frames", lambda: _times_s(file, path, shape)),
        )


def _frame(path: Path, frame: int) -> np.ndarray:
    with hdf5.opened(path) as file:
        series = _series(file, path)
        everything = (slice(None), slice(None), slice(None), frame)
        part = hdf5.part(series, path, everything[: series.ndim])
        return np.moveaxis(part.reshape(*part.shape[:2], -1), 2, 0)


def _wavelengths_nm(file: h5py.File, path: Path) -> Array | None:
    """Return the wavelengths; some programs write nm instead of m, which the magnitude shows."""
    return wavelengths_in_nm(hdf5.numbers_at(file, path, "meta_data", "acquisition_wavelengths"))


def _number(file: h5py.File, path: Path, name: str) -> float | None:
    """Return a positive number of the acquisition; of a map (of speeds) the mean."""
    values = hdf5.numbers_at(file, path, "meta_data", name)
    mean = None if values is None or not values.size else float(np.mean(values))
    return mean if mean is not None and np.isfinite(mean) and mean > 0 else None


def _detectors_mm(file: h5py.File, path: Path, count: int) -> Array:
    """Return the positions of the detectors in the order of their names, shape (detectors, 3)."""
    group = hdf5.child_group(file, "meta_data_device", "detectors")
    if group is None or len(group) != count or count > MAX_DETECTORS:
        found = 0 if group is None else len(group)
        raise CubeError(
            f"{path}: {found} detectors under meta_data_device/detectors for {count} recorded ones; expected one each."
        )
    elements = sorted((name for name, _ in hdf5.children(group)), key=_natural)
    positions = [hdf5.numbers_at(group, path, name, "detector_position") for name in elements]
    if len(positions) != count or any(position is None or position.size != 3 for position in positions):
        raise CubeError(
            f"{path}: a detector lacks its detector_position (x, y, z) [m], so nothing can be reconstructed."
        )
    return np.array(positions, dtype=np.float64) * _METRE_MM


def _natural(name: str) -> tuple[int, str]:
    digits = "".join(character for character in name if character.isdigit())
    return int(digits[:18] or 0), name


def _bounds_mm(file: h5py.File, path: Path) -> Array | None:
    """Return the field of view, shape (3, 2)."""
    stored = hdf5.numbers_at(file, path, "meta_data_device", "general", "field_of_view")
    known = stored is not None and stored.size == 6 and np.all(np.abs(stored) < 10)
    return stored.reshape(3, 2) * _METRE_MM if stored is not None and known else None


def _energy(file: h5py.File, path: Path, shape: _Shape) -> Array | None:
    """Return the pulse energies, stored per wavelength or per recording (wavelengths within frames)."""
    stored = hdf5.numbers_at(file, path, "meta_data", "pulse_energy")
    if stored is not None and stored.size == shape[0] * shape[1]:
        stored = stored.reshape(shape[:2])
    return time_series.energy_table(stored, shape[0], shape[1])


def _times_s(file: h5py.File, path: Path, shape: _Shape) -> Array | None:
    """Return when each frame was taken, from the time stamps [s] of frames or of single recordings."""
    stored = hdf5.numbers_at(file, path, "meta_data", "measurement_timestamps")
    if stored is not None and stored.size == shape[0] * shape[1]:
        stored = stored.reshape(shape[:2]).min(axis=1)
    return usable_positions(stored, shape[0])


def _metadata(file: h5py.File, path: Path) -> dict[str, Any]:
    group = hdf5.child_group(file, "meta_data")
    names = ("uuid", "acoustic_coupling_agent", "scanning_method", "photoacoustic_imaging_device_reference")
    texts = {} if group is None else {name: hdf5_text.in_dataset(group, name, path) for name in names}
    return {name: text for name, text in texts.items() if text}
