"""The questions of a reader study: real and transferred spectra or cut-outs of pictures, balanced, in a random order.

A :class:`Question` carries nothing that gives the answer away: spectra are L2-normalised, cut-outs stretched to their own
range and mirrored at random.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import EvaluationError
from napari_udt.population.groups import Group, Population
from napari_udt.population.reader_study.cut_outs import CutOut, Mark, cut_outs
from napari_udt.population.reader_study.design import MOST_STRUCTURES, Design, Origin, Task, shares
from napari_udt.spectral.labels import is_background, plain_name
from napari_udt.spectral.spectra import normalise

Progress = Callable[[int, int], None]
_FAVOURITES = ("vein", "artery")  # asked for first, where both are there


@dataclass(frozen=True, eq=False)
class Question:
    """What is shown at a time.

    Parameters
    ----------
    number : int
        From 1, in the order of the draw.
    structure : str
        What is said of it; empty where it is asked for, and of pictures.
    values : tuple of array, shape (channels,) or (side, side)
        One, or the left and the right one: L2-normalised spectra, or cut-outs between 0 and 1.
    mark : (int, int), optional
        Row and column of the pixel in a cut-out whose structure is asked for.
    """

    number: int
    structure: str
    values: tuple[NDArray[np.float32], ...]
    mark: Mark | None = None


@dataclass(frozen=True)
class Truth:
    """What must stay hidden until the end.

    Parameters
    ----------
    shown : tuple of {"real", "transferred"}
        One, or the left and the right one.
    structure : str
    image : str
        The image, or of a pair the transferred one, that it was taken from.
    """

    shown: tuple[Origin, ...]
    structure: str
    image: str


@dataclass(frozen=True, eq=False)
class Study:
    """All questions of a study.

    Parameters
    ----------
    design : Design
    wavelengths_nm : array, shape (channels,)
        Of spectra.
    questions : tuple of Question
    truths : tuple of Truth
    """

    design: Design
    wavelengths_nm: NDArray[np.float64]
    questions: tuple[Question, ...]
    truths: tuple[Truth, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of design, questions and truths: readers of the same study answer the same questions."""
        truths = [asdict(truth) for truth in self.truths]
        digest = hashlib.sha256(json.dumps([self.design.document(), truths], sort_keys=True).encode())
        for question in self.questions:
            for values in question.values:
                digest.update(np.ascontiguousarray(values, np.float32).data)
            digest.update(repr(question.mark).encode())
        return digest.hexdigest()


def right_answer(design: Design, truth: Truth) -> str:
    """Return the right answer; empty for ratings, which have none."""
    if design.task == "structure":
        return truth.structure
    if design.task == "realism":
        return ""
    if design.display == "pair":
        return "left" if truth.shown[0] == "real" else "right"
    return truth.shown[0]


def draw_study(
    population: Population, design: Design, progress: Progress = lambda done, total: None
) -> Study:
    """Draw the questions of a design.

    Parameters
    ----------
    population : Population
    design : Design
    progress : callable, optional
        ``progress(done, in all)``; what it raises ends the work.

    Raises
    ------
    EvaluationError
        When a group is missing or has too little to draw from.
    """
    design.require_possible()
    rng = np.random.default_rng(design.seed)
    each = design.count if design.display == "pair" else design.count // 2
    groups: tuple[tuple[Origin, Group], ...] = (
        ("real", _group(population, design.real)),
        ("transferred", _group(population, design.transferred)),
    )
    drawn: dict[Origin, list[CutOut]] = {}
    for half, (origin, group) in enumerate(groups):
        if design.kind == "spectra":
            drawn[origin] = _spectra(population, group, design, each, rng)
        else:
            report = partial(_half, progress, half)
            drawn[origin] = cut_outs(population, group, design, each, rng, report)
    made = _pairs(drawn, rng) if design.display == "pair" else _singles(drawn)
    ordered = [made[index] for index in rng.permutation(len(made))]
    is_named = design.task != "structure"
    return Study(
        design,
        np.asarray(population.wavelengths_nm, np.float64),
        tuple(
            Question(number, truth.structure if is_named else "", values, mark)
            for number, (truth, values, mark) in enumerate(ordered, start=1)
        ),
        tuple(truth for truth, _, _ in ordered),
    )


