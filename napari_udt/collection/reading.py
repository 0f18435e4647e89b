"""Reading the cubes of a collection, one at a time, at its wavelengths and under its names."""

from __future__ import annotations

import re
from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.preprocessing import applied
from napari_udt.collection.toml_file import load_collection
from napari_udt.cube import SpectralCube
from napari_udt.inference.grid import Regridding, regrid
from napari_udt.inference.inputs import Input
from napari_udt.io import open_cube
from napari_udt.models.classes import plain_name as class_name
from napari_udt.spectral.labels import plain_name, present

# Names of pixels that nobody has named, as files have them; "label 0" is a 0 without a name.
_UNLABELLED = {
    "unlabelled",
    "unlabeled",
    "unclassified",
    "unknown",
    "background",
    "none",
    "ignore",
    "label 0",
}
_LARGEST_IN_MEMORY_MB = 64.0
_BLOCK_PIXELS = 16_384  # that are prepared at a time


@dataclass(frozen=True, eq=False)
class PreparedCube:
    """A cube of a collection, open.

    Parameters
    ----------
    cube : SpectralCube
        As its file has it, but for the names of structures.
    member : Member
    collection : Collection
    """

    cube: SpectralCube
    member: Member
    collection: Collection

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        return _numbers_of(self.cube)

    @property
    def structures(self) -> list[str]:
        """Names of the structures in the picture, without pixels that nobody has named."""
        return list(self._numbers)

    def mask(self, structure: str) -> NDArray[np.bool_]:
        """Pixels of a structure, shape (rows, columns)."""
        labels, numbers = self.cube.labels, self._numbers[structure]
        assert labels is not None
        return labels == numbers[0] if len(numbers) == 1 else np.isin(labels, numbers)

    def pixel_counts(self) -> dict[str, int]:
        """Pixels of each structure."""
        return pixel_counts(self.cube)

    def class_numbers(self, classes: Mapping[str, int]) -> NDArray[np.int16]:
        """Class of every pixel, shape (rows, columns); -1 where no class has the structure's name.

        Parameters
        ----------
        classes : mapping of str to int
            By their names without regard to case, spaces and plurals, see :func:`napari_udt.models.classes.plain_name`.
        """
        if self.cube.labels is None:
            return np.full(self.cube.shape[:2], -1, np.int16)
        numbers, places = present(self.cube.labels)
        of_number = {n: classes.get(class_name(name), -1) for name, own in self._numbers.items() for n in own}
        return np.array([of_number.get(int(n), -1) for n in numbers], np.int16)[places]

    @cached_property
    def grid(self) -> Regridding:
        """The interpolation to the collection's wavelengths."""
        cube = self.cube
        return regrid(
            cube.wavelengths_nm,
            self.collection.grid,
            self.member.name,
            "collection",
            cube.bad_bands,
        )

    def spectra(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """Preprocessed spectra of some pixels, shape (n, channels); in row order they are read fastest."""
        found = np.empty((len(rows), len(self.collection.wavelengths_nm)), np.float32)
        for number, block in enumerate(self.blocks(rows, columns)):
            start = number * _BLOCK_PIXELS
            found[start : start + len(block)] = self._prepared(block)
        return found

    def blocks(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        """Yield the spectra of some pixels as the file has them, a few at a time, shape (n, the cube's channels)."""
        for start in range(0, len(rows), _BLOCK_PIXELS):
            here = slice(start, start + _BLOCK_PIXELS)
            yield np.asarray(self.cube.data[rows[here], columns[here]], np.float32)

    def image(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Preprocessed spectra of a window, shape (rows, columns, channels)."""
        block = np.asarray(self.cube.data[rows, columns], np.float32)
        return self._prepared(block.reshape(-1, block.shape[2])).reshape(*block.shape[:2], -1)

    def _prepared(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        finite = np.asarray(np.isfinite(spectra[:, self._needed]).all(axis=1))
        known = np.where(finite[:, None], np.nan_to_num(spectra), np.float32(np.nan))
        return applied(self.collection.preprocessing, self.grid(known), self.collection.grid)

    @cached_property
    def _needed(self) -> NDArray[np.intp]:
        """Channels that the collection's wavelengths are interpolated from."""
        if self.grid.weights is None:
            return np.arange(self.cube.shape[2])
        rows = np.flatnonzero(self.grid.weights.any(axis=1))
        return rows if self.grid.used is None else self.grid.used[rows]


def is_unlabelled(name: str) -> bool:
    """Whether a structure's name says that nobody has named these pixels."""
    return plain_name(name) in _UNLABELLED


def pixel_counts(cube: SpectralCube) -> dict[str, int]:
    """Return the pixels of each structure that somebody has named."""
    if cube.labels is None:
        return {}
    numbers, places = present(cube.labels)
    pixels = dict(zip(numbers.tolist(), np.bincount(places.reshape(-1)).tolist(), strict=True))
    return {name: sum(pixels[number] for number in own) for name, own in _numbers_of(cube).items()}


def _numbers_of(cube: SpectralCube) -> dict[str, list[int]]:
    """Return the label numbers of each structure; one may have several."""
    found: dict[str, list[int]] = {}
    for number, name in cube.present_labels.items():
        if not is_unlabelled(name):
            found.setdefault(name, []).append(number)
    return found


@contextmanager
def opened(member: Member, collection: Collection) -> Iterator[PreparedCube]:
    """Open a cube of a collection and close it afterwards; larger ones stay in their files.

    Raises
    ------
    CubeError
        When it does not open.
    """
    cube = open_member(member)
    try:
        yield PreparedCube(cube.with_structures_named(collection.structures), member, collection)
    finally:
        if cube.is_lazy:
            getattr(cube.data, "close", lambda: None)()


def open_member(
    member: Member, memory_limit_mb: float | None = _LARGEST_IN_MEMORY_MB, **options: Any
) -> SpectralCube:
    """Open the cube of a member as its file has it; one larger than the limit (None: the user's) stays in the file."""
    return open_cube(
        member.path,
        candidate=member.candidate or None,
        domain=None if member.domain == "unknown" else member.domain,
        wavelengths_nm=member.wavelengths_nm or None,
        memory_limit_mb=memory_limit_mb,
        **options,
    )


def transfer_inputs(path: Path, domains: Some[str] = ()) -> tuple[dict[Input, Member], list[str]]:
    """Return the cubes of a saved collection as inputs of a batch, with their members.

    Each result lies in a folder of its subject's name. Cubes are transferred as they are: without preprocessing, at their
    own wavelengths.

    Parameters
    ----------
    path : Path
    domains : collection of str
        Only cubes of these are taken from a collection that has some of them.

    Returns
    -------
    dict of Input to Member
    list of str
        A sentence for each cube that is missing or has changed.

    Raises
    ------
    CollectionError
        When the collection cannot be read.
    """
    collection, problems = load_collection(path).checked()
    structures = tuple(collection.structures.items())
    members = collection.of(domains).members or collection.members
    inputs = {
        Input(
            member.path,
            Path(re.sub(r"[^\w.-]+", "_", member.subject).strip(".") or "unknown"),
            member.candidate,
            member.wavelengths_nm,
            "" if member.domain == "unknown" else member.domain,
            structures,
        ): member
        for member in members
    }
    return inputs, problems
