"""Populations: groups of labelled spectra, one for each domain and each transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import Domain, Modality, SpectralCube, nested
from napari_udt.errors import CubeError, TransferError
from napari_udt.inference.grid import Regridding, regrid
from napari_udt.spectral.labels import plain_name

Part = Literal["simulated", "transferred", "real"]

PARTS: tuple[Part, ...] = ("simulated", "transferred", "real")
PART_OF_DOMAIN: dict[Domain, Part] = {
    "simulated": "simulated",
    "transferred": "transferred",
    "real": "real",
    "second": "real",
}
UNKNOWN = -1
Regrid = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # spectra (n, channels) onto other wavelengths
# More spectra of one class change no figure that a screen can show.
MOST_PER_CLASS = 50_000
MOST_CLASSES = 1000  # of one cube that are compared; labels that count objects may be hundred thousands
_BLOCK_VALUES = 8_000_000  # of a file, in memory at a time


@dataclass(frozen=True, eq=False)
class Group:
    """Labelled spectra with one part in the comparison.

    Parameters
    ----------
    name : str
        Name in legends: the cube's.
    part : {"simulated", "transferred", "real"}
        "real" also holds target data that were not measured; ``origin`` says what they are.
    origin : str
        The honest phrase: "simulated", "drawn from measured statistics", "digital device", "measured", "transferred".
    spectra : float32 array, shape (n, channels)
        In the values of the source, not normalised.
    labels : integer array, shape (n,)
        Indices into the population's ``class_names``; -1 where the class is unknown.
    places : int32 array, shape (n, 2), optional
        Row and column in ``cube``.
    cube : SpectralCube, optional
        Where the spectra were taken from.
    subjects : integer array, shape (n,), optional
        The animal, person or image that each spectrum belongs to: what tests divide by.
    images : integer array, shape (n,), optional
        The image that it was taken from, where a subject has several: figures take the medians of images first.
    open_image : callable, optional
        Opens the cube of an image, by its number, as a context manager; without it only the spectra are there.
    oxygenation : float32 array, shape (n,), optional
        Simulated (known) oxygen saturation, fraction 0-1, NaN where unknown.
    depth_mm : float32 array, shape (n,), optional
        Depth below the top of the picture (PAT).
    total : int
        Spectra of the source before sub-sampling.
    model : str
        Name of the model that made it; empty for a domain.
    source : str
        File or layer that it came from.
    """

    name: str
    part: Part
    origin: str
    spectra: NDArray[np.float32]
    labels: NDArray[np.integer[Any]]
    places: NDArray[np.int32] | None = None
    cube: SpectralCube | None = None
    subjects: NDArray[np.integer[Any]] | None = None
    images: NDArray[np.integer[Any]] | None = None
    open_image: Callable[[int], AbstractContextManager[SpectralCube]] | None = None
    oxygenation: NDArray[np.float32] | None = None
    depth_mm: NDArray[np.float32] | None = None
    total: int = 0
    model: str = ""
    source: str = ""

    def __len__(self) -> int:
        return len(self.spectra)

    @property
    def is_sub_sampled(self) -> bool:
        """Whether it holds fewer spectra than its source."""
        return len(self) < self.total

    def take(self, index: NDArray[Any]) -> Group:
        """Return the group of some of its spectra: a mask or indices."""
        arrays = ("spectra", "labels", "places", "subjects", "images", "oxygenation", "depth_mm")
        taken = {name: getattr(self, name)[index] for name in arrays if getattr(self, name) is not None}
        return replace(self, **taken)

    def of_class(self, label: int) -> NDArray[np.float32]:
        """Spectra (n, channels) of one class."""
        return self.spectra[self.labels == label]


@dataclass(frozen=True, eq=False)
class Population:
    """Groups on one grid of wavelengths, with one numbering of classes.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    wavelengths_nm : array, shape (channels,)
    class_names : tuple of str
    groups : tuple of Group
        Simulated first, then transferred, then real.
    notes : tuple of str
        Sentences for the screen: what was left out, what was sub-sampled.
    grid_notes : tuple of str
        Those of them that are about cubes on other wavelengths, interpolated or left out.
    """

    modality: Modality
    wavelengths_nm: NDArray[np.float64]
    class_names: tuple[str, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()
    grid_notes: tuple[str, ...] = ()

    def part(self, part: Part) -> tuple[Group, ...]:
        """Return the groups of one part."""
        return tuple(group for group in self.groups if group.part == part)

    @property
    def reference(self) -> Group | None:
        """The newest real group, which all others are compared with; None where there is none."""
        return next(iter(reversed(self.part("real"))), None)

    @property
    def compared(self) -> tuple[Group, ...]:
        """All groups but the reference."""
        return tuple(group for group in self.groups if group is not self.reference)

    def classes_in(self, *groups: Group) -> tuple[int, ...]:
        """Classes that occur in all of the groups, in order."""
        present = [set(np.unique(group.labels)) - {UNKNOWN} for group in groups or self.groups]
        return tuple(sorted(int(label) for label in set.intersection(*present))) if present else ()


def population_of_cubes(
    cubes: Iterable[tuple[str, Part, SpectralCube]],
    *,
    most_per_class: int = MOST_PER_CLASS,
    seed: int = 0,
) -> Population:
    """Gather the labelled spectra of open cubes.

    Parameters
    ----------
    cubes : iterable of (name, part, cube)
        Of one modality. The last real one, else the first, decides the grid of wavelengths; cubes on another grid are
        interpolated linearly, or left out where they do not cover it, and ``notes`` says so. Pixels without a label are kept with the class "unknown" (-1).
    most_per_class : int
        Spectra of one class and cube that are kept at most, drawn without replacement.
    seed : int
        Of that draw.

    Raises
    ------
    CubeError
        When there is no cube, or the cubes are of several modalities.
    """
    given = list(cubes)
    if not given:
        raise CubeError("There is no cube to compare; open a simulated and a reference cube.")
    if len({cube.modality for _, _, cube in given}) > 1:
        raise CubeError("The cubes are of HSI and of PAT; compare those of one modality.")
    standard = next((cube for _, part, cube in reversed(given) if part == "real"), given[0][2])
    notes, grid_notes, rng = [], [], np.random.default_rng(seed)
    good = _good_bands([cube for _, _, cube in given if _same_grid(cube, standard)])
    if not good.all():
        listed = ", ".join(f"{nm:g}" for nm in standard.wavelengths_nm[~good][:10])
        notes.append(
            f"Bad bands of any cube are left out: {listed}{', ...' if (~good).sum() > 10 else ''} nm."
        )
    for name, _, cube in given:
        if len(cube.present_labels) > MOST_CLASSES:
            notes.append(
                f"{name}: its {len(cube.present_labels):,} structures are left out; at most {MOST_CLASSES:,} can be compared."
            )
    class_names = _class_names([cube for _, _, cube in given])
    groups = []
    for name, part, cube in given:
        grid = None
        if not _same_grid(cube, standard):
            grid = _interpolation(cube, standard.wavelengths_nm[good])
            grid_notes.append(_grid_note(name, cube, standard, grid))
            if grid is None:
                continue
        labels = labels_of(cube, class_names)
        index = drawn_per_class(labels, most_per_class, rng) if cube.is_lazy else np.arange(len(labels))
        group = _group_of_cube(name, part, cube, labels, index, grid or _channels(good))
        groups.append(sub_sampled(group, most_per_class, rng))
    notes += grid_notes + [_sub_sampling_note(group) for group in groups if group.is_sub_sampled]
    ordered = tuple(group for part in PARTS for group in groups if group.part == part)
    wavelengths_nm = standard.wavelengths_nm[good]
    return Population(
        standard.modality, wavelengths_nm, class_names, ordered, tuple(notes), tuple(grid_notes)
    )


def sub_sampled(group: Group, most_per_class: int, rng: np.random.Generator) -> Group:
    """Keep at most some spectra of each class, in their order."""
    kept = drawn_per_class(group.labels, most_per_class, rng)
    return group if len(kept) == len(group) else group.take(kept)


def drawn_per_class(
    labels: NDArray[np.integer[Any]], most_per_class: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the indices, increasing, of at most some labels of each class, drawn without replacement."""
    if np.bincount(labels - UNKNOWN).max(initial=0) <= most_per_class:
        return np.arange(len(labels))
    kept = [rng.permutation(np.flatnonzero(labels == label))[:most_per_class] for label in np.unique(labels)]
    return np.sort(np.concatenate(kept))


