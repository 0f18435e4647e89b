"""HDF5 of unknown structure: three-dimensional arrays of numbers, with wavelengths found by their name.

Arrays with further axes count where scales (NetCDF, xarray), attributes or lists beside the array tell these apart: time and depth
make a series.
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
from napari_udt.io import hdf5, hdf5_dimensions
from napari_udt.io.array_axes import (
    MOST_AXES,
    ArrayAxes,
    Shape,
    axes_of,
    in_series,
    means,
    offered,
    several_axes,
)
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import is_label_name, missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras, NamedPicture
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import LazyCube
from napari_udt.io.positions import Positions, listed_positions, stated_positions
from napari_udt.io.units import WavelengthList, first_fitting
from napari_udt.series import Axis


@dataclass(frozen=True)
class _Array:
    """An array that may be a cube, or a series of them.

    Parameters
    ----------
    name : str
    shape : tuple of int
    names : list of lists of str
        What may be the names of its axes, the nearest first.
    scales : dict of int to str
        Names of the scales of its axes.
    lists : dict of str to int
        Names and lengths of all lists in the file, the nearest first.
    """

    name: str
    shape: Shape
    names: list[list[str]]
    scales: dict[int, str]
    lists: dict[str, int]

    def axes(self, channels: int | None = None) -> ArrayAxes | None:
        """Tell the axes apart; None where the file does not."""
        return axes_of(self.shape, self.names, self.lists, channels)


@dataclass(frozen=True)
class _Found:
    """An array that fits the wavelengths which are nearest to it in the file."""

    array: _Array
    axes: ArrayAxes
    wavelengths: WavelengthList

    @property
    def name(self) -> str:
        return self.array.name


_Place = tuple[str, WavelengthList]


def sniff(path: Path, column_major: bool = False) -> Match:
    """Whether there is an array with three axes beside those of time and depth, one of them as long as there are wavelengths."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        arrays, wavelengths = _survey(file, path, column_major)
    found, unclear = _fitting(arrays, wavelengths)
    if found:
        return Match.YES
    return Match.NEEDS_METADATA if unclear or any(array.axes() for array in arrays) else Match.NO


def candidates(path: Path, options: ReadOptions, column_major: bool = False) -> list[Candidate]:
    """Return the arrays that fit the wavelengths: fractions before whole numbers, large before small.

    ``column_major`` is for files of programs that count axes from the other end (MATLAB).

    Raises
    ------
    CubeError
        When no wavelengths are known, none that fit, or it is not clear which axes are time and depth.
    """
    with hdf5.opened(path) as file:
        arrays, wavelengths = _survey(file, path, column_major)
    if options.wavelengths_nm is not None:
        wavelengths = [
            ("/", WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64).reshape(-1)))
        ]
    found, unclear = _fitting(arrays, wavelengths)
    if not found:
        if unclear:
            shape = unclear[0].shape[:: -1 if column_major else 1]
            raise several_axes(f"{path}: {unclear[0].name}", shape)
        raise _nothing_fits(path, arrays, wavelengths, options)
    listed: list[Candidate] = []
    for one in found:
        read = partial(_read, path, one, column_major)
        listed += offered(one.name, one.axes, read, options, alternative=bool(listed))
    return [
        *listed,
        *means(found[0].name, found[0].axes, partial(_read, path, found[0], column_major), options),
    ]


def _survey(file: h5py.File, path: Path, column_major: bool) -> tuple[list[_Array], list[_Place]]:
    """Return the arrays of three to five axes, best first, and all wavelengths with the place where they stand."""
    found: list[h5py.Dataset] = []
    wavelengths: list[_Place] = []
    for item in hdf5.objects(file):
        wavelengths += [(item.name, values) for values in hdf5_metadata.wavelengths_of(item, path)]
        if not isinstance(item, h5py.Dataset) or not 3 <= item.ndim <= MOST_AXES:
            continue
        if 0 not in item.shape and hdf5.is_numeric(item):
            found.append(item)
    found.sort(key=lambda item: (is_label_name(item.name), item.dtype.kind != "f", -item.size, item.name))
    scales = hdf5_dimensions.scales(file, path) if found else {}
    lists = hdf5_metadata.lists_of(file) if any(item.ndim > 3 for item in found) else {}
    groups = {item.parent.name: item.parent for item in found}
    beside = {name: hdf5_dimensions.names_beside(group, path) for name, group in groups.items()}
    return [
        _described(i, path, scales.get(i.name, {}), lists, beside[i.parent.name], column_major) for i in found
    ], wavelengths


def _described(
    item: h5py.Dataset,
    path: Path,
    scales: dict[int, str],
    lists: dict[str, int],
    beside: list[list[str]],
    column_major: bool,
) -> _Array:
    names = [*hdf5_dimensions.names_in(item, path), *beside]
    names = [words[::-1] if column_major else words for words in names]
    if scales:
        names = [[scales.get(axis, "").rsplit("/", 1)[-1] for axis in range(item.ndim)], *names]
    near = sorted(lists, key=lambda name: -hdf5_metadata.shared_groups(name, item.name))
    return _Array(item.name, tuple(item.shape), names, scales, {name: lists[name] for name in near})


