"""Spectra drawn from each cube of a collection, kept on disk by content: many cubes are browsed without being read again.

Of every structure of a cube at most :data:`PER_STRUCTURE` spectra are drawn, without replacement, in random order: the first
few of them are a sample too. A sample is known by the content of the cube's file and by everything else that decides its
values, but not by the file's place, its subject or its domain.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.reading import PreparedCube, opened
from napari_udt.cube import nested
from napari_udt.files.cache import cache_path
from napari_udt.files.writing import whole_or_nothing

PER_STRUCTURE = 250
_VERSION = 1
_SEED = 0


@dataclass(frozen=True, eq=False)
class Sample:
    """Spectra of one cube, at the wavelengths and after the preprocessing of its collection.

    Parameters
    ----------
    structures : tuple of str
        Names as the collection has them; empty for a cube without labels.
    pixels : int array, shape (structures,)
        Of each structure in the cube; of a cube without labels all pixels, shape (1,).
    spectra : float32 array, shape (n, channels)
        Without missing values, structure by structure.
    labels : int16 array, shape (n,)
        Indices into ``structures``; -1 for a cube without labels.
    oxygenation : float32 array, shape (n,)
        Known oxygen saturation, fraction 0-1, NaN where unknown.
    depth_mm : float32 array, shape (n,)
        Below the top of the picture (PAT), NaN where unknown.
    origin, model : str
        The cube's origin, and the model that made it where one did.
    """

    structures: tuple[str, ...]
    pixels: NDArray[np.int64]
    spectra: NDArray[np.float32]
    labels: NDArray[np.int16]
    oxygenation: NDArray[np.float32]
    depth_mm: NDArray[np.float32]
    origin: str = ""
    model: str = ""


def sample_of(
    member: Member,
    collection: Collection,
    make: Callable[[PreparedCube], PreparedCube] | None = None,
    made_by: str = "",
) -> Sample:
    """Return the sample of a cube: the one that is kept, or a new one, which is kept from now on.

    Parameters
    ----------
    member : Member
    collection : Collection
    make : callable, optional
        Makes another cube of it, such as a transferred one.
    made_by : str
        Everything that decides what ``make`` makes.

    Raises
    ------
    CubeError
        When the cube does not open.
    """
    path = sample_path(member, collection, made_by)
    if (kept := _read(path)) is not None:
        return kept
    with opened(member, collection) as cube:
        sample = drawn(cube if make is None else make(cube))
    _write(sample, path)
    return sample


def drawn(cube: PreparedCube) -> Sample:
    """Draw spectra of every structure of an open cube; of a cube without labels, of all pixels."""
    rng = np.random.default_rng(_SEED)
    names = cube.structures
    masks = [cube.mask(name) for name in names] or [np.ones(cube.cube.shape[:2], bool)]
    places, labels = [], []
    for number, mask in enumerate(masks):
        pixels = np.flatnonzero(mask)
        # Missing values are left out afterwards: some more are drawn.
        chosen = rng.permutation(pixels)[: 2 * PER_STRUCTURE]
        places.append(chosen)
        labels.append(np.full(len(chosen), number if names else -1, np.int16))
    place, label = np.concatenate(places), np.concatenate(labels)
    order = np.argsort(place, kind="stable")  # files are read from the top
    rows, columns = np.unravel_index(place[order], masks[0].shape)
    spectra = np.empty((len(place), len(cube.collection.wavelengths_nm)), np.float32)
    spectra[order] = cube.spectra(rows, columns)
    kept = _usable(spectra, label)
    oxygenation = _at(cube.cube.oxygenation, place[kept])
    depth = np.full(len(kept), np.nan, np.float32)
    if cube.cube.modality == "PAT" and cube.cube.pixel_size_mm is not None:
        depth[:] = (place[kept] // masks[0].shape[1] + 0.5) * cube.cube.pixel_size_mm[0]
    return Sample(
        tuple(names),
        np.array([np.count_nonzero(mask) for mask in masks], np.int64),
        spectra[kept],
        label[kept],
        oxygenation,
        depth,
        cube.cube.origin,
        str(nested(cube.cube.provenance, "model").get("name", "")),
    )


def sample_path(member: Member, collection: Collection, made_by: str = "") -> Path:
    """Return the file of a sample, named by all that decides it."""
    known = member if member.sha256 else member.with_state()
    of_cube = (known.sha256, known.bytes, known.modified_ns, member.candidate, member.wavelengths_nm)
    of_collection = (
        collection.wavelengths_nm,
        dict(collection.structures),
        list(map(str, collection.preprocessing)),
    )
    return cache_path("samples", _VERSION, PER_STRUCTURE, *of_cube, *of_collection, made_by).with_suffix(
        ".npz"
    )


def _usable(spectra: NDArray[np.float32], labels: NDArray[np.int16]) -> NDArray[np.intp]:
    """Return the first spectra of each label that are whole and not zero throughout, as many as a sample holds."""
    good = np.asarray(np.isfinite(spectra).all(axis=1)) & (spectra != 0).any(axis=1)
    kept = [np.flatnonzero(good & (labels == label))[:PER_STRUCTURE] for label in np.unique(labels)]
    return np.concatenate(kept) if kept else np.empty(0, np.intp)


def _at(picture: NDArray[np.float32] | None, places: NDArray[np.intp]) -> NDArray[np.float32]:
    if picture is None:
        return np.full(len(places), np.nan, np.float32)
    return picture.reshape(-1)[places].astype(np.float32)


_ARRAYS = ("pixels", "spectra", "labels", "oxygenation", "depth_mm")


def _read(path: Path) -> Sample | None:
    """Return a sample that is kept; None where there is none, or a damaged one."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            texts = json.loads(str(file["texts"]))
            arrays = {name: file[name] for name in _ARRAYS}
        os.utime(path)
        return Sample(
            structures=tuple(texts["structures"]), origin=texts["origin"], model=texts["model"], **arrays
        )
    except (OSError, ValueError, KeyError, BadZipFile):
        return None


def _write(sample: Sample, path: Path) -> None:
    """Keep a sample; a full disk or a folder that cannot be written only costs the time to make it again."""
    texts = json.dumps({"structures": sample.structures, "origin": sample.origin, "model": sample.model})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_nothing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, texts=np.array(texts), **{name: getattr(sample, name) for name in _ARRAYS})
    except OSError:
        return
