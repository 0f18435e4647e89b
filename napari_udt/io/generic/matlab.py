"""MATLAB files: version 5 (read by scipy, whole arrays) and 7.3 (HDF5, arrays stay in the file).

Arrays with three axes are cubes, in MATLAB's own order of axes; wavelengths are found by their name, and so are labels:
an array of whole numbers with the picture's size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import (
    is_label_name,
    is_unit_name,
    is_wavelength_name,
    missing_wavelengths,
    picture_axes,
    spectral_axis,
)
from napari_udt.io.contract import Candidate, Match, ReadOptions, reading
from napari_udt.io.extras import Extras
from napari_udt.io.generic import mat5, plain_hdf5
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.hdf5 import MAX_RATIO, SMALL_BYTES
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.units import (
    MAX_WAVELENGTHS,
    WavelengthList,
    first_fitting,
    unit_in_name,
    wavelength_list,
    widths_in_nm,
)
from napari_udt.io.values import (
    is_bad_band_name,
    is_value_name,
    is_width_name,
    marked_bad,
    stated_values,
)

_V5, _V73 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_BYTES = {
    **dict.fromkeys(("double", "int64", "uint64"), 8),
    **dict.fromkeys(("single", "int32", "uint32"), 4),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int8", "uint8", "logical"), 1),
    "char": 2,
}
_TEXT = "char"
_MAX_TEXT = 100


def sniff(path: Path) -> Match:
    """Whether there is an array with three axes, and wavelengths that fit it."""
    if starts_with(path, _V73):
        return plain_hdf5.sniff(path)
    if not starts_with(path, _V5):
        return Match.NO
    held = _listed(path)
    if not (shapes := _cubes(held)):
        return Match.NO
    wavelengths, _ = _stored_wavelengths(path, held, shapes)
    return Match.YES if wavelengths is not None else Match.NEEDS_METADATA


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
    if options.wavelengths_nm is None:
        wavelengths, doubt = _stored_wavelengths(path, held, shapes)
    else:
        wavelengths, doubt = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64)), ""
    if wavelengths is None:
        raise missing_wavelengths(path, list(shapes.items()), doubt)
    fitting = [name for name in shapes if len(wavelengths) in shapes[name]] or list(shapes)
    return [
        Candidate(name, partial(_read, path, name, held, wavelengths, options), alternative=i > 0)
        for i, name in enumerate(fitting)
    ]


def _listed(path: Path) -> dict[str, mat5.MatArray]:
    """Return the arrays of real numbers, and texts, in a file of version 5."""
    with reading(path):
        return {name: array for name, array in mat5.list_arrays(path).items() if array.kind in _BYTES}


def _cubes(held: dict[str, mat5.MatArray]) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the arrays with three axes: fractions before whole numbers, large before small."""
    cubes = {
        name: (array.kind not in ("double", "single"), array.shape)
        for name, array in held.items()
        if len(array.shape) == 3 and array.kind != _TEXT
    }
    ordered = sorted(cubes, key=lambda name: (cubes[name][0], -math.prod(cubes[name][1]), name))
    return {name: cubes[name][1] for name in ordered}


def _stored_wavelengths(
    path: Path, held: dict[str, mat5.MatArray], shapes: dict[str, tuple[int, ...]]
) -> tuple[WavelengthList | None, str]:
    """Return the first list of such a name that is as long as an axis of an array, or what is in doubt about it."""
    unit = next((_text(path, name, held) for name in sorted(held) if is_unit_name(name)), "")
    lists = (
        wavelength_list(_array(path, name, held, ReadOptions()), unit or unit_in_name(name), name)
        for name in sorted(held)
        if is_wavelength_name(name) and _is_list(held[name])
    )
    return first_fitting(lists, lambda found: any(len(found) in shape for shape in shapes.values()))


def _is_list(array: mat5.MatArray) -> bool:
    return array.kind != _TEXT and math.prod(array.shape) == max(array.shape) <= MAX_WAVELENGTHS


def _text(path: Path, name: str, held: dict[str, mat5.MatArray]) -> str:
    if held[name].kind != _TEXT or math.prod(held[name].shape) > _MAX_TEXT:
        return ""
    try:
        return "".join(map(chr, _array(path, name, held, ReadOptions()).reshape(-1)))
    except (CubeError, ValueError):
        return ""  # the numbers tell the unit as well


def _lists(
    path: Path, held: dict[str, mat5.MatArray], is_name: Callable[[str], bool], length: int
) -> dict[str, NDArray[Any]]:
    """Return the lists of such a name that have a length."""
    named = [n for n, a in held.items() if is_name(n) and _is_list(a) and math.prod(a.shape) == length]
    return {name: _array(path, name, held, ReadOptions()) for name in named}


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
    wavelengths: WavelengthList,
    options: ReadOptions,
) -> SpectralCube:
    array = _array(path, name, held, options)
    count = len(wavelengths)
    spectral = spectral_axis(array.shape, count, options.spectral_axis, f"{path}: {name}")
    data = LazyCube(ArraySource(array), picture_axes(spectral))
    extras = Extras(path, data.shape[:2])
    named = [name for name, found in held.items() if is_label_name(name) and found.kind != _TEXT]
    extras.named_labels({n: (held[n].shape, partial(_array, path, n, held, options)) for n in named})
    marks = _lists(path, held, is_bad_band_name, count).values()
    widths = _lists(path, held, is_width_name, count).values()
    return assemble(
        path,
        options,
        data,
        wavelengths_nm=wavelengths,
        values=stated_values(_lists(path, held, is_value_name, 1), count),
        bad_bands=next((marked_bad(numbers, count) for numbers in marks), None),
        fwhm_nm=next((widths_in_nm(numbers, wavelengths.nm, wavelengths.unit) for numbers in widths), None),
        extras=extras,
    )
