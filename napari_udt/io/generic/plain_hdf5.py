"""HDF5 of unknown structure: three-dimensional arrays of numbers, with wavelengths found by their name.

Arrays with further axes count where scales name these (NetCDF, xarray): time and depth make a series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import frames, hdf5, hdf5_dimensions, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import is_label_name, missing_wavelengths, picture_axes, spectral_axis
from napari_udt.io.contract import Candidate, Frame, Match, ReadOptions
from napari_udt.io.derived import MeanSource
from napari_udt.io.extras import Extras, NamedPicture
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.lazy import Hdf5Source, LazyCube, Source
from napari_udt.io.positions import stated_positions
from napari_udt.io.units import WavelengthList, first_fitting
from napari_udt.series import Axis


@dataclass(frozen=True)
class _Array:
    """An array that may be a cube, or a series of them.

    Parameters
    ----------
    name : str
    stored : tuple of int
        Length of all its axes.
    held : dict
        Which of them are time and depth, with the names of their scales.
    """

    name: str
    stored: tuple[int, ...]
    held: dict[Axis, tuple[int, str]]

    @property
    def free(self) -> list[int]:
        """The three axes of a picture with its spectra."""
        taken = [axis for axis, _ in self.held.values()]
        return [axis for axis in range(len(self.stored)) if axis not in taken]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the three axes of a picture with its spectra."""
        return tuple(self.stored[axis] for axis in self.free)

    @property
    def series(self) -> tuple[Axis, int]:
        """The axis along which it is a series, and how many pictures it has."""
        lengths = {kind: self.stored[axis] for kind, (axis, _) in self.held.items()}
        return next(((kind, n) for kind, n in lengths.items() if n > 1), ("time", 1))

    @property
    def slices_beside_frames(self) -> int:
        """Slices of each frame, where there are both."""
        both = len(self.held) == 2 and self.series[0] == "time" and self.series[1] > 1
        return self.stored[self.held["depth"][0]] if both else 1


@dataclass(frozen=True)
class _Found:
    """An array that fits the wavelengths which are nearest to it in the file."""

    array: _Array
    wavelengths: WavelengthList

    @property
    def name(self) -> str:
        return self.array.name


_Place = tuple[str, WavelengthList]


