"""OME-Zarr (0.4 and 0.5) and plain Zarr (formats 2 and 3) folders: read on demand, written as OME-Zarr 0.5.

Needs the ``zarr`` package (``pip install napari-udt[formats]``). Wavelengths are looked for in the attributes of array and
group under their usual names (``wavelengths_nm``, ``wavelength``...), then in the labels of OME channels ("700 nm"), then
in a list beside the array, as xarray stores a coordinate. Axes of time and depth make a series: where there are both, along time
for each slice.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import DOMAINS, MODALITIES, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io.array_axes import ArrayAxes, in_series, means, offered, several_axes
from napari_udt.io.assemble import assemble
from napari_udt.io.axes import missing_wavelengths
from napari_udt.io.contract import Candidate, Match, ReadOptions, reading
from napari_udt.io.extras import Extras
from napari_udt.io.generic.zarr_chunks import check_chunks
from napari_udt.io.generic.zarr_metadata import (
    MARKS,
    OWN,
    OXYGENATION,
    Stored,
    arrays,
    is_labels,
    members,
    opened,
)
from napari_udt.io.lazy import LazyCube
from napari_udt.io.units import WavelengthList, widths_in_nm
from napari_udt.io.values import is_bad_band_name, is_width_name, marked_bad, stated_values


def sniff(path: Path) -> Match:
    """Whether it is a Zarr folder with an array that has as many places along an axis as there are wavelengths."""
    if not path.is_dir() or not any((path / name).is_file() for name in MARKS):
        return Match.NO
    found = arrays(path)
    if not found:
        return Match.NO
    return Match.YES if any(one.wavelengths[0] is not None for one in found) else Match.NEEDS_METADATA


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the arrays that have wavelengths, full resolution first; of frames of several slices every slice.

    Raises
    ------
    CubeError
        When no wavelengths are known.
    """
    found = arrays(path)
    stated = None
    if options.wavelengths_nm is not None:
        stated = WavelengthList(np.asarray(options.wavelengths_nm, np.float64).reshape(-1))
        found = [one for one in found if len(stated) in one.shape]
        if not found:
            raise CubeError(
                f"{path}: {len(stated)} wavelengths were given, but no array has an axis of that length."
            )
    else:
        doubts = [one.wavelengths[1] for one in found]
        listed = [(one.name or path.name, one.shape) for one in found]
        found = [one for one in found if one.wavelengths[0] is not None]
        if not found:
            raise missing_wavelengths(path, listed, next(filter(None, doubts), ""))
    known = [(one, axes) for one in found if (axes := one.array_axes) is not None]
    if not known:
        raise several_axes(f"{path}: {found[0].name or 'the array'}", found[0].shape)
    candidates: list[Candidate] = []
    for one, axes in known:
        read = partial(_read, path, one, axes, stated)
        candidates += offered(one.name or "array", axes, read, options, alternative=bool(candidates))
    one, axes = known[0]
    return [*candidates, *means(one.name or "array", axes, partial(_read, path, one, axes, stated), options)]


def _read(
    path: Path,
    one: Stored,
    axes: ArrayAxes,
    stated: WavelengthList | None,
    place: int,
    options: ReadOptions,
) -> SpectralCube:
    wavelengths = stated or one.wavelengths[0]
    if wavelengths is None:
        raise missing_wavelengths(path, [(one.name or path.name, one.shape)], "")
    count, own = len(wavelengths), one.attributes.get(OWN)
    order = axes.order(count, options.spectral_axis, f"{path}: {one.name or 'the array'}")
    size = [one.scale.get(one.axes[axis] if one.axes else "") for axis in order[:2]]
    axis, _ = axes.series

    def build(data: LazyCube, index: int, said: dict[str, Any], options: ReadOptions) -> SpectralCube:
        held = axes.fixed(index, place)
        extras = Extras(path, data.shape[:2])
        _take_labels(extras, path, one, held)
        extras.oxygenation(lambda: _oxygenation(path, one, held, data.shape[:2]))
        return assemble(
            path,
            options,
            data,
            wavelengths_nm=wavelengths,
            values=stated_values(one.said_of_values, count),
            bad_bands=marked_bad(one.numbers(is_bad_band_name, count), count),
            fwhm_nm=widths_in_nm(one.numbers(is_width_name, count), wavelengths.nm, wavelengths.unit),
            pixel_size_mm=(size[0], size[1]) if size[0] and size[1] else None,
            metadata={**_metadata(own), **said},
            extras=extras,
            **_own(own),
        )

    positions = one.positions(axis, axes.held[axis]) if axis in axes.held else None
    return in_series(
        path, options, axes, order, place, partial(_ZarrSource, path, one.name), build, positions
    )