def _sub_sampling_note(group: Group) -> str:
    return f"{group.name}: {len(group):,} of {group.total:,} spectra, drawn per class."


def _class_names(cubes: Sequence[SpectralCube]) -> tuple[str, ...]:
    """Names in the order of their first occurrence, each in the spelling that comes first."""
    found: dict[str, str] = {}
    for cube in cubes:
        names = cube.present_labels.values()
        for name in names if len(names) <= MOST_CLASSES else ():
            found.setdefault(plain_name(name), name)
    return tuple(found.values())


def _same_grid(cube: SpectralCube, other: SpectralCube) -> bool:
    a, b = cube.wavelengths_nm, other.wavelengths_nm
    return len(a) == len(b) and bool(np.allclose(a, b))


def _interpolation(cube: SpectralCube, wavelengths_nm: NDArray[np.float64]) -> Regridding | None:
    """Return the interpolation of a cube's spectra to other wavelengths, None where it does not cover them."""
    try:
        return regrid(cube.wavelengths_nm, wavelengths_nm, cube.name, bad_bands=cube.bad_bands)
    except TransferError:
        return None


def _grid_note(name: str, cube: SpectralCube, standard: SpectralCube, grid: Regridding | None) -> str:
    own, wanted = (f"{c.wavelengths_nm[0]:g}-{c.wavelengths_nm[-1]:g} nm" for c in (cube, standard))
    if grid is None:
        return (
            f"{name} is left out: it covers {own}, but {standard.name} {wanted}; set the role of either to none, or open one "
            "that covers the other."
        )
    return (
        f"{name}: interpolated linearly from {cube.shape[2]} wavelengths ({own}) to those of {standard.name}."
    )


