"""Data sets to train on (:mod:`napari_udt.dataset`), opened as cubes.

Spectra open as a picture of one column; of images, each one is a candidate.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import DOMAINS, SpectralCube
from napari_udt.dataset import FORMAT, VERSION
from napari_udt.errors import CubeError
from napari_udt.io import hdf5, hdf5_text
from napari_udt.io.assemble import assemble
from napari_udt.io.contract import Candidate, Match, ReadOptions
from napari_udt.io.extras import Extras
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import ArraySource, LazyCube

MAX_IMAGES = 10_000  # more are not listed: a file may declare any number


def sniff(path: Path) -> Match:
    """Whether the root attribute ``format`` is that of a data set."""
    if not hdf5.is_hdf5(path):
        return Match.NO
    with hdf5.opened(path) as file:
        return Match.YES if hdf5_text.attribute(file, "format", path) == FORMAT else Match.NO


def candidates(path: Path, options: ReadOptions) -> list[Candidate]:
    """Return the list of spectra, or every image."""
    with hdf5.opened(path) as file:
        version = hdf5.attribute_numbers(file, "version")
        if version is None or version[0] > VERSION:
            raise CubeError(
                f"{path}: the data set has no version that is known (up to {VERSION}); update napari-udt."
            )
        samples = _samples(file, path)
        images = min(samples.shape[0], MAX_IMAGES) if samples.ndim == 4 else 0
    if not images:
        return [Candidate("spectra", partial(_read_spectra, path, options))]
    return [
        Candidate(f"image {i}", partial(_read_image, path, i, options), alternative=i > 0)
        for i in range(images)
    ]


def _samples(file: h5py.File, path: Path) -> h5py.Dataset:
    for name, axes in (("spectra", 2), ("images", 4)):
        found = hdf5.child_dataset(file, name)
        if found is not None and found.ndim == axes:
            return hdf5.checked(found, path)
    raise CubeError(f"{path}: the data set holds neither spectra (N, C) nor images (N, C, H, W).")


def _read_spectra(path: Path, options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        samples = hdf5.whole(_samples(file, path), path)
        extras = Extras(path, (len(samples), 1))
        extras.labels(lambda: _of_spectra(file, samples.shape[:1], path), _label_names(file, path))
        data = LazyCube(ArraySource(samples[:, np.newaxis, :]), (0, 1, 2))
        return assemble(path, options, data, extras=extras, **_attributes(file, path))


def _read_image(path: Path, index: int, options: ReadOptions) -> SpectralCube:
    with hdf5.opened(path) as file:
        samples = _samples(file, path)
        data = LazyCube(Hdf5Source(path, samples), (2, 3, 1), {0: index})
        pictures = (samples.shape[0], *samples.shape[2:])
        extras = Extras(path, pictures[1:])
        extras.labels(lambda: _of_image(file, "labels", index, pictures, path), _label_names(file, path))
        extras.oxygenation(lambda: _of_image(file, "oxygenation", index, pictures, path))
        return assemble(path, options, data, extras=extras, **_attributes(file, path))


def _of_spectra(file: h5py.File, shape: tuple[int, ...], path: Path) -> NDArray[Any] | None:
    found = hdf5.optional_dataset(file, path, "labels")
    return None if found is None else hdf5.whole(hdf5.with_shape(found, shape, path), path)[:, np.newaxis]


def _of_image(
    file: h5py.File, name: str, index: int, shape: tuple[int, ...], path: Path
) -> NDArray[Any] | None:
    found = hdf5.optional_dataset(file, path, name)
    if found is None:
        return None
    return hdf5.part(hdf5.with_shape(found, shape, path), path, (index, slice(None), slice(None)))


def _label_names(file: h5py.File, path: Path) -> dict[int, str]:
    return {-1: "unknown", **dict(enumerate(hdf5_text.attributes(file, "class_names", path)))}


def _attributes(file: h5py.File, path: Path) -> dict[str, Any]:
    """Return the attributes that hold for every sample."""
    texts = {
        name: hdf5_text.attribute(file, name, path) for name in ("modality", "domain", "origin", "generator")
    }
    return {
        "wavelengths_nm": hdf5.numbers_at(file, path, "wavelengths_nm"),
        "modality": texts["modality"],
        "domain": texts["domain"] if texts["domain"] in DOMAINS else "unknown",
        "origin": texts["origin"] or "",
        "pixel_size_mm": hdf5.attribute_numbers(file, "pixel_size_mm"),
        "metadata": {"layout": "data set", "generator": texts["generator"]},
    }
