"""HDF5 of unknown structure: three-dimensional arrays of numbers, with wavelengths found by their name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import hdf5
from napari_udt.io.assemble import assemble, label_image
from napari_udt.io.axes import (
    MAX_WAVELENGTHS,
    is_label_name,
    is_wavelength_name,
    missing_wavelengths,
    picture_axes,
    spectral_axis,
    wavelengths_in_nm,
)
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.lazy import Hdf5Source, LazyCube


@dataclass(frozen=True)
class _Found:
    """An array that fits the wavelengths which are nearest to it in the file."""

    name: str
    shape: tuple[int, ...]
    wavelengths_nm: NDArray[np.float64]


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
        wavelengths = [("/", np.asarray(options.wavelengths_nm, dtype=np.float64).reshape(-1))]
    found = _fitting(arrays, wavelengths)
    if not found:
        raise _nothing_fits(path, arrays, options)
    return [
        Candidate(f.name, partial(_read, path, f, options, column_major), alternative=i > 0)
        for i, f in enumerate(found)
    ]


def _survey(
    file: h5py.File, path: Path
) -> tuple[list[tuple[str, tuple[int, ...]]], list[tuple[str, NDArray[np.float64]]]]:
    """Return the three-dimensional arrays, best first, and all wavelengths with the place where they stand."""
    arrays, wavelengths = [], []
    for item in hdf5.objects(file):
        wavelengths += [(item.name, values) for values in _wavelengths_of(item, path)]
        if (
            isinstance(item, h5py.Dataset)
            and item.ndim == 3
            and 0 not in item.shape
            and hdf5.is_numeric(item)
        ):
            arrays.append((item.dtype.kind != "f", -item.size, item.name, item.shape))
    return [(name, shape) for _, _, name, shape in sorted(arrays)], wavelengths


def _wavelengths_of(item: Any, path: Path) -> list[NDArray[np.float64]]:
    """Return what an object holds of wavelengths: in its attributes, or itself when it is a list of that name."""
    held = [hdf5.attribute_numbers(item, name) for name in item.attrs if is_wavelength_name(name)]
    is_list = (
        isinstance(item, h5py.Dataset)
        and item.ndim in (1, 2)  # MATLAB's lists have a second axis of length one
        and 0 < item.size == max(item.shape) <= MAX_WAVELENGTHS
    )
    if is_list and is_wavelength_name(item.name) and hdf5.is_numeric(item):
        held.append(hdf5.whole(item, path))
    return [values for values in map(wavelengths_in_nm, held) if values is not None]


def _fitting(
    arrays: Sequence[tuple[str, tuple[int, ...]]], wavelengths: Sequence[tuple[str, NDArray[np.float64]]]
) -> list[_Found]:
    found = []
    for name, shape in arrays:
        near = sorted(wavelengths, key=lambda place: -_shared_groups(place[0], name))
        fit = next((values for _, values in near if len(values) in shape), None)
        if fit is not None:
            found.append(_Found(name, shape, fit))
    return found


def _shared_groups(one: str, other: str) -> int:
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _nothing_fits(
    path: Path, arrays: Sequence[tuple[str, tuple[int, ...]]], options: ReadOptions
) -> CubeError:
    if options.wavelengths_nm is None:
        return missing_wavelengths(path, arrays)
    listed = ", ".join(f"{name} {shape}" for name, shape in arrays[:4])
    return CubeError(
        f"{path}: {len(options.wavelengths_nm)} wavelengths were given, but no array has an axis of that length: {listed}."
    )


def _read(path: Path, found: _Found, options: ReadOptions, column_major: bool) -> SpectralCube:
    shape = found.shape[::-1] if column_major else found.shape
    spectral = spectral_axis(shape, len(found.wavelengths_nm), options.spectral_axis, f"{path}: {found.name}")
    rows, columns, channels = (2 - axis if column_major else axis for axis in picture_axes(spectral))
    with hdf5.opened(path) as file:
        dataset = hdf5.checked(file[found.name], path)
        data = LazyCube(Hdf5Source(path, dataset), (rows, columns, channels))
        labels = _labels(file, data.shape[:2], path, column_major)
        return assemble(path, options, data, wavelengths_nm=found.wavelengths_nm, labels=labels)


def _labels(
    file: h5py.File, shape: tuple[int, ...], path: Path, column_major: bool
) -> NDArray[np.int32] | None:
    """Return the only array of the picture's size whose name says that it holds labels."""
    stored = shape[::-1] if column_major else shape
    named = [
        item
        for item in hdf5.objects(file)
        if isinstance(item, h5py.Dataset) and item.shape == stored and is_label_name(item.name)
    ]
    if len(named) != 1:
        return None
    labels = label_image(hdf5.whole(named[0], path), named[0].name, path)
    return labels.T if column_major else labels
