"""SIMPA's HDF5: simulated photoacoustic images (SIMPA, Groehl et al., J. Biomed. Opt. 27(8), 2022).

Fields lie at ``/simulations/<group>/<field>/<wavelength>``; older files put ``original_data`` behind
``simulations``, the oldest also swap field and wavelength. Axis 0 is lateral (x), the last one is depth (z): a picture
with the skin on top is the transpose. Dictionaries are groups, None is the string "None".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames, hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.hdf5_sources import Hdf5StackSource
from napari_udt.io.lazy import LazyCube
from napari_udt.io.photoacoustic import simpa_maps, simpa_series, time_series
from napari_udt.io.photoacoustic.time_series import Recording
from napari_udt.io.positions import evenly_spaced

_Images = list[tuple[float, h5py.Dataset]]


@dataclass(frozen=True)
class _Field:
    """A wavelength-dependent field of a SIMPA file: its group, its name, and what the values are."""

    group: tuple[str, ...]
    name: str
    quantity: str

    @property
    def is_reconstructed(self) -> bool:
        """Whether it covers the device's field of view rather than the simulated volume."""
        return self.name.startswith("reconstructed")


# The order is the preference: what a scanner would show comes first.
_FIELDS = (
    _Field((), "reconstructed_data", "reconstructed photoacoustic signal [a.u.]"),
    _Field((), "reconstructed_data_noise", "reconstructed photoacoustic signal with noise [a.u.]"),
    _Field(("optical_forward_model_output",), "initial_pressure", "initial pressure [a.u.]"),
    _Field(("optical_forward_model_output",), "fluence", "fluence [a.u.]"),
    _Field(("simulation_properties",), "mua", "absorption coefficient [1/cm]"),
    _Field(("simulation_properties",), "mus", "scattering coefficient [1/cm]"),
    _Field(("simulation_properties",), "g", "scattering anisotropy"),
)

_SERIES = _Field((), "time_series_data", "")


def sniff(path: Path) -> Match:
    """Whether there is a ``simulations`` group with SIMPA's fields."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        root = _root(file)
        known = {f.group[0] if f.group else f.name for f in _FIELDS} | {"time_series_data"}
        return Match.YES if root is not None and known & set(root) else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the images of the file: reconstruction, initial pressure, then the rest.

    A volume is a series of planes along y, of which the middle one opens. Raw time series are offered as a preview
    reconstruction, first of all where the file holds no reconstruction of its own. Raises ``CubeError`` when there is no
    image at all.
    """
    with hdf5.opened(path) as file:
        root = _root(file)
        found = [] if root is None else [field for field in _FIELDS if _images(root, field)]
        is_raw = root is not None and bool(_images(root, _SERIES))
    listed = [Candidate(field.name, partial(_read, path, field, options)) for field in found]
    if is_raw:
        load = partial(_recording, path)
        at = sum(field.name.startswith(_FIELDS[0].name) for field in found)
        listed[at:at] = time_series.candidates(path, options, 1, load, alternative=False)
    if not listed:
        raise CubeError(
            f"{path}: the SIMPA file holds neither reconstructed_data, initial_pressure nor time_series_data, so there is "
            "no image to show."
        )
    return [replace(candidate, alternative=i > 0) for i, candidate in enumerate(listed)]


def _recording(path: Path) -> Recording:
    with hdf5.opened(path) as file:
        root = _root(file)
        images = [] if root is None else _images(root, _SERIES)
        if root is None or not images:
            raise CubeError(f"{path}: {_SERIES.name} is gone; the file has changed since it was listed.")
        return simpa_series.recording(file, root, path, images, _metadata(file, path, None, ""))


def _images(root: h5py.Group, field: _Field) -> _Images:
    """Return a field's wavelengths [nm], sorted, each with its dataset."""
    group = hdf5.child_group(root, *field.group)
    if group is None:
        return []
    regular = _by_wavelength(hdf5.child_group(group, field.name))
    swapped = _by_wavelength(group if field.group else hdf5.child_group(group, field.name), field.name)
    return sorted(regular or swapped, key=lambda image: image[0])


def _by_wavelength(group: h5py.Group | None, *below: str) -> _Images:
    if group is None:
        return []
    found = []
    for name, _ in hdf5.children(group):
        dataset = hdf5.child_dataset(group, name, *below)
        if dataset is not None and _is_number(name) and dataset.ndim in (2, 3) and hdf5.is_numeric(dataset):
            found.append((float(name), dataset))
    return found


def _read(path: Path, field: _Field, options: ReadOptions) -> SpectralCube:
    """Open an image, or the planes of a volume."""
    with hdf5.opened(path) as file:
        shape = _common_shape(_found(file, path, field)[1], path)
        spacing_mm = simpa_maps.geometry(
            Extras(path), file, path, reconstructed=field.is_reconstructed
        ).pixel_mm
    if len(shape) == 2:
        return _picture(path, field, None, options)
    count = shape[1]
    return frames.in_series(
        path,
        options,
        lambda plane, how: _picture(path, field, int(plane), how),
        count,
        axis="depth",
        positions=evenly_spaced(spacing_mm, count),
    )


def _found(file: h5py.File, path: Path, field: _Field) -> tuple[h5py.Group, _Images]:
    root = _root(file)
    images = [] if root is None else _images(root, field)
    if root is None or not images:
        raise CubeError(f"{path}: {field.name} is gone; the file has changed since it was listed.")
    return root, images


def _picture(path: Path, field: _Field, plane: int | None, options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        root, images = _found(file, path, field)
        shape = _common_shape(images, path)
        source = Hdf5StackSource(path, [dataset for _, dataset in images])
        data = LazyCube(source, (len(shape), 1, 0), {} if plane is None else {2: plane})
        extras = Extras(path, data.shape[:2])
        geometry = simpa_maps.geometry(extras, file, path, reconstructed=field.is_reconstructed)
        alignment = simpa_maps.take(extras, root, path, geometry, shape, plane)
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=[wavelength for wavelength, _ in images],
            each_once=True,
            modality="PAT",
            domain="simulated",
            quantity=field.quantity,
            pixel_size_mm=geometry.pixel_mm,
            metadata=_metadata(file, path, plane, alignment),
            extras=extras,
        )


def _common_shape(images: _Images, path: Path) -> tuple[int, ...]:
    shapes = {hdf5.checked(dataset, path).shape for _, dataset in images}
    if len(shapes) != 1:
        raise CubeError(
            f"{path}: the images of the wavelengths differ in shape ({sorted(shapes)}); expected one."
        )
    return shapes.pop()


def _metadata(file: h5py.File, path: Path, plane: int | None, alignment: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"simpa_version": hdf5_text.in_dataset(file, "simpa_version", path)}
    if plane is not None:
        metadata["plane_y"] = plane
    if alignment:
        metadata["maps_aligned_by"] = alignment
    return {key: value for key, value in metadata.items() if value is not None}


def _root(file: h5py.File) -> h5py.Group | None:
    simulations = hdf5.child_group(file, "simulations")
    older = None if simulations is None else hdf5.child_group(simulations, "original_data")
    return simulations if older is None else older


def _is_number(name: str) -> bool:
    try:
        return bool(np.isfinite(float(name)))
    except ValueError:
        return False