Made = tuple[Truth, tuple[NDArray[np.float32], ...], Mark | None]


def _half(progress: Progress, half: int, done: int, total: int) -> None:
    progress(done + half * total, 2 * total)


def _singles(drawn: dict[Origin, list[CutOut]]) -> list[Made]:
    return [
        (Truth((origin,), structure, image), (values,), mark)
        for origin, own in drawn.items()
        for structure, image, values, mark in own
    ]


def _pairs(drawn: dict[Origin, list[CutOut]], rng: np.random.Generator) -> list[Made]:
    """Put a real and a transferred one of the same structure side by side, as often on either side as chance wants."""
    made: list[Made] = []
    for (structure, _, real, _), (_, image, transferred, _) in zip(
        drawn["real"], drawn["transferred"], strict=True
    ):
        if rng.random() < 0.5:
            made.append((Truth(("real", "transferred"), structure, image), (real, transferred), None))
        else:
            made.append((Truth(("transferred", "real"), structure, image), (transferred, real), None))
    return made


def _group(population: Population, name: str) -> Group:
    found = next((group for group in population.groups if group.name == name), None)
    if found is None:
        names = ", ".join(group.name for group in population.groups) or "nothing"
        raise EvaluationError(f"There is no group {name!r} to judge; found {names}.")
    return found


def _spectra(
    population: Population, group: Group, design: Design, count: int, rng: np.random.Generator
) -> list[CutOut]:
    names = design.classes or tuple(population.class_names[i] for i in population.classes_in())
    if not names:
        raise EvaluationError("The groups share no structure whose spectra could be compared.")
    images = group.images if group.images is not None else group.subjects
    found: list[CutOut] = []
    for name, wanted in zip(names, shares(count, len(names)), strict=True):
        label = population.class_names.index(name) if name in population.class_names else None
        own = np.flatnonzero(group.labels == label)
        own = own[np.any(group.spectra[own] != 0, axis=1)]
        if len(own) < wanted:
            raise EvaluationError(
                f"{group.name} has {len(own)} spectra of {name}; {wanted} are needed: ask for fewer, or leave {name} out."
            )
        chosen = rng.permutation(own)
        if images is not None:
            chosen = chosen[np.argsort(_rank_within(images[chosen]), kind="stable")]
        for index in chosen[:wanted]:
            image = group.name if images is None else f"{group.name} {int(images[index]) + 1}"
            found.append((name, image, normalise(group.spectra[index], "l2"), None))
    return found


def _rank_within(images: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return how many of the same image come before each one: sorted by it, images take turns."""
    order = np.argsort(images, kind="stable")
    _, starts, counts = np.unique(images[order], return_index=True, return_counts=True)
    ranks = np.empty(len(images), np.intp)
    ranks[order] = np.arange(len(images)) - np.repeat(starts, counts)
    return ranks


def group_pairs(population: Population) -> list[tuple[str, str]]:
    """Names of (real, transferred) groups that can be compared, newest first."""
    real, transferred = population.part("real"), population.part("transferred")
    return [(r.name, t.name) for t in reversed(transferred) for r in reversed(real)]


def common_structures(population: Population, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the structures that occur in all the named groups."""
    chosen = [group for group in population.groups if group.name in names]
    return tuple(population.class_names[label] for label in population.classes_in(*chosen))


def tissues(population: Population, names: Sequence[str]) -> tuple[str, ...]:
    """Return the tissues that all the named groups hold; a drape or a coupling medium is left out."""
    shared = common_structures(population, names)
    return tuple(name for name in shared if not is_background(name)) or shared


def usual_structures(offered: Sequence[str], task: Task) -> tuple[str, ...]:
    """Return the structures of a study for which none were chosen: all; of those that are asked for vein and artery, or the first."""
    if task != "structure":
        return tuple(offered)
    known = {plain_name(name): name for name in offered}
    if all(name in known for name in _FAVOURITES):
        return tuple(known[name] for name in _FAVOURITES)
    return tuple(offered[:MOST_STRUCTURES])
