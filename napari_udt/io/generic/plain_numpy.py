"""Plain ``.npy`` and ``.npz`` arrays: cubes with three axes, or lists of spectra with two.

A ``.npy`` file says no wavelengths: they must be given. In a ``.npz`` they are found by their name.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import (
    is_wavelength_name,
    missing_wavelengths,
    picture_axes,
    spectral_axis,
    wavelengths_in_nm,
)
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.generic.numpy_files import MAGIC, ZIP_MAGIC, Npz, npy_array, npy_header, starts_with
from napari_udt.io.lazy import ArraySource, LazyCube

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
    wavelengths = _stored_wavelengths(npz)
    fits = wavelengths is not None and any(len(wavelengths) in shape for shape in shapes.values())
    return Match.YES if fits else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that could be cubes, the largest first.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    if starts_with(path, MAGIC):
        shapes, stored = {_NPY_TITLE: npy_header(path).shape}, None
    else:
        npz = Npz(path, options)
        shapes, stored = _cubes(npz), _stored_wavelengths(npz)
    wavelengths = (
        stored if options.wavelengths_nm is None else np.asarray(options.wavelengths_nm, dtype=float)
    )
    if wavelengths is None:
        raise missing_wavelengths(path, list(shapes.items()))
    fitting = [name for name in shapes if wavelengths.size in shapes[name]] or list(shapes)
    return [
        Candidate(name, partial(_read, path, name, wavelengths, options), alternative=i > 0)
        for i, name in enumerate(fitting)
    ]


def _cubes(npz: Npz) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the arrays with three axes, the largest first."""
    cubes = {k: h for k, h in npz.headers.items() if len(h.shape) == 3 and h.is_numeric and 0 not in h.shape}
    return {
        k: cubes[k].shape
        for k in sorted(cubes, key=lambda k: (cubes[k].dtype.kind != "f", -cubes[k].nbytes, k))
    }


def _stored_wavelengths(npz: Npz) -> NDArray[np.float64] | None:
    names = [
        k for k, h in npz.headers.items() if is_wavelength_name(k) and len(h.shape) == 1 and h.is_numeric
    ]
    found = (
        wavelengths_in_nm(npz.numbers(name)) for name in sorted(names) if 0 not in npz.headers[name].shape
    )
    return next((values for values in found if values is not None), None)


def _read(path: Path, name: str, wavelengths: NDArray[Any], options: ReadOptions) -> SpectralCube:
    array = (
        npy_array(path)
        if name == _NPY_TITLE and starts_with(path, MAGIC)
        else Npz(path, options).numbers(name)
    )
    spectral = spectral_axis(array.shape, wavelengths.size, options.spectral_axis, f"{path}: {name}")
    if array.ndim == 2:  # a list of spectra becomes a picture of one column
        data = LazyCube(ArraySource(np.moveaxis(array, spectral, 1)[:, np.newaxis, :]), (0, 1, 2))
    else:
        data = LazyCube(ArraySource(array), picture_axes(spectral))
    return assemble(path, options, data, wavelengths_nm=wavelengths)
