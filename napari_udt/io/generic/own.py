"""napari-udt's own HDF5 format, ``*.udt.h5``: one cube or several, with everything known about them.

The layout is described in ``FORMAT.md`` beside this module.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

import napari_udt
from napari_udt.cube import DOMAINS, MODALITIES, SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.writing import new_hdf5
from napari_udt.io import frames, hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Frame, Match, Progress, ReadOptions, ignore_progress
from napari_udt.io.extras import Extras
from napari_udt.io.generic import own_series
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.layout import Shape3D
from napari_udt.io.lazy import LazyCube
from napari_udt.io.rechunk import Chunks, Target, chunk_shape, copy
from napari_udt.series import Series

if TYPE_CHECKING:
    from napari_udt.files.guarded_file import Hdf5Output

FORMAT = "napari-udt cube"
VERSION = 2  # of files with a series; others are of version 1, as ever
MAX_CUBES = 1_000

_TEXTS = ("name", "modality", "domain", "origin", "quantity")


def sniff(path: Path) -> Match:
    """Whether the root attribute ``format`` is ours."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        return Match.YES if hdf5_text.attribute(file, "format", path) == FORMAT else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the file's cubes in the order in which they were saved.

    Raises
    ------
    CubeError
        When the file's version is newer than this one, or it holds no cube.
    """
    with hdf5.opened(path) as file:
        _check_version(file, path)
        cubes = hdf5.child_group(file, "cubes")
        groups = {} if cubes is None else {k: g for k, g in hdf5.children(cubes) if isinstance(g, h5py.Group)}
        if len(groups) > MAX_CUBES:
            raise CubeError(f"{path}: the file holds {len(groups):,} cubes; expected at most {MAX_CUBES:,}.")
        names = sorted(groups, key=_number)
        titles = [hdf5_text.attribute(groups[name], "name", path) or name for name in names]
        counts = [own_series.frames_in(groups[name]) for name in names]
    if not names:
        raise CubeError(f"{path}: the file holds no cube; expected groups below /cubes.")
    listed = [_unique(titles, i) for i in range(len(names))]
    found = [
        Candidate(title, partial(_read, path, key, options)) for title, key in zip(listed, names, strict=True)
    ]
    for title, key, count in zip(listed, names, counts, strict=True):
        for what, frame in frames.offered(count):
            mean = partial(_read, path, key, replace(options, frame=frame))
            found.append(Candidate(f"{title}, {what}", mean, alternative=True))
    return found


def write(
    cubes: Sequence[SpectralCube],
    path: Path,
    compress: bool = False,
    *,
    chunks: Chunks = "both",
    progress: Progress | None = None,
) -> None:
    """Write cubes to a file at ``path``, which is not protected against a half-written end (see ``save_cube``).

    ``chunks`` says what is to be fast, see :func:`~napari_udt.io.rechunk.chunk_shape`; ``progress`` is called for each
    cube as ``progress(done, total)``, in bytes. Of a cube with a series all pictures are written, one after the other.
    """
    pictures = sum(
        _stored_bytes(cube.shape, chunks) * (len(cube.series) if cube.series else 1) for cube in cubes
    )
    version = max(1 if cube.series is None else VERSION for cube in cubes)
    with _created(path, 0 if compress else pictures, version) as file:
        for number, cube in enumerate(cubes):
            group = file.create_group(f"cubes/{number}")
            if cube.series is not None:
                fill = partial(own_series.copied, cube, cube.series, path.parent, progress or ignore_progress)
                _write_series(file, group, cube.shape, cube.series, cube.place, fill, chunks, compress)
                continue
            copy(cube, file.checked(_new_data(group, cube.shape, chunks, compress)), path.parent, progress)
            _write_metadata(group, cube, compress)


def write_filled(
    shape: Shape3D, fill: Callable[[Target], SpectralCube], path: Path, compress: bool = False
) -> SpectralCube:
    """Write a cube whose spectra are made on the way into its file, never all of them in memory.

    ``fill`` fills a dataset of ``shape`` and returns the cube with everything else that is known about it. That cube is
    returned; its spectra cannot be read any more once the file is closed.
    """
    with _created(path, 0 if compress else _stored_bytes(shape, "both"), 1) as file:
        group = file.create_group("cubes/0")
        cube = fill(file.checked(_new_data(group, shape, "both", compress)))
        _write_metadata(group, cube, compress)
    return cube


def write_filled_series(
    shape: Shape3D,
    series: Series[SpectralCube],
    place: int,
    fill: Callable[[int, Target], SpectralCube],
    path: Path,
    compress: bool = False,
) -> SpectralCube:
    """Write a series whose pictures are made on the way into the file, one after the other.

    ``fill(index, target)`` fills a picture of ``shape`` and returns it with everything else that is known about it;
    ``series`` says along what and where the pictures lie. The picture at ``place`` is returned, as by :func:`write_filled`.
    """
    needed = 0 if compress else len(series) * _stored_bytes(shape, "both")
    with _created(path, needed, VERSION) as file:
        return _write_series(file, file.create_group("cubes/0"), shape, series, place, fill, "both", compress)


def _write_series(
    file: Hdf5Output,
    group: h5py.Group,
    shape: Shape3D,
    series: Series[SpectralCube],
    place: int,
    fill: Callable[[int, Target], SpectralCube],
    chunks: Chunks,
    compress: bool,
) -> SpectralCube:
    data = group.create_dataset(
        "data",
        (len(series), *shape),
        np.float32,
        chunks=(1, *chunk_shape(shape, chunks)),
        **_packing(compress),
    )
    cube = own_series.write(group, file.checked(data), series, place, fill, _packing(compress))
    _write_metadata(group, cube, compress, maps=False)
    return cube


@contextmanager
def _created(path: Path, needed: int, version: int) -> Iterator[Hdf5Output]:
    with new_hdf5(path, needed) as file:
        file.attrs["format"] = hdf5_text.fixed(FORMAT)
        file.attrs["version"] = version
        file.attrs["software"] = hdf5_text.fixed(f"napari-udt {napari_udt.__version__}")
        yield file


def _stored_bytes(shape: Shape3D, chunks: Chunks) -> int:
    """Return the bytes that a cube's values take; chunks at the edges are stored whole."""
    return 4 * math.prod(-(-n // c) * c for n, c in zip(shape, chunk_shape(shape, chunks), strict=True))


def _packing(compress: bool) -> dict[str, Any]:
    return {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compress else {}


def _new_data(group: h5py.Group, shape: Shape3D, chunks: Chunks, compress: bool) -> h5py.Dataset:
    return group.create_dataset(
        "data", shape, np.float32, chunks=chunk_shape(shape, chunks), **_packing(compress)
    )


def _write_metadata(group: h5py.Group, cube: SpectralCube, compress: bool, maps: bool = True) -> None:
    for name in _TEXTS:
        group.attrs[name] = hdf5_text.fixed(getattr(cube, name))
    if cube.pixel_size_mm is not None:
        group.attrs["pixel_size"] = cube.pixel_size_mm
        group.attrs["pixel_size_unit"] = hdf5_text.fixed("mm")
    group["wavelengths_nm"] = cube.wavelengths_nm
    if cube.bad_bands is not None:
        group["bad_bands"] = cube.bad_bands.astype(np.uint8)
    for name in ("labels", "oxygenation") if maps else ():
        if (picture := getattr(cube, name)) is not None:
            group.create_dataset(name, data=picture, **_packing(compress))
    for name in ("label_names", "provenance", "metadata"):
        group[name] = hdf5_text.fixed(json.dumps(_kept(getattr(cube, name))))


def _kept(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """Leave out where the cube was opened from: in another file that would no longer be true."""
    return {key: value for key, value in mapping.items() if key != "file"}


def _read(path: Path, key: str, options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        group, extras = _group(file, key, path), Extras(path)
        found = own_series.stored(group, path)
        if found is None:
            return _read_picture(path, key, None, 0, options)
        positions = extras.attempt("Positions", lambda: own_series.positions(group, found.count, path))
    return frames.in_series(
        path,
        options,
        lambda frame, how: _read_picture(path, key, found, frame, how, extras.remarks),
        found.count,
        axis=found.axis,
        positions=positions,
        usual=found.place,
    )


def _group(file: h5py.File, key: str, path: Path) -> h5py.Group:
    group = hdf5.child_group(file, "cubes", key)
    if group is None:
        raise CubeError(f"{path}: cubes/{key} is gone; the file has changed since it was listed.")
    return group


def _read_picture(
    path: Path,
    key: str,
    series: own_series.Stored | None,
    frame: Frame,
    options: ReadOptions,
    remarks: Sequence[str] = (),
) -> SpectralCube:
    with hdf5.opened(path) as file:
        group = _group(file, key, path)
        data = hdf5.checked(_needed(group, "data", path), path)
        if data.ndim != (3 if series is None else 4):
            raise CubeError(f"{path}: {data.name} has {data.ndim} axes; expected (rows, columns, channels).")
        rows, columns, channels = data.shape[-3:]
        extras = Extras(path, (rows, columns))
        extras.remarks += remarks
        extras.labels(
            lambda: own_series.map_of(group, "labels", (rows, columns), series, frame, path),
            lambda: _label_names(group, path),
        )
        extras.oxygenation(
            lambda: own_series.map_of(group, "oxygenation", (rows, columns), series, frame, path)
        )
        mappings: dict[str, Any] = {
            name: extras.attempt(name.capitalize(), partial(_mapping, group, name, path)) or {}
            for name in ("provenance", "metadata")
        }
        if series is None:
            values = LazyCube(Hdf5Source(path, data), (0, 1, 2))
        else:
            values = series.values(Hdf5Source(path, data), frame)
            own = extras.attempt("Provenance", lambda: series.provenance(group, frame, path))
            mappings["provenance"] |= own or {}
            mappings["metadata"] |= frames.metadata(frame, series.count, series.axis)
        return assemble(
            path,
            options,
            values,
            wavelengths_nm=hdf5.whole(
                hdf5.with_shape(_needed(group, "wavelengths_nm", path), (channels,), path), path
            ),
            each_once=True,
            bad_bands=extras.attempt("Bad bands", lambda: _bad_bands(group, (channels,), path)),
            pixel_size_mm=extras.attempt("Pixel size", lambda: _pixel_size_mm(group, path)),
            extras=extras,
            **mappings,
            **_texts(group, path),
        )


def _texts(group: h5py.Group, path: Path) -> dict[str, Any]:
    texts: dict[str, Any] = {name: hdf5_text.attribute(group, name, path) or "" for name in _TEXTS}
    for name, known in (("modality", MODALITIES), ("domain", DOMAINS)):
        if texts[name] not in known:
            raise CubeError(f"{path}: {name} {texts[name]!r} is unknown; expected one of {', '.join(known)}.")
    return texts


def _needed(group: h5py.Group, name: str, path: Path) -> h5py.Dataset:
    found = hdf5.child_dataset(group, name)
    if found is None:
        raise CubeError(f"{path}: {group.name} holds no {name}; the file is incomplete.")
    return found


def _bad_bands(group: h5py.Group, shape: tuple[int, ...], path: Path) -> NDArray[np.bool_] | None:
    marks = hdf5.optional_dataset(group, path, "bad_bands")
    return None if marks is None else hdf5.whole(hdf5.with_shape(marks, shape, path), path) != 0


def _label_names(group: h5py.Group, path: Path) -> dict[int, str]:
    names = _mapping(group, "label_names", path)
    if not all(key.removeprefix("-").isdigit() for key in names):
        raise CubeError(f"{path}: label_names in {group.name} has keys that are not class numbers.")
    return {int(key): str(value) for key, value in names.items()}


def _mapping(group: h5py.Group, name: str, path: Path) -> dict[str, Any]:
    stored = hdf5_text.in_dataset(group, name, path)
    value = {} if stored is None else json.loads(stored)
    if not isinstance(value, dict):
        raise CubeError(f"{path}: {name} in {group.name} is not a JSON object.")
    return value


def _pixel_size_mm(group: h5py.Group, path: Path) -> NDArray[np.float64] | None:
    size = hdf5.attribute_numbers(group, "pixel_size")
    unit = hdf5_text.attribute(group, "pixel_size_unit", path)
    if size is not None and unit != "mm":
        raise CubeError(f"{path}: the pixel size is in {unit!r}; expected mm.")
    return size


def _check_version(file: h5py.File, path: Path) -> None:
    stored = hdf5.attribute_numbers(file, "version")
    version = 0.0 if stored is None or stored.size != 1 else float(stored[0])
    if version > VERSION:
        raise CubeError(
            f"{path}: the file has version {version:g} of the napari-udt format, this napari-udt knows versions "
            f"up to {VERSION}; update napari-udt to open it."
        )
    if version not in range(1, VERSION + 1):
        raise CubeError(f"{path}: the file lacks a valid version number of the napari-udt format.")


def _number(name: str) -> tuple[int, str]:
    return (int(name) if name.isdigit() else 2**31, name)


def _unique(titles: Sequence[str], index: int) -> str:
    """Return a title that no other cube of the file has."""
    title = titles[index]
    return title if titles.count(title) == 1 else f"{title} [{index}]"
