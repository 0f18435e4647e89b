"""The population of a collection: many cubes and subjects, of which only samples lie in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.reading import opened
from napari_udt.collection.samples import PER_STRUCTURE, Sample, sample_of
from napari_udt.cube import SpectralCube
from napari_udt.errors import CollectionError, UdtError, unexpected
from napari_udt.files.cache import prune_cache
from napari_udt.population.groups import PART_OF_DOMAIN, PARTS, UNKNOWN, Group, Part, Population
from napari_udt.spectral.labels import plain_name
from napari_udt.wording import counted

Progress = Callable[[int, int], None]
# Spectra of one class and group: more change no figure, and memory stays bounded however many cubes there are.
MOST_PER_CLASS = 10_000
_FEWEST_PER_CUBE = 20
_TITLES = {
    "simulated": "simulated cubes",
    "real": "measured cubes",
    "second": "target cubes",
    "transferred": "transferred cubes",
}
_ORDER = ("simulated", "transferred", "second", "real")  # the last real group is the reference


@dataclass(frozen=True, eq=False)
class Source:
    """Where the spectra of one cube in a population come from.

    Parameters
    ----------
    member : Member
    sample : callable
        Returns its sample.
    model : str
        That transfers it; empty for the cube itself.
    """

    member: Member
    sample: Callable[[], Sample]
    model: str = ""


def sources_of(collection: Collection) -> list[Source]:
    """Return all cubes of a collection as sources."""
    return [Source(member, partial(sample_of, member, collection)) for member in collection.members]


def population_of_collection(
    collection: Collection,
    sources: Sequence[Source] | None = None,
    progress: Progress = lambda done, total: None,
) -> Population:
    """Gather samples of all cubes of a collection, a group for each domain and each model.

    Figures take the median of each image and structure first, tests and intervals divide by subjects: a group's ``images``
    and ``subjects`` say which is which.

    Parameters
    ----------
    collection : Collection
    sources : sequence of Source, optional
        Its cubes by default.
    progress : callable, optional
        ``progress(cubes done, cubes in all)``; what it raises ends the work, samples stay in the cache.

    Raises
    ------
    CollectionError
        When no cube can be used.
    """
    # The order of a collection, such as one that was joined from shares, decides nothing.
    sources = sorted(sources_of(collection) if sources is None else sources, key=_order)
    images = Counter(_group_key(source, None) for source in sources)
    gathered: dict[tuple[str, str], _Gathering] = {}
    names: dict[str, str] = {}
    problems = []
    for number, source in enumerate(sources):
        progress(number, len(sources))
        if source.model == "" and source.member.domain not in PART_OF_DOMAIN:
            problems.append(
                f"{source.member.name} is left out: its domain is unknown; state it in the collection."
            )
            continue
        try:
            sample = source.sample()
        except UdtError as error:
            problems.append(f"Left out: {error}")
            continue
        except Exception as error:  # a defect costs one cube
            problems.append(f"Left out: {source.member.path}: {unexpected(error)}")
            continue
        if not len(sample.spectra):
            problems.append(f"Left out: {source.member.path}: no spectrum without missing values or zeros.")
            continue
        for name in sample.structures:
            names.setdefault(plain_name(name), name)
        most = max(_FEWEST_PER_CUBE, min(PER_STRUCTURE, MOST_PER_CLASS // images[_group_key(source, None)]))
        key = _group_key(source, sample)
        gathered.setdefault(key, _Gathering()).add(source.member, sample, list(names), most)
    progress(len(sources), len(sources))
    prune_cache()
    if not gathered:
        raise CollectionError(
            f"No cube of the collection can be used: {problems[0] if problems else 'it is empty'}"
        )
    numbered = _subject_numbers(gathered)
    groups = [gathered[key].group(key, numbered, collection) for key in sorted(gathered, key=_place)]
    ordered = tuple(group for part in PARTS for group in groups if group.part == part)
    notes = [note for _, gathering in gathered.items() for note in gathering.notes()]
    return Population(
        collection.modality, collection.grid, tuple(names.values()), ordered, (*notes, *problems)
    )


class _Gathering:
    """The samples of one group, as they come."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.samples: list[Sample] = []
        self.labels: list[np.ndarray] = []
        self.pixels = 0

    def add(self, member: Member, sample: Sample, names: Sequence[str], most: int) -> None:
        """Take the first spectra of each structure."""
        places = [names.index(plain_name(name)) for name in sample.structures]
        table = np.array([*places, UNKNOWN], np.int16)  # -1 reads the last entry
        kept = np.sort(
            np.concatenate(
                [np.flatnonzero(sample.labels == label)[:most] for label in np.unique(sample.labels)]
            )
            if len(sample.labels)
            else np.empty(0, np.intp)
        )
        self.members.append(member)
        self.samples.append(
            replace(
                sample,
                spectra=sample.spectra[kept],
                oxygenation=sample.oxygenation[kept],
                depth_mm=sample.depth_mm[kept],
            )
        )
        self.labels.append(table[sample.labels[kept]])
        self.pixels += int(sample.pixels.sum())

    def group(
        self, key: tuple[str, str], numbered: dict[tuple[str, str], int], collection: Collection
    ) -> Group:
        """Return all of them as one group."""
        domain, model = key
        sizes = [len(labels) for labels in self.labels]
        subjects = [numbered[member.who] for member in self.members]
        part: Part = PART_OF_DOMAIN[domain]  # type: ignore[index]
        oxygenation = np.concatenate([sample.oxygenation for sample in self.samples])
        depth = np.concatenate([sample.depth_mm for sample in self.samples])
        return Group(
            name=f"transferred by {model}" if model else _TITLES[domain],
            part=part,
            origin=Counter(sample.origin for sample in self.samples).most_common(1)[0][0],
            spectra=np.concatenate([sample.spectra for sample in self.samples]),
            labels=np.concatenate(self.labels),
            subjects=np.repeat(subjects, sizes),
            images=np.repeat(np.arange(len(sizes)), sizes),
            open_image=self._opener(key, collection),
            oxygenation=oxygenation if np.isfinite(oxygenation).any() else None,
            depth_mm=depth if np.isfinite(depth).any() else None,
            total=self.pixels,
            model=model,
            source=counted(len(sizes), "cube"),
        )

    def _opener(
        self, key: tuple[str, str], collection: Collection
    ) -> Callable[[int], AbstractContextManager[SpectralCube]] | None:
        """Return what opens an image of the group; None where a model would have to make it first."""
        if key[0] == "transferred" and any(member.domain != "transferred" for member in self.members):
            return None

        @contextmanager
        def open_image(number: int) -> Iterator[SpectralCube]:
            with opened(self.members[number], collection) as prepared:
                yield prepared.cube

        return open_image

    def notes(self) -> Iterator[str]:
        """Yield what the group was taken from."""
        subjects = {member.who for member in self.members}
        count = sum(map(len, self.labels))
        kind = DOMAIN_NOTES.get(self.members[0].domain, "")
        yield (
            f"{kind}{counted(len(self.members), 'cube')} of {counted(len(subjects), 'subject')}: {count:,} of {self.pixels:,} "
            "spectra, drawn from each structure of each cube."
        )


DOMAIN_NOTES = {
    "simulated": "Simulated: ",
    "real": "Measured: ",
    "second": "Target, not measured: ",
    "transferred": "Transferred: ",
}


def _group_key(source: Source, sample: Sample | None) -> tuple[str, str]:
    """Return domain and model of the group that a cube belongs to; before it is open, the model is not known."""
    if source.model:
        return "transferred", source.model
    domain = source.member.domain
    return domain, (sample.model if sample is not None and domain == "transferred" else "")


def _order(source: Source) -> tuple[str, ...]:
    member = source.member
    return member.domain, member.subject, member.path.name, member.candidate, source.model


def _place(key: tuple[str, str]) -> tuple[int, str]:
    return _ORDER.index(key[0]), key[1]


def _subject_numbers(gathered: dict[tuple[str, str], _Gathering]) -> dict[tuple[str, str], int]:
    found = dict.fromkeys(m.who for gathering in gathered.values() for m in gathering.members)
    return {subject: number for number, subject in enumerate(found)}