def _fitting(arrays: Sequence[_Array], wavelengths: Sequence[_Place]) -> tuple[list[_Found], list[_Array]]:
    """Return the arrays with an axis as long as there are wavelengths, and those of them whose other axes are not clear.

    Of several lists the nearest counts.
    """
    found, unclear = [], []
    for array in arrays:
        fit, _ = _fit(array.name, array.shape, wavelengths)
        axes = None if fit is None else array.axes(len(fit))
        if fit is not None and axes is None:
            unclear.append(array)
        elif fit is not None and axes is not None and len(fit) in axes.picture:
            found.append(_Found(array, axes, fit))
    return found, unclear


def _fit(name: str, shape: Shape, wavelengths: Sequence[_Place]) -> tuple[WavelengthList | None, str]:
    near = sorted(wavelengths, key=lambda place: -hdf5_metadata.shared_groups(place[0], name))
    return first_fitting((values for _, values in near), lambda values: len(values) in shape)


def _nothing_fits(
    path: Path, arrays: Sequence[_Array], wavelengths: Sequence[_Place], options: ReadOptions
) -> CubeError:
    shapes = [(array.name, axes.picture) for array in arrays if (axes := array.axes()) is not None]
    if options.wavelengths_nm is None:
        doubts = (_fit(name, shape, wavelengths)[1] for name, shape in shapes)
        return missing_wavelengths(path, shapes, next((doubt for doubt in doubts if doubt), ""))
    listed = ", ".join(f"{name} {shape}" for name, shape in shapes[:4])
    return CubeError(
        f"{path}: {len(options.wavelengths_nm)} wavelengths were given, but no array has an axis of that length: {listed}."
    )


def _read(path: Path, found: _Found, column_major: bool, place: int, options: ReadOptions) -> SpectralCube:
    """Open the pictures of an array; ``place`` is the slice, where there are frames of several."""
    count = len(found.wavelengths)
    axes = found.axes.backwards() if column_major else found.axes
    order = axes.order(count, options.spectral_axis, f"{path}: {found.name}")
    axis, pictures = axes.series

    def source() -> Hdf5Source:
        with hdf5.opened(path) as file:
            return Hdf5Source(path, hdf5.checked(file[found.name], path))

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        with hdf5.opened(path) as file:
            dataset = file[found.name]
            bad_bands = hdf5_metadata.bad_bands_of(dataset, path, count)
            if bad_bands is None:
                bad_bands = hdf5_metadata.bands_in_windows(dataset, found.wavelengths.nm)
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
                bad_bands=bad_bands,
                fwhm_nm=hdf5_metadata.widths_of(dataset, path, found.wavelengths),
                metadata=said,
                extras=extras,
            )

    positions = _positions(path, found, axis, pictures) if pictures > 1 else None
    return in_series(path, options, axes, order, place, source, build, positions, backwards=column_major)


def _positions(path: Path, found: _Found, axis: Axis, count: int) -> Positions | None:
    """Return where the pictures lie: as the scale of their axis says, else a list of such a name; None without a unit."""
    scale = found.array.scales.get(found.axes.held[axis], "")

    with hdf5.opened(path) as file:

        def numbers(name: str) -> NDArray[Any]:
            return hdf5.whole(file[name], path)

        def unit(name: str) -> str:
            return hdf5_metadata.unit_of_positions(file[name], path)

        def read() -> Positions | None:
            item = hdf5.child_dataset(file, *scale.strip("/").split("/"))
            if item is not None and item.shape == (count,) and hdf5.is_numeric(item):
                stated = stated_positions(numbers(item.name), unit(item.name), axis, count)
                if stated is not None:
                    return stated
            return listed_positions(found.array.lists, axis, count, numbers, unit)

        return Extras(path).attempt("Positions", read)


def _named_labels(
    file: h5py.File, path: Path, column_major: bool, of: dict[int, int]
) -> dict[str, NamedPicture]:
    """Return the arrays whose names say that they hold labels, with their shapes as pictures.

    ``of`` says which picture is wanted where there are as many pictures of labels as these.
    """

    def picture(item: h5py.Dataset) -> NDArray[Any]:
        if item.ndim == 3 and item.shape[0] in of:
            stored = hdf5.part(item, path, (of[item.shape[0]], slice(None), slice(None)))
        else:
            stored = hdf5.whole(item, path)
        return stored.T if column_major else stored

    def shape(item: h5py.Dataset) -> tuple[int, ...]:
        stored: tuple[int, ...] = item.shape or ()
        if len(stored) == 3 and stored[0] in of:
            stored = stored[1:]
        return stored[:: -1 if column_major else 1]

    named = [o for o in hdf5.objects(file) if isinstance(o, h5py.Dataset) and is_label_name(o.name)]
    return {item.name: (shape(item), partial(picture, item)) for item in named}
