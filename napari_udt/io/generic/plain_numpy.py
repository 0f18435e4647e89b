"""Plain ``.npy`` and ``.npz`` arrays: cubes with three axes, or lists of spectra with two.

A ``.npy`` file says no wavelengths: they must be given. In a ``.npz`` they are found by their name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_udt.cube import SpectralCube
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
from napari_udt.io.units import (
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

_NPY_TITLE = "array"


def sniff(path: Path) -> Match:
    """Whether there is an array with two or three axes, and in an archive also wavelengths that fit it."""
    if starts_with(path, MAGIC):
        return Match.NEEDS_METADATA if len(npy_header(path).shape) in (2, 3) else Match.NO
    if not starts_with(path, ZIP_MAGIC):
        return Match.NO
    npz = Npz(path)
    if not (shapes := _cubes(npz)):
        return Match.NO
    return Match.YES if _stored_wavelengths(npz, shapes)[0] is not None else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that could be cubes, the largest first.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    found: WavelengthList | None = None
    doubt = ""
    if starts_with(path, MAGIC):
        shapes = {_NPY_TITLE: npy_header(path).shape}
    else:
        npz = Npz(path, options)
        shapes = _cubes(npz)
        found, doubt = _stored_wavelengths(npz, shapes)
    if options.wavelengths_nm is not None:
        found = WavelengthList(np.asarray(options.wavelengths_nm, dtype=np.float64))
    if found is None:
        raise missing_wavelengths(path, list(shapes.items()), doubt)
    fitting = [name for name in shapes if len(found) in shapes[name]] or list(shapes)
    return [
        Candidate(name, partial(_read, path, name, found, options), alternative=i > 0)
        for i, name in enumerate(fitting)
    ]


def _cubes(npz: Npz) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the arrays with three axes, the largest first."""
    cubes = {k: h for k, h in npz.headers.items() if len(h.shape) == 3 and h.is_numeric and 0 not in h.shape}
    return {
        k: cubes[k].shape
        for k in sorted(cubes, key=lambda k: (cubes[k].dtype.kind != "f", -cubes[k].nbytes, k))
    }


def _stored_wavelengths(npz: Npz, shapes: Mapping[str, tuple[int, ...]]) -> tuple[WavelengthList | None, str]:
    """Return the first list of such a name that is as long as an axis of an array, or what is in doubt about it."""
    unit = next((npz.text(name) for name in npz.headers if is_unit_name(name)), "")
    lists = (
        wavelength_list(npz.numbers(name), unit or unit_in_name(name), name)
        for name, header in sorted(npz.headers.items())
        if is_wavelength_name(name) and len(header.shape) == 1 and header.is_numeric and 0 not in header.shape
    )
    return first_fitting(lists, lambda found: any(len(found) in shape for shape in shapes.values()))


def _read(path: Path, name: str, wavelengths: WavelengthList, options: ReadOptions) -> SpectralCube:
    npz = None if name == _NPY_TITLE and starts_with(path, MAGIC) else Npz(path, options)
    array = npy_array(path) if npz is None else npz.numbers(name)
    count = len(wavelengths)
    spectral = spectral_axis(array.shape, count, options.spectral_axis, f"{path}: {name}")
    if array.ndim == 2:  # a list of spectra becomes a picture of one column
        data = LazyCube(ArraySource(np.moveaxis(array, spectral, 1)[:, np.newaxis, :]), (0, 1, 2))
    else:
        data = LazyCube(ArraySource(array), picture_axes(spectral))
    extras = Extras(path, data.shape[:2])
    if npz is not None:
        named = {n: h for n, h in npz.headers.items() if is_label_name(n) and n != name}
        extras.named_labels({n: (h.shape, partial(npz.numbers, n)) for n, h in named.items()})
    marks, widths = (_list(npz, is_name, count) for is_name in (is_bad_band_name, is_width_name))
    return assemble(
        path,
        options,
        data,
        wavelengths_nm=wavelengths,
        values=stated_values(_scalars(npz), count),
        bad_bands=marked_bad(marks, count),
        fwhm_nm=widths_in_nm(widths, wavelengths.nm, wavelengths.unit),
        extras=extras,
    )


def _list(npz: Npz | None, is_name: Callable[[str], bool], count: int) -> Any:
    """Return the list of such a name with one number for each channel; empty where there is none."""
    headers = {} if npz is None else npz.headers
    named = [name for name, h in headers.items() if is_name(name) and h.shape == (count,) and h.is_numeric]
    return npz.numbers(named[0]) if npz is not None and named else ()


def _scalars(npz: Npz | None) -> dict[str, Any]:
    """Return single numbers that say something about the values."""
    headers = {} if npz is None else npz.headers
    named = [n for n, h in headers.items() if is_value_name(n) and h.shape in ((), (1,)) and h.is_numeric]
    return {} if npz is None else {name: npz.numbers(name) for name in named}
