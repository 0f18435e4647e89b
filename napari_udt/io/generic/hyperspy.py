"""HyperSpy's HDF5 (``.hspy``): signals of one signal axis over two navigation axes.

Layout after the format's description (HyperSpy user guide, "HSpy - HyperSpy's HDF5 Specification", version 3): below
``Experiments`` a group for each signal with ``data`` and a group ``axis-N`` for each axis, uniform (offset and scale) or with a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.lazy import Hdf5Source, LazyCube
from napari_udt.io.positions import MM
from napari_udt.io.units import MAX_WAVELENGTHS, WavelengthList, unit_in_name, wavelength_list

_GROUP = "Experiments"


@dataclass(frozen=True)
class _Axis:
    place: int
    navigates: bool
    unit: str
    name: str
    scale: float | None
    values: NDArray[np.float64]


@dataclass(frozen=True)
class _Signal:
    name: str
    shape: tuple[int, ...]
    rows: _Axis
    columns: _Axis
    spectral: _Axis

    @property
    def wavelengths(self) -> WavelengthList | None:
        """None where the signal axis holds no wavelengths (an energy loss, a time)."""
        axis = self.spectral
        return wavelength_list(
            axis.values, axis.unit or unit_in_name(axis.name), axis.name or "the signal axis"
        )


def sniff(path: Path) -> Match:
    """Whether it is a HyperSpy file with a signal over a picture."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        if hdf5_text.attribute(file, "file_format", path) != "HyperSpy":
            return Match.NO
        found = _signals(file, path)
    if not found:
        return Match.NO
    return Match.YES if any(_usable(signal) for signal in found) else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the signals over a picture.

    Raises
    ------
    CubeError
        When none has a signal axis in a unit of wavelengths, or none has as many channels as the user states.
    """
    with hdf5.opened(path) as file:
        found = _signals(file, path)
    if options.wavelengths_nm is not None:
        count = len(options.wavelengths_nm)
        fitting = [signal for signal in found if len(signal.spectral.values) == count]
        if not fitting:
            raise CubeError(f"{path}: {count} wavelengths were given, but no signal has as many channels.")
    else:
        fitting = [signal for signal in found if _usable(signal)]
        if not fitting:
            doubt = next((w.doubt for signal in found if (w := signal.wavelengths) is not None), "")
            raise missing_wavelengths(path, [(signal.name, signal.shape) for signal in found], doubt)
    return [Candidate(signal.name, partial(_read, path, signal, options)) for signal in fitting]


def _usable(signal: _Signal) -> bool:
    found = signal.wavelengths
    return found is not None and not found.doubt


def _read(path: Path, signal: _Signal, options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        dataset = hdf5.checked(file[_GROUP][signal.name]["data"], path)
        axes = (signal.rows.place, signal.columns.place, signal.spectral.place)
        data = LazyCube(Hdf5Source(path, dataset), axes)
        title = hdf5.child(file[_GROUP][signal.name], "metadata", "General")
        name = hdf5_text.attribute(title, "title", path) if title is not None else None
        size = [
            axis.scale * MM[axis.unit] if axis.scale and axis.unit in MM else None
            for axis in (signal.rows, signal.columns)
        ]
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=signal.wavelengths,
            values=hdf5_metadata.values_of(dataset, path, data.shape[2]),
            bad_bands=hdf5_metadata.bad_bands_of(dataset, path, data.shape[2]),
            pixel_size_mm=(size[0], size[1]) if size[0] and size[1] else None,
            name=name or signal.name,
        )


def _signals(file: h5py.File, path: Path) -> list[_Signal]:
    found = []
    group = hdf5.child_group(file, _GROUP)
    for name, signal in hdf5.children(group) if group is not None else ():
        data = hdf5.child_dataset(signal, "data") if isinstance(signal, h5py.Group) else None
        if data is None or data.ndim != 3 or 0 in data.shape or not hdf5.is_numeric(data):
            continue
        axes = [_axis(signal, place, data.shape[place], path) for place in range(3)]
        pictures = [axis for axis in axes if axis is not None and axis.navigates]
        spectra = [axis for axis in axes if axis is not None and not axis.navigates]
        if len(pictures) == 2 and len(spectra) == 1:
            rows, columns = pictures
            found.append(_Signal(name, tuple(data.shape), rows, columns, spectra[0]))
    return found


def _axis(signal: h5py.Group, place: int, length: int, path: Path) -> _Axis | None:
    group = hdf5.child_group(signal, f"axis-{place}")
    if group is None:
        return None
    scale: float | None = None
    values: NDArray[Any]
    if (listed := hdf5.child_dataset(group, "axis")) is not None and listed.shape == (length,):
        values = hdf5.whole(listed, path).astype(np.float64)
    elif length <= MAX_WAVELENGTHS:
        scale, offset = _number(group, "scale", 1.0), _number(group, "offset", 0.0)
        values = offset + scale * np.arange(length)
    else:
        scale, values = _number(group, "scale", 1.0), np.zeros(0)
    unit, name = (hdf5_text.attribute(group, key, path) or "" for key in ("units", "name"))
    return _Axis(place, _is_set(group, "navigate"), unit, name, scale, np.asarray(values, np.float64))


def _is_set(group: Any, name: str) -> bool:
    value = group.attrs.get(name)
    return isinstance(value, bool | np.bool_ | np.integer) and bool(value)


def _number(group: Any, name: str, default: float) -> float:
    found = hdf5.attribute_numbers(group, name)
    return float(found.reshape(-1)[0]) if found is not None and found.size == 1 else default
