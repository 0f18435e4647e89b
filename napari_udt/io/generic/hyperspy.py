"""HyperSpy's HDF5 (``.hspy``): signals of one spectral axis over two others, and beside them axes of time and depth.

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
from napari_udt.io.array_axes import MOST_AXES, ArrayAxes, in_series, means, offered
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import is_wavelength_name, missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import LazyCube
from napari_udt.io.positions import MM, named_axis, per_unit, stated_positions
from napari_udt.io.units import MAX_WAVELENGTHS, WavelengthList, unit_in_name, wavelength_list
from napari_udt.series import Axis

_GROUP = "Experiments"


@dataclass(frozen=True)
class _Axis:
    place: int
    navigates: bool
    unit: str
    name: str
    scale: float | None
    values: NDArray[np.float64]

    @property
    def kind(self) -> Axis | None:
        """Whether it is one of time or depth, by its name or a unit of time."""
        timed = not self.name and per_unit(self.unit, "time") is not None
        return "time" if timed else named_axis(self.name)


@dataclass(frozen=True)
class _Signal:
    """A signal; ``layout`` calls the axis of the spectra "wavelength"."""

    name: str
    axes: tuple[_Axis, ...]
    spectral: _Axis
    layout: ArrayAxes

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
            raise missing_wavelengths(path, [(signal.name, signal.layout.picture) for signal in found], doubt)
    listed: list[Candidate] = []
    for signal in fitting:
        listed += offered(
            signal.name, signal.layout, partial(_read, path, signal), options, alternative=False
        )
    first = fitting[0]
    return [*listed, *means(first.name, first.layout, partial(_read, path, first), options)]


def _usable(signal: _Signal) -> bool:
    found = signal.wavelengths
    return found is not None and not found.doubt


def _read(path: Path, signal: _Signal, place: int, options: ReadOptions) -> SpectralCube:
    """Open the pictures of a signal; ``place`` is the slice, where there are frames of several."""
    count = len(signal.spectral.values)
    order = signal.layout.order(count, options.spectral_axis, f"{path}: {signal.name}")
    (kind, pictures), listed = signal.layout.series, signal.wavelengths
    size = [
        axis.scale * MM[axis.unit] if axis.scale and axis.unit in MM else None
        for axis in (signal.axes[order[0]], signal.axes[order[1]])
    ]

    def source() -> Hdf5Source:
        with hdf5.opened(path) as file:
            return Hdf5Source(path, hdf5.checked(file[_GROUP][signal.name]["data"], path))

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        with hdf5.opened(path) as file:
            dataset = file[_GROUP][signal.name]["data"]
            title = hdf5.child(file[_GROUP][signal.name], "metadata", "General")
            name = hdf5_text.attribute(title, "title", path) if title is not None else None
            return assemble(
                path,
                options,
                data,
                wavelengths_nm=listed,
                values=hdf5_metadata.values_of(dataset, path, count),
                bad_bands=hdf5_metadata.bad_bands_of(dataset, path, count),
                fwhm_nm=None if listed is None else hdf5_metadata.widths_of(dataset, path, listed),
                pixel_size_mm=(size[0], size[1]) if size[0] and size[1] else None,
                metadata=said,
                name=name or signal.name,
            )

    positions = None
    if pictures > 1:
        along = signal.axes[signal.layout.held[kind]]
        positions = stated_positions(along.values, along.unit, kind, pictures)
    return in_series(path, options, signal.layout, order, place, source, build, positions)


def _signals(file: h5py.File, path: Path) -> list[_Signal]:
    found = []
    group = hdf5.child_group(file, _GROUP)
    for name, signal in hdf5.children(group) if group is not None else ():
        data = hdf5.child_dataset(signal, "data") if isinstance(signal, h5py.Group) else None
        if data is None or not 3 <= data.ndim <= MOST_AXES or 0 in data.shape or not hdf5.is_numeric(data):
            continue
        axes = [_axis(signal, place, length, path) for place, length in enumerate(data.shape)]
        known = tuple(axis for axis in axes if axis is not None)
        if len(known) == data.ndim and (one := _signal(name, tuple(data.shape), known)) is not None:
            found.append(one)
    return found


def _signal(name: str, shape: tuple[int, ...], axes: tuple[_Axis, ...]) -> _Signal | None:
    """Tell the axes of a signal apart; None where it has no spectra over a picture."""
    spectral = [axis for axis in axes if not axis.navigates]
    if len(spectral) != 1:  # pictures over an axis of wavelengths
        spectral = [axis for axis in axes if is_wavelength_name(axis.name)]
    if len(spectral) != 1:
        return None
    names = ["wavelength" if axis is spectral[0] else axis.kind or axis.name for axis in axes]
    layout = ArrayAxes.named(shape, names)
    return None if layout is None else _Signal(name, axes, spectral[0], layout)


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
