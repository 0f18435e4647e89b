"""Series in napari-udt's HDF5 format: an axis of pictures before rows, columns and channels; see ``FORMAT.md``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.contract import Frame, Progress
from napari_udt.io.derived import MeanSource
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import LazyCube
from napari_udt.io.rechunk import Target, copy
from napari_udt.series import UNITS, Axis, Series

MAPS = ("labels", "oxygenation")
_KNOWN = "known"  # attribute of a map: which pictures have one
_PROVENANCE = "picture_provenance"


@dataclass(frozen=True)
class Stored:
    """What a file says about the series of a cube.

    Parameters
    ----------
    axis : {"time", "depth"}
    count : int
    place : int
        The picture that opens where none is chosen.
    """

    axis: Axis
    count: int
    place: int

    def values(self, source: Hdf5Source, frame: Frame) -> LazyCube:
        """Return the spectra of a picture, or their mean over all."""
        if frame == "mean":
            return LazyCube(MeanSource(source), (1, 2, 3), {0: 0})
        return LazyCube(source, (1, 2, 3), {0: int(frame)})

    def provenance(self, group: h5py.Group, frame: Frame, path: Path) -> dict[str, Any]:
        """Return what the provenance of a picture says that the common one does not."""
        text = hdf5_text.in_dataset(group, _PROVENANCE, path)
        own = [] if text is None else json.loads(text)
        if not isinstance(own, list) or not all(isinstance(one, dict) for one in own):
            raise CubeError(f"{path}: {_PROVENANCE} in {group.name} is not a list of JSON objects.")
        return own[frame] if isinstance(frame, int) and frame < len(own) else {}


def frames_in(group: h5py.Group) -> int:
    """Return how many frames along time a cube's group holds."""
    data = hdf5.child_dataset(group, "data")
    along = hdf5_text.attribute(group, "series_axis", Path(group.file.filename))
    return int(data.shape[0]) if data is not None and data.ndim == 4 and along == "time" else 1


def stored(group: h5py.Group, path: Path) -> Stored | None:
    """Return what a cube's group says about its series; None where it holds a single picture."""
    axis = hdf5_text.attribute(group, "series_axis", path)
    data = hdf5.child_dataset(group, "data")
    if axis is None or data is None:
        return None
    if axis not in UNITS or data.ndim != 4 or 0 in data.shape:
        raise CubeError(
            f"{path}: {group.name} is a series along {axis!r} of shape {data.shape}; expected (pictures, rows, columns, "
            f"channels) along {' or '.join(UNITS)}."
        )
    count = int(data.shape[0])
    place = hdf5.attribute_numbers(group, "place")
    shown = 0 if place is None or place.size != 1 else int(place[0])
    return Stored(axis, count, shown if 0 <= shown < count else 0)


def positions(group: h5py.Group, count: int, path: Path) -> NDArray[np.float64] | None:
    """Return where the pictures lie; None where the file does not say. ``CubeError`` where that makes no sense."""
    found = hdf5.optional_dataset(group, path, "positions")
    if found is None:
        return None
    values = hdf5.whole(hdf5.with_shape(found, (count,), path), path).astype(np.float64)
    if not np.all(np.isfinite(values)) or np.any(np.diff(values) <= 0):
        raise CubeError(f"{path}: {found.name} are not strictly increasing numbers.")
    return values


def map_of(
    group: h5py.Group, name: str, shape: tuple[int, int], series: Stored | None, frame: Frame, path: Path
) -> NDArray[Any] | None:
    """Return the map of a picture: the only one, or its own; None where it has none, or for a mean of different ones."""
    found = hdf5.optional_dataset(group, path, name)
    if found is None:
        return None
    if series is None or found.ndim == 2:
        return hdf5.whole(hdf5.with_shape(found, shape, path), path)
    hdf5.with_shape(found, (series.count, *shape), path)
    known = hdf5.attribute_numbers(found, _KNOWN)
    if frame == "mean" or (known is not None and known.size == series.count and not known[int(frame)]):
        return None
    return hdf5.part(found, path, (int(frame), slice(None), slice(None)))


