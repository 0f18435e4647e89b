"""Plain ``.npy`` and ``.npz`` arrays: cubes with three axes, or lists of spectra with two.

A ``.npy`` file says no wavelengths: they must be given. In a ``.npz`` they are found by their name; further axes make a series
where names of axes (``dims="tyxc"``) or lists called ``time_s`` or ``depth_mm`` tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
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
from napari_udt.io.axes import (
    is_label_name,
    is_unit_name,
    is_wavelength_name,
    missing_wavelengths,
    picture_axes,
    spectral_axis,
)
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.generic.numpy_files import MAGIC, ZIP_MAGIC, Npz, npy_array, npy_header, starts_with
from napari_udt.io.lazy import ArraySource, LazyCube
from napari_udt.io.positions import is_unit_of_list, listed_positions
from napari_udt.io.units import (
    WavelengthList,
    first_fitting,
    in_texts,
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

_NPY_TITLE = "array"


def sniff(path: Path) -> Match:
    """Whether there is an array with two or three axes, and in an archive also wavelengths that fit it."""
    if starts_with(path, MAGIC):
        return Match.NEEDS_METADATA if len(npy_header(path).shape) in (2, 3) else Match.NO
    if not starts_with(path, ZIP_MAGIC):
        return Match.NO
    npz = Npz(path)
    shapes = _arrays(npz)
    wavelengths, _ = _stored_wavelengths(npz, shapes)
    if wavelengths is not None and _with_axes(npz, shapes, len(wavelengths)):
        return Match.YES
    return Match.NEEDS_METADATA if wavelengths is not None or _with_axes(npz, shapes) else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that could be cubes, the largest first; of frames of several slices every slice.

    Raises
    ------
    CubeError
        When no wavelengths are known, or it is not clear which axes are time and depth.
    """
    stated = None
    if options.wavelengths_nm is not None:
        stated = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64))
    if starts_with(path, MAGIC):
        shape = npy_header(path).shape
        if stated is None:
            raise missing_wavelengths(path, [(_NPY_TITLE, shape)])
        return [Candidate(_NPY_TITLE, partial(_read_npy, path, stated, options))]
    npz = Npz(path, options)
    shapes = _arrays(npz)
    found, doubt = (stated, "") if stated is not None else _stored_wavelengths(npz, shapes)
    known = _with_axes(npz, shapes, None if found is None else len(found))
    if found is None:
        raise missing_wavelengths(path, [(name, axes.picture) for name, axes in known.items()], doubt)
    if not known:
        raise several_axes(f"{path}: {next(iter(shapes))}", next(iter(shapes.values())))
    fitting = [name for name, axes in known.items() if len(found) in axes.picture] or list(known)
    listed: list[Candidate] = []
    for name in fitting:
        read = partial(_read, path, name, known[name], found)
        listed += offered(name, known[name], read, options, alternative=bool(listed))
    return [
        *listed,
        *means(
            fitting[0], known[fitting[0]], partial(_read, path, fitting[0], known[fitting[0]], found), options
        ),
    ]


def _arrays(npz: Npz) -> dict[str, Shape]:
    """Return the names and shapes of the arrays with three to five axes, the largest first."""
    usable = {
        k: h
        for k, h in npz.headers.items()
        if 3 <= len(h.shape) <= MOST_AXES and h.is_numeric and 0 not in h.shape
    }
    ordered = sorted(
        usable, key=lambda k: (is_label_name(k), usable[k].dtype.kind != "f", -usable[k].nbytes, k)
    )
    return {k: usable[k].shape for k in ordered}


def _with_axes(npz: Npz, shapes: Mapping[str, Shape], channels: int | None = None) -> dict[str, ArrayAxes]:
    """Return the axes of the arrays of which they are known."""
    names = [split_names(said) for name in npz.headers if is_name_of_axes(name) and (said := npz.words(name))]
    found = {name: axes_of(shape, names, _lists(npz), channels) for name, shape in shapes.items()}
    return {name: axes for name, axes in found.items() if axes is not None}


def _lists(npz: Npz) -> dict[str, int]:
    """Return names and lengths of the lists of numbers."""
    return {name: h.shape[0] for name, h in npz.headers.items() if len(h.shape) == 1 and h.is_numeric}


def _stored_wavelengths(npz: Npz, shapes: Mapping[str, Shape]) -> tuple[WavelengthList | None, str]:
    """Return the first list of such a name that is as long as an axis of an array, or what is in doubt about it."""
    unit = next((npz.text(name) for name in npz.headers if is_unit_name(name)), "")
    listed = _lists(npz)
    lists = (
        wavelength_list(npz.numbers(name), unit or unit_in_name(name), name)
        if listed.get(name)
        else in_texts(words if isinstance(words := npz.words(name), list) else (), name, bare=True)
        for name in sorted(npz.headers)
        if is_wavelength_name(name)
    )
    return first_fitting(lists, lambda found: any(len(found) in shape for shape in shapes.values()))


def _read_npy(path: Path, wavelengths: WavelengthList, options: ReadOptions) -> SpectralCube:
    array = npy_array(path)
    spectral = spectral_axis(array.shape, len(wavelengths), options.spectral_axis, f"{path}: {_NPY_TITLE}")
    if array.ndim == 2:  # a list of spectra becomes a picture of one column
        data = LazyCube(ArraySource(np.moveaxis(array, spectral, 1)[:, np.newaxis, :]), (0, 1, 2))
    else:
        data = LazyCube(ArraySource(array), picture_axes(spectral))
    return assemble(path, options, data, wavelengths_nm=wavelengths)


def _read(
    path: Path, name: str, axes: ArrayAxes, wavelengths: WavelengthList, place: int, options: ReadOptions
) -> SpectralCube:
    npz, count = Npz(path, options), len(wavelengths)
    order = axes.order(count, options.spectral_axis, f"{path}: {name}")
    source = ArraySource(npz.numbers(name))  # read once for all pictures: an archive is packed as a whole
    marks, widths = (_list(npz, is_name, count) for is_name in (is_bad_band_name, is_width_name))
    named = {n: h for n, h in npz.headers.items() if is_label_name(n) and n != name}
    axis, pictures = axes.series

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        extras = Extras(path, data.shape[:2])
        extras.named_labels(
            {n: (h.shape, partial(npz.numbers, n)) for n, h in named.items()}, (index, pictures)
        )
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=wavelengths,
            values=stated_values(_scalars(npz), count),
            bad_bands=marked_bad(marks, count),
            fwhm_nm=widths_in_nm(widths, wavelengths.nm, wavelengths.unit),
            metadata=said,
            extras=extras,
        )

    def unit(of: str) -> str:
        return next((npz.text(n) or "" for n in npz.headers if is_unit_of_list(n, of)), "")

    positions = listed_positions(_lists(npz), axis, pictures, npz.numbers, unit)
    return in_series(path, options, axes, order, place, lambda: source, build, positions)


def _list(npz: Npz, is_name: Callable[[str], bool], count: int) -> Any:
    """Return the list of such a name with one number for each channel; empty where there is none."""
    named = [
        name for name, h in npz.headers.items() if is_name(name) and h.shape == (count,) and h.is_numeric
    ]
    return npz.numbers(named[0]) if named else ()


def _scalars(npz: Npz) -> dict[str, Any]:
    """Return single numbers that say something about the values."""
    named = [n for n, h in npz.headers.items() if is_value_name(n) and h.shape in ((), (1,)) and h.is_numeric]
    return {name: npz.numbers(name) for name in named}
