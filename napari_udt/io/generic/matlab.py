"""MATLAB files: version 5 (read by scipy, whole arrays) and 7.3 (HDF5, arrays stay in the file).

Arrays with three axes are cubes, in MATLAB's own order of axes; wavelengths are found by their name, and so are labels:
an array of whole numbers with the picture's size.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
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
from napari_udt.io.contract import Candidate, Match, ReadOptions, reading
from napari_udt.io.generic import mat5, plain_hdf5
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.hdf5 import MAX_RATIO, SMALL_BYTES
from napari_udt.io.lazy import ArraySource, LazyCube

_V5, _V73 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_BYTES = {
    **dict.fromkeys(("double", "int64", "uint64"), 8),
    **dict.fromkeys(("single", "int32", "uint32"), 4),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int8", "uint8", "logical"), 1),
}


def sniff(path: Path) -> Match:
    """Whether there is an array with three axes, and wavelengths that fit it."""
    if starts_with(path, _V73):
        return plain_hdf5.sniff(path)
    if not starts_with(path, _V5):
        return Match.NO
    held = _listed(path)
    if not (shapes := _cubes(held)):
        return Match.NO
    wavelengths = _stored_wavelengths(path, held)
    fits = wavelengths is not None and any(len(wavelengths) in shape for shape in shapes.values())
    return Match.YES if fits else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that could be cubes, the largest first.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    if starts_with(path, _V73):
        return plain_hdf5.candidates(path, options, column_major=True)
    held = _listed(path)
    shapes = _cubes(held)
    stored = _stored_wavelengths(path, held) if options.wavelengths_nm is None else options.wavelengths_nm
    if stored is None:
        raise missing_wavelengths(path, list(shapes.items()))
    wavelengths = np.asarray(stored, dtype=np.float64)
    fitting = [name for name in shapes if wavelengths.size in shapes[name]] or list(shapes)
    return [
        Candidate(name, partial(_read, path, name, held, wavelengths, options), alternative=i > 0)
        for i, name in enumerate(fitting)
    ]


def _listed(path: Path) -> dict[str, mat5.MatArray]:
    """Return the arrays of real numbers in a file of version 5."""
    with reading(path):
        return {name: array for name, array in mat5.list_arrays(path).items() if array.kind in _BYTES}


def _cubes(held: dict[str, mat5.MatArray]) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the arrays with three axes: fractions before whole numbers, large before small."""
    cubes = {
        name: (array.kind not in ("double", "single"), array.shape)
        for name, array in held.items()
        if len(array.shape) == 3
    }
    ordered = sorted(cubes, key=lambda name: (cubes[name][0], -math.prod(cubes[name][1]), name))
    return {name: cubes[name][1] for name in ordered}


def _stored_wavelengths(path: Path, held: dict[str, mat5.MatArray]) -> NDArray[np.float64] | None:
    for name in sorted(held):
        shape = held[name].shape
        is_list = math.prod(shape) == max(shape) <= MAX_WAVELENGTHS
        if is_wavelength_name(name) and is_list:
            found = wavelengths_in_nm(_array(path, name, held, ReadOptions()))
            if found is not None:
                return found
    return None


def _array(path: Path, name: str, held: dict[str, mat5.MatArray], options: ReadOptions) -> NDArray[Any]:
    """Read one array, unless it declares more than the file can hold or the limit allows."""
    shape, kind = held[name].shape, held[name].kind
    wanted = math.prod(shape) * _BYTES[kind]
    if wanted > options.memory_limit_bytes or wanted > max(SMALL_BYTES, MAX_RATIO * path.stat().st_size):
        raise CubeError(
            f"{path}: {name} of shape {shape} takes {wanted / 1e6:,.0f} MB, more than the limit of "
            f"{options.memory_limit_bytes / 1e6:,.0f} MB or than the file can hold; save it with -v7.3, which stays on disk."
        )
    with reading(path):
        return mat5.read_array(path, held[name])


def _read(
    path: Path,
    name: str,
    held: dict[str, mat5.MatArray],
    wavelengths: NDArray[np.float64],
    options: ReadOptions,
) -> SpectralCube:
    array = _array(path, name, held, options)
    spectral = spectral_axis(array.shape, wavelengths.size, options.spectral_axis, f"{path}: {name}")
    data = LazyCube(ArraySource(array), picture_axes(spectral))
    return assemble(
        path, options, data, wavelengths_nm=wavelengths, labels=_labels(path, held, data.shape[:2], options)
    )


def _labels(
    path: Path,
    held: dict[str, mat5.MatArray],
    shape: tuple[int, ...],
    options: ReadOptions,
) -> NDArray[np.int32] | None:
    """Return the only array of the picture's size whose name says that it holds labels."""
    named = [name for name, array in held.items() if array.shape == shape and is_label_name(name)]
    return label_image(_array(path, named[0], held, options), named[0], path) if len(named) == 1 else None
