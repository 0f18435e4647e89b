"""MATLAB files: version 5 (read by scipy, whole arrays) and 7.3 (HDF5, arrays stay in the file).

Arrays with three axes are cubes, in MATLAB's own order of axes; wavelengths are found by their name, and so are labels:
an array of whole numbers with the picture's size. Further axes make a series where a text such as ``dims = 'yxct'`` or a list
such as ``time_s`` beside the array tells them apart.
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
from napari_udt.io.array_axes import (
    MOST_AXES,
    ArrayAxes,
    Shape,
    axes_of,
    in_series,
    is_name_of_axes,
    means,
    offered,
    several_axes,
    split_names,
)
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import is_label_name, is_unit_name, is_wavelength_name, missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions, reading
from napari_udt.io.extras import Extras
from napari_udt.io.generic import mat5, plain_hdf5
from napari_udt.io.generic.numpy_files import starts_with
from napari_udt.io.hdf5 import MAX_RATIO, SMALL_BYTES
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.positions import is_unit_of_list, listed_positions
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
        return plain_hdf5.sniff(path, column_major=True)
    if not starts_with(path, _V5):
        return Match.NO
    held = _listed(path)
    shapes = _cubes(held)
    wavelengths, _ = _stored_wavelengths(path, held, shapes)
    if wavelengths is not None and _with_axes(path, held, shapes, len(wavelengths)):
        return Match.YES
    known = wavelengths is not None or _with_axes(path, held, shapes)
    return Match.NEEDS_METADATA if known else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that could be cubes, the largest first; of frames of several slices every slice.

    Raises
    ------
    CubeError
        When no wavelengths are known, or it is not clear which axes are time and depth.
    """
    if starts_with(path, _V73):
        return plain_hdf5.candidates(path, options, column_major=True)
    held = _listed(path)
    shapes = _cubes(held)
    if options.wavelengths_nm is None:
        wavelengths, doubt = _stored_wavelengths(path, held, shapes)
    else:
        wavelengths, doubt = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64)), ""
    known = _with_axes(path, held, shapes, None if wavelengths is None else len(wavelengths))
    if wavelengths is None:
        raise missing_wavelengths(path, [(name, axes.picture) for name, axes in known.items()], doubt)
    if not known:
        raise several_axes(f"{path}: {next(iter(shapes))}", next(iter(shapes.values())))
    fitting = [name for name, axes in known.items() if len(wavelengths) in axes.picture] or list(known)
    listed: list[Candidate] = []
    for name in fitting:
        read = partial(_read, path, name, held, known[name], wavelengths)
        listed += offered(name, known[name], read, options, alternative=bool(listed))
    first = fitting[0]
    return [
        *listed,
        *means(first, known[first], partial(_read, path, first, held, known[first], wavelengths), options),
    ]


def _listed(path: Path) -> dict[str, mat5.MatArray]:
    """Return the arrays of real numbers, and texts, in a file of version 5."""
    with reading(path):
        return {name: array for name, array in mat5.list_arrays(path).items() if array.kind in _BYTES}


def _cubes(held: dict[str, mat5.MatArray]) -> dict[str, Shape]:
    """Return names and shapes of the arrays with three to five axes: fractions before whole numbers, large before small."""
    cubes = {
        name: (is_label_name(name), array.kind not in ("double", "single"), array.shape)
        for name, array in held.items()
        if 3 <= len(array.shape) <= MOST_AXES and array.kind != _TEXT
    }
    ordered = sorted(cubes, key=lambda name: (*cubes[name][:2], -math.prod(cubes[name][2]), name))
    return {name: cubes[name][2] for name in ordered}


def _with_axes(
    path: Path, held: dict[str, mat5.MatArray], shapes: dict[str, Shape], channels: int | None = None
) -> dict[str, ArrayAxes]:
    """Return the axes of the arrays of which they are known."""
    last = {name: name.rsplit("/", 1)[-1] for name in held}
    said = [_text(path, name, held) for name in held if is_name_of_axes(last[name])]
    names = [split_names(text) for text in said if text]
    found = {name: axes_of(shape, names, _lengths(held), channels) for name, shape in shapes.items()}
    return {name: axes for name, axes in found.items() if axes is not None}


def _lengths(held: dict[str, mat5.MatArray]) -> dict[str, int]:
    """Return names and lengths of the lists of numbers."""
    return {name: math.prod(array.shape) for name, array in held.items() if _is_list(array)}


def _stored_wavelengths(
    path: Path, held: dict[str, mat5.MatArray], shapes: dict[str, Shape]
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
    axes: ArrayAxes,
    wavelengths: WavelengthList,
    place: int,
    options: ReadOptions,
) -> SpectralCube:
    count = len(wavelengths)
    source = ArraySource(_array(path, name, held, options))  # read once for all pictures
    order = axes.order(count, options.spectral_axis, f"{path}: {name}")
    labels = [n for n, found in held.items() if is_label_name(n) and found.kind != _TEXT]
    marks = _lists(path, held, is_bad_band_name, count).values()
    widths = _lists(path, held, is_width_name, count).values()
    axis, pictures = axes.series

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        extras = Extras(path, data.shape[:2])
        named = {n: (held[n].shape, partial(_array, path, n, held, options)) for n in labels}
        extras.named_labels(named, (index, pictures))
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=wavelengths,
            values=stated_values(_lists(path, held, is_value_name, 1), count),
            bad_bands=next((marked_bad(numbers, count) for numbers in marks), None),
            fwhm_nm=next(
                (widths_in_nm(numbers, wavelengths.nm, wavelengths.unit) for numbers in widths), None
            ),
            metadata=said,
            extras=extras,
        )

    def unit(of: str) -> str:
        return next((_text(path, n, held) for n in held if is_unit_of_list(n, of)), "")

    def numbers(of: str) -> NDArray[Any]:
        return _array(path, of, held, options)

    positions = listed_positions(_lengths(held), axis, pictures, numbers, unit)
    return in_series(path, options, axes, order, place, lambda: source, build, positions)