def _own(said: Any) -> dict[str, Any]:
    """Return the fields that our writer left in the attributes, those of the right type."""
    if not isinstance(said, Mapping):
        return {}
    texts = {name: said[name] for name in ("origin", "quantity", "name") if isinstance(said.get(name), str)}
    kinds = {"modality": MODALITIES, "domain": DOMAINS}
    known = {name: said[name] for name, allowed in kinds.items() if said.get(name) in allowed}
    provenance = said.get("provenance")
    return {**texts, **known, **({"provenance": provenance} if isinstance(provenance, Mapping) else {})}


def _metadata(said: Any) -> dict[str, Any]:
    found = said.get("metadata") if isinstance(said, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _oxygenation(
    path: Path, one: Stored, held: Mapping[int, int], shape: tuple[int, ...]
) -> NDArray[np.float32] | None:
    """Return the picture of that name, where it has the picture's size."""
    found = next((array for name, array in members(opened(path)) if name == OXYGENATION), None)
    if found is None or found.dtype.kind != "f":
        return None
    place = _place(found.shape, one, held, shape)
    return None if place is None else np.asarray(found[place], np.float32).reshape(shape)


def _place(
    stored: tuple[int, ...], one: Stored, held: Mapping[int, int], shape: tuple[int, ...]
) -> tuple[int | slice, ...] | None:
    """Return which part of an array of pictures belongs to one: itself, or one for each along the axes of time and depth.

    Axes of length 1 count for nothing. None where its shape is that of neither.
    """
    along = sorted(axis for axis in held if one.shape[axis] > 1)
    lengths = [n for n in stored if n > 1]
    wanted = [n for n in shape if n > 1]
    for kept in ([], *([axis] for axis in along), along):
        if lengths == [*(one.shape[axis] for axis in kept), *wanted]:
            indices = iter([held[axis] for axis in kept])
            return tuple(0 if n == 1 else next(indices, slice(None)) for n in stored)
    return None


def _take_labels(extras: Extras, path: Path, one: Stored, held: Mapping[int, int]) -> None:
    """Take the picture of class numbers beside an array, with the names of classes."""
    named = [(name, array) for name, array in members(opened(path)) if is_labels(name)]
    for name, array in named:
        place = _place(tuple(array.shape), one, held, extras.shape)
        if place is not None:
            names = _names_of(dict(array.attrs)) or _names_of(one.attributes)
            extras.labels(partial(_picture_of, array, place, extras.shape), names, name)
            return
    extras.named_labels({name: (tuple(array.shape), partial(np.asarray, array)) for name, array in named})


def _picture_of(array: Any, place: tuple[int | slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(array[place]).reshape(shape)


def _names_of(attributes: Mapping[str, Any]) -> dict[int, str]:
    names = attributes.get("label_names")
    if not isinstance(names, Mapping):
        return {}
    return {int(number): str(name) for number, name in names.items() if str(number).lstrip("-").isdigit()}


class _ZarrSource:
    """One array of a Zarr folder; opened by the first read."""

    packed = True

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name, self._lock = path, name, threading.RLock()
        array = self._array = opened(path)[name]
        self.shape = tuple(map(int, array.shape))
        self.stored_bytes = int(array.nbytes)
        pieces = getattr(array, "shards", None) or array.chunks
        self.pieces = tuple(map(int, pieces))
        self.piece_bytes = int(np.prod(self.pieces)) * array.dtype.itemsize
        check_chunks(path / name, self.piece_bytes)

    def read(self, selection: tuple[int | slice, ...]) -> NDArray[Any]:
        """Read one integer or slice per axis."""
        with self._lock, reading(self._path):
            return np.asarray(self._array[selection])

    def close(self) -> None:
        """Do nothing: files are open only while they are read."""
