"""The collection of a window: what was found in its cubes, and what the user says of them. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Collection as Some
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_udt.collection import Collection, Member, save_collection
from napari_udt.collection.doubts import doubts
from napari_udt.collection.gather import all_structures, collection_of, one_preprocessing
from napari_udt.collection.inspecting import InspectedCube, Inspection
from napari_udt.collection.structure_names import suggested_names
from napari_udt.collection.toml_file import is_collection
from napari_udt.cube import Domain, Modality
from napari_udt.errors import CollectionError
from napari_udt.population.groups import Population
from napari_udt.wording import counted

NOTHING_YET = (
    "Drop files, folders or a collection here, or press Add: their cubes are listed, not opened. A collection is what Train, "
    "Population and the commands take."
)
DOMAIN_TITLES: dict[Domain, str] = {
    "simulated": "simulated",
    "real": "measured",
    "second": "target, not measured",
    "transferred": "transferred",
    "unknown": "unknown",
}
Key = tuple[Path, str]


def key_of(cube: InspectedCube) -> Key:
    """Return what identifies a cube: file and candidate."""
    return cube.member.path, cube.member.candidate


@dataclass(frozen=True)
class StructureName:
    """One name of the files.

    Parameters
    ----------
    name : str
        As files have it.
    called : str
        What it is called in the collection.
    cubes, pixels : int
        That have it.
    domains : tuple of str
        Of these cubes.
    suggestions : tuple of str
        What it may be called, the likeliest first.
    """

    name: str
    called: str
    cubes: int
    pixels: int
    domains: tuple[Domain, ...]
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """Pixels of each structure in the cubes of each subject.

    Parameters
    ----------
    structures : tuple of str
        As they are called, the most frequent first.
    subjects : tuple of (domain, str)
    pixels : int array, shape (structures, subjects)
    """

    structures: tuple[str, ...]
    subjects: tuple[tuple[Domain, str], ...]
    pixels: NDArray[np.int64]


class OpenCollection:
    """The cubes of a collection that is being made or looked at."""

    changed = Signal()
    requested = Signal()  # paths wait to be read, see ``take_requests``
    train_requested = Signal(Path)  # a saved collection
    compared = Signal(Population)  # of all its cubes

    def __init__(self) -> None:
        self.cubes: tuple[InspectedCube, ...] = ()
        self.structures: dict[str, str] = {}
        self.path: Path | None = None
        self.saved = True  # whether nothing would be lost
        self._earlier: tuple[Collection, ...] = ()
        self._requests: list[Path] = []

    # -- reading ----------------------------------------------------------------------------------

    def request(self, paths: Iterable[Path]) -> None:
        """Ask the dock to read files, folders or collections; they wait where there is none yet."""
        self._requests += paths
        if self._requests:
            self.requested.emit()

    @property
    def waiting(self) -> bool:
        """Whether paths wait to be read."""
        return bool(self._requests)

    def take_requests(self) -> list[Path]:
        """Return the paths that wait to be read, and forget them."""
        taken, self._requests = self._requests, []
        return taken

    def add(self, found: Inspection, paths: Sequence[Path] = ()) -> str:
        """Add cubes that are not listed yet; return a sentence about what cannot be joined, empty where all can.

        Parameters
        ----------
        found : Inspection
        paths : sequence of Path
            Where they come from: the one collection among them that fills an empty list gives it its file.
        """
        try:
            one_preprocessing((*self._earlier, *found.collections))
        except CollectionError as error:
            return str(error)
        opened = len(paths) == 1 and is_collection(paths[0]) and not self.cubes
        listed = {key_of(cube) for cube in self.cubes if not cube.problem}
        new = {key_of(cube): cube for cube in found.cubes if key_of(cube) not in listed}
        self.cubes = (*(cube for cube in self.cubes if key_of(cube) not in new), *new.values())
        self._earlier += found.collections
        self.structures |= all_structures(found.collections)
        if opened:
            self.path = paths[0].resolve()
        self._change(saved=opened or (self.saved and not new))
        return ""

    # -- what the user says -----------------------------------------------------------------------

    def describe(self, keys: Some[Key], **values: Any) -> None:
        """Set domain, subject or split of some cubes; the split of all cubes of their subjects."""
        split = {"split": values.pop("split")} if "split" in values else {}
        changed = tuple(
            replace(cube, member=replace(cube.member, **values)) if key_of(cube) in keys else cube
            for cube in self.cubes
        )
        whose = {cube.member.who for cube in changed if key_of(cube) in keys}
        changed = tuple(
            replace(cube, member=replace(cube.member, **split)) if cube.member.who in whose else cube
            for cube in changed
        )
        if [cube.member for cube in changed] != [cube.member for cube in self.cubes]:
            self.cubes = changed
            self._change()

    def name_structures(self, names: dict[str, str]) -> None:
        """Call structures otherwise; an empty name, or that of the files, is the files' own."""
        merged = {**self.structures, **{old: new.strip() for old, new in names.items()}}
        merged = {old: new for old, new in merged.items() if new and new != old}
        if merged != self.structures:
            self.structures = merged
            self._change()

    def remove(self, keys: Some[Key]) -> None:
        """Take cubes out of the list; their files stay."""
        kept = tuple(cube for cube in self.cubes if key_of(cube) not in keys)
        if len(kept) < len(self.cubes):
            self.cubes = kept
            if not kept:
                self._earlier, self.structures, self.path = (), {}, None
            self._change(saved=not kept)

    def save(self, path: Path) -> None:
        """Write the collection.

        Raises
        ------
        CollectionError
            When the cubes do not belong together.
        WriteError
            When the disk is full and the like.
        """
        save_collection(self.collection(), path)
        self.path, self.saved = path, True
        self.changed.emit()

    # -- what is known ----------------------------------------------------------------------------

    @property
    def modality(self) -> Modality | None:
        """That of the first cube that opens."""
        return next((cube.modality for cube in self.cubes if cube.modality is not None), None)

    def collection(self) -> Collection:
        """Return the collection of all cubes that open.

        Raises
        ------
        CollectionError
            When there is none, modalities are mixed, or there is no common wavelength.
        """
        return collection_of(
            self.cubes, self.structures, one_preprocessing(self._earlier), earlier=self._earlier
        )

    @property
    def without_wavelengths(self) -> list[Path]:
        """Files that do not open because nobody has stated their wavelengths."""
        return [cube.member.path for cube in self.cubes if cube.lacks_wavelengths]

    def member(self, key: Key) -> Member:
        """Return a listed member."""
        return next(cube.member for cube in self.cubes if key_of(cube) == key)

    def statement(self) -> str:
        """Return what the list holds, and the common wavelengths or why there are none."""
        if not self.cubes:
            return NOTHING_YET
        whole = [cube for cube in self.cubes if not cube.problem]
        broken = len(self.cubes) - len(whole)
        domains = Counter(DOMAIN_TITLES[cube.member.domain] for cube in whole)
        kinds = ", ".join(f"{count} {title}" for title, count in domains.items())
        subjects = len({cube.member.who for cube in whole})
        parts = (
            [f"{counted(len(whole), 'cube')} of {counted(subjects, 'subject')} ({kinds})."] if whole else []
        )
        if broken:
            verb = "does" if broken == 1 else "do"
            parts.append(f"{counted(broken, 'file')} {verb} not open and will be left out.")
        return " ".join(
            [*parts, *([self._wavelengths(), *doubts(self.cubes, self.structures)] if whole else [])]
        )

    def structure_names(self, classes: Sequence[str] = ()) -> list[StructureName]:
        """Return the names in the files with suggestions, the most frequent first.

        Parameters
        ----------
        classes : sequence of str
            Names that a model knows.
        """
        having: dict[str, list[InspectedCube]] = {}
        for cube in self.cubes:
            for name in cube.structures:
                having.setdefault(name, []).append(cube)
        domains = {
            name: tuple(dict.fromkeys(c.member.domain for c in cubes)) for name, cubes in having.items()
        }
        rows = []
        for name, cubes in having.items():
            others = [
                self.structures.get(o, o)
                for o in having
                if o != name and not set(domains[o]) & set(domains[name])
            ]
            rows.append(
                StructureName(
                    name,
                    self.structures.get(name, name),
                    len(cubes),
                    sum(cube.structures[name] for cube in cubes),
                    domains[name],
                    tuple(suggested_names(name, others, classes)),
                )
            )
        return sorted(rows, key=lambda row: -row.pixels)

    def structures_of(self, cube: InspectedCube) -> Counter[str]:
        """Return the pixels of a cube's structures as they are called."""
        counts: Counter[str] = Counter()
        for name, pixels in cube.structures.items():
            counts[self.structures.get(name, name)] += pixels
        return counts

    def class_counts(self) -> ClassCounts:
        """Return the pixels of each structure and subject; subjects of one domain stand together."""
        total: Counter[str] = Counter()
        by_subject: dict[tuple[Domain, str], Counter[str]] = {}
        for cube in self.cubes:
            if not cube.problem:
                own = self.structures_of(cube)
                total += own
                by_subject.setdefault((cube.member.domain, cube.member.subject), Counter()).update(own)
        names = [name for name, _ in total.most_common()]
        order = list(DOMAIN_TITLES)
        subjects = sorted(by_subject, key=lambda subject: order.index(subject[0]))
        pixels = np.array([[by_subject[s][name] for s in subjects] for name in names], np.int64)
        return ClassCounts(tuple(names), tuple(subjects), pixels.reshape(len(names), len(subjects)))

    def _wavelengths(self) -> str:
        try:
            grid = self.collection().wavelengths_nm
        except CollectionError as error:
            return str(error)
        return f"{self.modality}, {len(grid)} common wavelengths, {grid[0]:g}–{grid[-1]:g} nm."

    def _change(self, *, saved: bool = False) -> None:
        self.saved = saved
        self.changed.emit()


def save_as(collection: OpenCollection, path: Path, say: Callable[[str], object]) -> bool:
    """Save a collection and say so, or why not; return whether it was saved."""
    try:
        collection.save(path)
    except (CollectionError, OSError) as error:
        say(f"{path.name} was not saved: {error}")
        return False
    say(f"Saved {path}")
    return True