def _channels(good: NDArray[np.bool_]) -> Regrid:
    """Return the choice of the good bands."""
    return lambda spectra: spectra if good.all() else spectra[:, good]


def _good_bands(cubes: Sequence[SpectralCube]) -> NDArray[np.bool_]:
    """Return which channels no cube marks as bad; all of them where nothing would be left."""
    bad = np.any([cube.bad_bands for cube in cubes if cube.bad_bands is not None], axis=0)
    good = np.broadcast_to(~bad, cubes[0].shape[2])
    return good if good.any() else np.ones_like(good)


def _group_of_cube(
    name: str,
    part: Part,
    cube: SpectralCube,
    labels: NDArray[np.int16],
    index: NDArray[np.intp],
    onto: Regrid,
) -> Group:
    """Gather the pixels of an index on the population's wavelengths; all of them where the cube lies in memory."""
    spectra = onto(spectra_at(cube, index))
    places = np.stack(np.divmod(index.astype(np.int32), cube.shape[1]), axis=1)
    depth = None
    if cube.modality == "PAT" and cube.pixel_size_mm is not None:
        depth = ((places[:, 0] + 0.5) * cube.pixel_size_mm[0]).astype(np.float32)
    usable = np.asarray(np.isfinite(spectra).all(axis=1))
    group = Group(
        name=name,
        part=part,
        origin=cube.origin,
        spectra=spectra,
        labels=labels[index],
        places=places,
        cube=cube,
        oxygenation=None if cube.oxygenation is None else cube.oxygenation.reshape(-1)[index],
        depth_mm=depth,
        total=len(labels) - int(np.count_nonzero(~usable)),
        model=str(nested(cube.provenance, "model").get("name", "")) if part == "transferred" else "",
        source=name,
    )
    return group if usable.all() else group.take(usable)


def spectra_at(cube: SpectralCube, index: NDArray[np.intp]) -> NDArray[np.float32]:
    """Read the spectra (n, channels) of some pixels, whose index increases; of a file only a few rows at a time lie in memory."""
    rows, columns, channels = cube.shape
    if not cube.is_lazy:
        spectra = cube.rows(0, rows).reshape(-1, channels)
        return spectra if len(index) == len(spectra) else spectra[index]
    step = max(1, _BLOCK_VALUES // (columns * channels))
    found = np.empty((len(index), channels), dtype=np.float32)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        first, last = np.searchsorted(index, (start * columns, stop * columns))
        if last > first:
            block = cube.rows(start, stop).reshape(-1, channels)
            found[first:last] = block[index[first:last] - start * columns]
    return found


def labels_of(cube: SpectralCube, class_names: tuple[str, ...]) -> NDArray[np.int16]:
    """Return the class of every pixel, shape (rows * columns,); -1 without labels."""
    present = cube.present_labels
    if cube.labels is None or len(present) > MOST_CLASSES:
        return np.full(cube.shape[0] * cube.shape[1], UNKNOWN, np.int16)
    numbers, inverse = np.unique(cube.labels, return_inverse=True)
    places = {plain_name(name): place for place, name in enumerate(class_names)}
    index = [places[plain_name(present[int(number)])] for number in numbers]
    return np.array(index, np.int16)[inverse.reshape(-1)]