class _Picture:
    """One picture of a dataset (pictures, rows, columns, channels), written like a dataset of its own."""

    def __init__(self, data: h5py.Dataset, index: int) -> None:
        self._data, self._index = data, index
        self.shape, self.chunks, self.dtype = data.shape[1:], data.chunks[1:], data.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return self._data[(self._index, *(key if isinstance(key, tuple) else (key,)))]

    def __setitem__(self, key: Any, value: NDArray[np.float32]) -> None:
        self._data[(self._index, *(key if isinstance(key, tuple) else (key,)))] = value


class _Maps:
    """Writes a map for each picture: a single one as long as they are alike, one each from the first that differs."""

    def __init__(self, group: h5py.Group, name: str, count: int, packing: Mapping[str, Any]) -> None:
        self._group, self._name, self._packing = group, name, packing
        self._known = np.zeros(count, np.uint8)
        self._common: NDArray[Any] | None = None
        self._each: h5py.Dataset | None = None

    def add(self, index: int, picture: NDArray[Any] | None) -> None:
        if index == 0:
            self._common = picture
        elif self._each is None and not _alike(picture, self._common):
            self._begin(index, picture if self._common is None else self._common)
        self._known[index] = picture is not None
        if self._each is not None and picture is not None:
            self._each[index] = picture

    def finish(self) -> None:
        if self._each is not None:
            if not self._known.all():
                self._each.attrs[_KNOWN] = self._known
        elif self._common is not None:
            self._group.create_dataset(self._name, data=self._common, **self._packing)

    def _begin(self, earlier: int, like: NDArray[Any] | None) -> None:
        assert like is not None, "two missing maps are alike"
        shape = (len(self._known), *like.shape)
        self._each = self._group.create_dataset(
            self._name, shape, like.dtype, chunks=(1, *like.shape), **self._packing
        )
        for index in range(earlier) if self._common is not None else ():
            self._each[index] = self._common


def write(
    group: h5py.Group,
    data: h5py.Dataset,
    series: Series[SpectralCube],
    place: int,
    fill: Callable[[int, Target], SpectralCube],
    packing: Mapping[str, Any],
) -> SpectralCube:
    """Write the pictures of a series one after the other, with what differs between them.

    Parameters
    ----------
    group : h5py.Group
        Of the cube.
    data : h5py.Dataset
        (pictures, rows, columns, channels), chunked by picture.
    series : Series
        Says along what and where the pictures lie.
    place : int
        The picture that opens.
    fill : callable
        ``fill(index, target)`` fills the spectra of a picture and returns it.
    packing : mapping
        How further datasets are packed.

    Returns
    -------
    SpectralCube
        The picture at ``place``, with the names of all pictures' labels.
    """
    maps = {name: _Maps(group, name, len(series), packing) for name in MAPS}
    names: dict[int, str] = {}
    provenances: list[dict[str, Any]] = []
    shown: SpectralCube | None = None
    for index in range(len(series)):
        picture = fill(index, _Picture(data, index))
        for name, target in maps.items():
            target.add(index, getattr(picture, name))
        names |= picture.label_names
        provenances.append(dict(picture.provenance))
        if index == place:
            shown = picture
    for target in maps.values():
        target.finish()
    assert shown is not None
    own = [
        {key: value for key, value in one.items() if shown.provenance.get(key) != value}
        for one in provenances
    ]
    if any(own):
        group[_PROVENANCE] = hdf5_text.fixed(json.dumps(own))
    group.attrs["series_axis"] = hdf5_text.fixed(series.axis)
    group.attrs["place"] = place
    if series.positions is not None:
        group["positions"] = series.positions
        group["positions"].attrs["unit"] = hdf5_text.fixed(UNITS[series.axis])
    return replace(shown, label_names=names)


def copied(
    cube: SpectralCube,
    series: Series[SpectralCube],
    folder: Path,
    progress: Progress,
    index: int,
    target: Target,
) -> SpectralCube:
    """Copy a picture of a cube's series into its place, and report the bytes of all.

    Raises
    ------
    CubeError
        When it has another size than the others.
    """
    picture = cube if index == cube.place else series[index]
    if picture.shape != target.shape:
        raise CubeError(
            f"{cube.name}: picture {index} of the series has the shape {picture.shape}; expected {target.shape} as the others."
        )

    def report(done: int, total: int) -> None:
        progress(index * total + done, len(series) * total)

    copy(picture, target, folder, report)
    return picture


def _alike(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
