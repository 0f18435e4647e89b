"""HDF5 of unknown structure: three-dimensional arrays of numbers, with wavelengths found by their name."""

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
from napari_udt.io import hdf5
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import is_label_name, missing_wavelengths, picture_axes, spectral_axis
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras, NamedPicture
from napari_udt.io.generic import hdf5_metadata
from napari_udt.io.lazy import Hdf5Source, LazyCube
from napari_udt.io.units import WavelengthList, first_fitting


@dataclass(frozen=True)
class _Found:
    """An array that fits the wavelengths which are nearest to it in the file."""

    name: str
    shape: tuple[int, ...]
    wavelengths: WavelengthList


_Array = tuple[str, tuple[int, ...]]
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
    return [
        Candidate(f.name, partial(_read, path, f, options, column_major), alternative=i > 0)
        for i, f in enumerate(found)
    ]


def _survey(file: h5py.File, path: Path) -> tuple[list[_Array], list[_Place]]:
    """Return the three-dimensional arrays, best first, and all wavelengths with the place where they stand."""
    arrays, wavelengths = [], []
    for item in hdf5.objects(file):
        wavelengths += [(item.name, values) for values in hdf5_metadata.wavelengths_of(item, path)]
        if (
            isinstance(item, h5py.Dataset)
            and item.ndim == 3
            and 0 not in item.shape
            and hdf5.is_numeric(item)
        ):
            arrays.append((item.dtype.kind != "f", -item.size, item.name, item.shape))
    return [(name, shape) for _, _, name, shape in sorted(arrays)], wavelengths


def _fitting(arrays: Sequence[_Array], wavelengths: Sequence[_Place]) -> list[_Found]:
    """Return the arrays with an axis as long as there are wavelengths; of several lists the nearest counts."""
    found = []
    for name, shape in arrays:
        fit, _ = _fit(name, shape, wavelengths)
        if fit is not None:
            found.append(_Found(name, shape, fit))
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
        doubts = (_fit(name, shape, wavelengths)[1] for name, shape in arrays)
        return missing_wavelengths(path, arrays, next((doubt for doubt in doubts if doubt), ""))
    listed = ", ".join(f"{name} {shape}" for name, shape in arrays[:4])
    return CubeError(
        f"{path}: {len(options.wavelengths_nm)} wavelengths were given, but no array has an axis of that length: {listed}."
    )


def _read(path: Path, found: _Found, options: ReadOptions, column_major: bool) -> SpectralCube:
    shape = found.shape[::-1] if column_major else found.shape
    count = len(found.wavelengths)
    spectral = spectral_axis(shape, count, options.spectral_axis, f"{path}: {found.name}")
    rows, columns, channels = (2 - axis if column_major else axis for axis in picture_axes(spectral))
    with hdf5.opened(path) as file:
        dataset = hdf5.checked(file[found.name], path)
        data = LazyCube(Hdf5Source(path, dataset), (rows, columns, channels))
        extras = Extras(path, data.shape[:2])
        extras.named_labels(_named_labels(file, path, column_major))
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=found.wavelengths,
            values=hdf5_metadata.values_of(dataset, path, count),
            bad_bands=hdf5_metadata.bad_bands_of(dataset, path, count),
            fwhm_nm=hdf5_metadata.widths_of(dataset, path, found.wavelengths),
            extras=extras,
        )


def _named_labels(file: h5py.File, path: Path, column_major: bool) -> dict[str, NamedPicture]:
    """Return the arrays whose names say that they hold labels, with their shapes as pictures."""

    def picture(item: h5py.Dataset) -> NDArray[Any]:
        stored = hdf5.whole(item, path)
        return stored.T if column_major else stored

    named = [o for o in hdf5.objects(file) if isinstance(o, h5py.Dataset) and is_label_name(o.name)]
    return {
        item.name: ((item.shape or ())[:: -1 if column_major else 1], partial(picture, item))
        for item in named
    }