def sniff(path: Path) -> Match:
    """Whether there is a three-dimensional array with an axis as long as there are wavelengths."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        arrays, wavelengths = _survey(file, path)
    if not arrays:
        return Match.NO
    return Match.YES if _fitting(arrays, wavelengths) else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions, column_major: bool = False) -> list[Candidate]:
    """Return the arrays that fit the wavelengths: fractions before whole numbers, large before small.

    ``column_major`` is for files of programs that count axes from the other end (MATLAB).

    Raises
    ------
    CubeError
        When no wavelengths are known, or none that fit.
    """
    with hdf5.opened(path) as file:
        arrays, wavelengths = _survey(file, path)
    if options.wavelengths_nm is not None:
        wavelengths = [
            ("/", WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64).reshape(-1)))
        ]
    found = _fitting(arrays, wavelengths)
    if not found:
        raise _nothing_fits(path, arrays, wavelengths, options)
    listed = [
        (title, f, place)
        for f in found
        for title, place in frames.slices(f.name, f.array.slices_beside_frames)
    ]
    return [
        Candidate(title, partial(_read, path, f, place, options, column_major), alternative=i > 0)
        for i, (title, f, place) in enumerate(listed)
    ]


def _survey(file: h5py.File, path: Path) -> tuple[list[_Array], list[_Place]]:
    """Return the three-dimensional arrays, best first, and all wavelengths with the place where they stand."""
    found: list[tuple[bool, int, _Array]] = []
    wavelengths: list[_Place] = []
    named: dict[str, dict[int, str]] | None = None
    for item in hdf5.objects(file):
        wavelengths += [(item.name, values) for values in hdf5_metadata.wavelengths_of(item, path)]
        if not isinstance(item, h5py.Dataset) or not 3 <= item.ndim <= 5:
            continue
        if 0 in item.shape or not hdf5.is_numeric(item):
            continue
        held: dict[Axis, tuple[int, str]] = {}
        if item.ndim > 3:
            named = hdf5_dimensions.scales(file, path) if named is None else named
            axes = named.get(item.name, {})
            held = {kind: (axis, axes[axis]) for kind, axis in hdf5_dimensions.along(axes, item.ndim).items()}
        if item.ndim - len(held) == 3:
            found.append((item.dtype.kind != "f", -item.size, _Array(item.name, item.shape, held)))
    ordered = sorted(found, key=lambda one: (*one[:2], one[2].name))
    return [array for _, _, array in ordered], wavelengths


def _fitting(arrays: Sequence[_Array], wavelengths: Sequence[_Place]) -> list[_Found]:
    """Return the arrays with an axis as long as there are wavelengths; of several lists the nearest counts."""
    found = []
    for array in arrays:
        fit, _ = _fit(array.name, array.shape, wavelengths)
        if fit is not None:
            found.append(_Found(array, fit))
    return found


def _fit(
    name: str, shape: tuple[int, ...], wavelengths: Sequence[_Place]
) -> tuple[WavelengthList | None, str]:
    near = sorted(wavelengths, key=lambda place: -hdf5_metadata.shared_groups(place[0], name))
    return first_fitting((values for _, values in near), lambda values: len(values) in shape)


def _nothing_fits(
    path: Path, arrays: Sequence[_Array], wavelengths: Sequence[_Place], options: ReadOptions
) -> CubeError:
    if options.wavelengths_nm is None:
        doubts = (_fit(a.name, a.shape, wavelengths)[1] for a in arrays)
        shapes = [(a.name, a.shape) for a in arrays]
        return missing_wavelengths(path, shapes, next((doubt for doubt in doubts if doubt), ""))
    listed = ", ".join(f"{a.name} {a.shape}" for a in arrays[:4])
    return CubeError(
        f"{path}: {len(options.wavelengths_nm)} wavelengths were given, but no array has an axis of that length: {listed}."
    )


def _read(path: Path, found: _Found, place: int, options: ReadOptions, column_major: bool) -> SpectralCube:
    """Open the pictures of an array; ``place`` is the slice, where there are frames of several."""
    array, count = found.array, len(found.wavelengths)
    shape = array.shape[::-1] if column_major else array.shape
    spectral = spectral_axis(shape, count, options.spectral_axis, f"{path}: {found.name}")
    order = (array.free[2 - axis if column_major else axis] for axis in picture_axes(spectral))
    rows, columns, channels = order
    axis, pictures = array.series

    def picture(frame: Frame, options: ReadOptions) -> SpectralCube:
        index = 0 if frame == "mean" else int(frame)
        held = {at: index if kind == axis else place for kind, (at, _) in array.held.items()}
        said = frames.metadata(frame, pictures, axis)
        if array.slices_beside_frames > 1:
            said |= frames.metadata(place, array.slices_beside_frames, "depth")
        with hdf5.opened(path) as file:
            dataset = hdf5.checked(file[found.name], path)
            source: Source = Hdf5Source(path, dataset)
            if frame == "mean" and axis in array.held:
                source = MeanSource(source, array.held[axis][0])
            data = LazyCube(source, (rows, columns, channels), held)
            extras = Extras(path, data.shape[:2])
            extras.named_labels(
                _named_labels(file, path, column_major, {pictures: index} if pictures > 1 else {})
            )
            return assemble(
                path,
                options,
                data,
                wavelengths_nm=found.wavelengths,
                values=hdf5_metadata.values_of(dataset, path, count),
                bad_bands=hdf5_metadata.bad_bands_of(dataset, path, count),
                fwhm_nm=hdf5_metadata.widths_of(dataset, path, found.wavelengths),
                metadata=said,
                extras=extras,
            )

    positions = _positions(path, array, axis) if axis in array.held else None
    return frames.in_series(path, options, picture, pictures, axis=axis, positions=positions)


def _positions(path: Path, array: _Array, axis: Axis) -> NDArray[np.float64] | None:
    """Return where the pictures lie, as the scale says; None where it has no unit of time or length."""
    at, name = array.held[axis]
    with hdf5.opened(path) as file:
        scale = hdf5.child_dataset(file, *name.strip("/").split("/"))
        if scale is None or scale.shape != (array.stored[at],) or not hdf5.is_numeric(scale):
            return None
        unit = hdf5_text.attribute(scale, "units", path) or ""
        return Extras(path).attempt(
            "Positions", lambda: stated_positions(hdf5.whole(scale, path), unit, axis, array.stored[at])
        )


def _named_labels(
    file: h5py.File, path: Path, column_major: bool, of: dict[int, int]
) -> dict[str, NamedPicture]:
    """Return the arrays whose names say that they hold labels, with their shapes as pictures.

    ``of`` says which picture is wanted where there are as many pictures of labels as these.
    """

    def picture(item: h5py.Dataset) -> NDArray[Any]:
        if item.ndim == 3 and item.shape[0] in of:
            return hdf5.part(item, path, (of[item.shape[0]], slice(None), slice(None)))
        stored = hdf5.whole(item, path)
        return stored.T if column_major else stored

    def shape(item: h5py.Dataset) -> tuple[int, ...]:
        stored: tuple[int, ...] = item.shape or ()
        if len(stored) == 3 and stored[0] in of:
            return stored[1:]
        return stored[:: -1 if column_major else 1]

    named = [o for o in hdf5.objects(file) if isinstance(o, h5py.Dataset) and is_label_name(o.name)]
    return {item.name: (shape(item), partial(picture, item)) for item in named}
