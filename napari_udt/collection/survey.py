"""What the cubes of a collection hold, found out before anything is computed from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.reading import opened
from napari_udt.cube import SpectralCube
from napari_udt.errors import UdtError
from napari_udt.models.spec import Target

Progress = Callable[[int, int], None]
UNKNOWN_ORIGIN: Target = "origin unknown"


@dataclass(frozen=True)
class Found:
    """What one cube holds.

    Parameters
    ----------
    member : Member
    structures : mapping of str to int
        Pixels of each structure that somebody has named.
    shape : (int, int)
        Rows and columns.
    pixel_mm : float or None
        Height of a pixel.
    origin : str
        What it is, in the words of a model's target.
    interpolated : bool
        Whether its spectra are interpolated to the collection's wavelengths.
    """

    member: Member
    structures: Mapping[str, int]
    shape: tuple[int, int]
    pixel_mm: float | None
    origin: Target
    interpolated: bool


@dataclass(frozen=True)
class Survey:
    """What a collection holds.

    Parameters
    ----------
    collection : Collection
        Of the cubes that open.
    cubes : tuple of Found
        In its order.
    problems : tuple of str
        A sentence for each cube that does not open.
    """

    collection: Collection
    cubes: tuple[Found, ...]
    problems: tuple[str, ...] = ()

    @property
    def structures(self) -> Counter[str]:
        """Pixels of each structure over all cubes, in the order in which they first occur."""
        total: Counter[str] = Counter()
        for cube in self.cubes:
            total.update(cube.structures)
        return total

    @property
    def subjects(self) -> list[str]:
        """Different subjects, in the order in which they first occur."""
        return list(dict.fromkeys(cube.member.subject for cube in self.cubes))

    @property
    def origin(self) -> Target:
        """What the cubes are; unknown where they differ."""
        origins = {cube.origin for cube in self.cubes}
        return origins.pop() if len(origins) == 1 else UNKNOWN_ORIGIN


def survey(collection: Collection, progress: Progress = lambda done, total: None) -> Survey:
    """Open every cube of a collection and count; no values are read but labels.

    Parameters
    ----------
    collection : Collection
    progress : callable, optional
        ``progress(cubes done, cubes in all)``; what it raises ends the work.
    """
    cubes, problems = [], []
    for number, member in enumerate(collection.members):
        progress(number, len(collection.members))
        try:
            with opened(member, collection) as prepared:
                counts = prepared.pixel_counts()
                cube = prepared.cube
                interpolated = prepared.grid.weights is not None
        except UdtError as error:
            problems.append(str(error))
            continue
        size = None if cube.pixel_size_mm is None else cube.pixel_size_mm[0]
        cubes.append(Found(member, counts, cube.shape[:2], size, _origin(cube), interpolated))
    progress(len(collection.members), len(collection.members))
    kept = replace(collection, members=tuple(found.member for found in cubes))
    return Survey(kept, tuple(cubes), tuple(problems))


def _origin(cube: SpectralCube) -> Target:
    if cube.domain == "real":
        return "measured"
    if cube.domain == "second":
        return cube.origin if cube.origin in get_args(Target) else "target domain (not measured)"  # type: ignore[return-value]
    return "simulated" if cube.domain == "simulated" else UNKNOWN_ORIGIN
