"""Training and test spectra of a downstream test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_udt.cube import nested
from napari_udt.errors import EvaluationError
from napari_udt.evaluation.class_spectra import pixel_spectra
from napari_udt.evaluation.downstream import FEWEST_PER_CLASS, LabelledSpectra
from napari_udt.population.downstream_choices import Choices
from napari_udt.population.groups import Group, Population
from napari_udt.population.splits import TEST, TRAIN, Split, split

# More test spectra change the scores by less than the seeds do.
MOST_TESTED = 20_000
# Of fewer, neighbours as they are, the scores depend on which ones were held out.
FEW_TESTED = 100


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Spectra of one row to draw from.

    Parameters
    ----------
    group : Group
        Of several real groups the newest.
    names : tuple of str
        Of the groups that the spectra are from.
    spectra : LabelledSpectra
        L2-normalised, of the chosen classes.
    """

    group: Group
    names: tuple[str, ...]
    spectra: LabelledSpectra


@dataclass(frozen=True, eq=False)
class Sets:
    """Training and test spectra of all rows.

    Parameters
    ----------
    rows : tuple of TrainingSet
        Real, simulated, transferred.
    test : LabelledSpectra
        Held-out real spectra.
    classes : tuple of int
    split : Split
    notes : tuple of str
        Rows that were left out and why, and reservations about the scores.
    """

    rows: tuple[TrainingSet, ...]
    test: LabelledSpectra
    classes: tuple[int, ...]
    split: Split
    notes: tuple[str, ...]


def make_sets(population: Population, choices: Choices) -> Sets:
    """Divide the real spectra and gather the rows.

    Raises
    ------
    EvaluationError
        When no division keeps every class on both sides, or no row has spectra of every class.
    """
    classes = tuple(population.class_names.index(name) for name in choices.classes)
    notes = list(population.notes)
    real = list(_unlike(population.part("real"), notes))
    division = split(real, classes, choices.rule, seed=choices.split_seed)
    training, test = (_joined(real, division, side, classes) for side in (TRAIN, TEST))
    rows = [TrainingSet(real[-1], tuple(group.name for group in real), training)]
    for group in _others(population, real, notes):
        rows.append(TrainingSet(group, (group.name,), _labelled(group, classes)))
    wanted = [row for row in rows if not choices.rows or set(row.names) & set(choices.rows)]
    kept = tuple(_trainable(wanted, classes, population.class_names, notes))
    if not kept:
        raise EvaluationError(f"There is nothing to train on. {' '.join(notes) or 'Choose a row.'}")
    test = _thinned(test, choices.split_seed, notes)
    few = [
        n for n, count in zip(choices.classes, per_class(test, classes), strict=True) if count < FEW_TESTED
    ]
    if few:
        notes.append(
            f"Few test spectra (below {FEW_TESTED}) of {', '.join(few)}: another division scores otherwise."
        )
    return Sets(kept, test, classes, division, tuple(notes))


def per_class(spectra: LabelledSpectra, classes: Sequence[int]) -> tuple[int, ...]:
    """Count the spectra of each class."""
    return tuple(int(np.count_nonzero(spectra.labels == label)) for label in classes)


def _unlike(groups: Sequence[Group], notes: list[str]) -> Iterator[Group]:
    """Leave out real groups that repeat another's spectra: they would stand on both sides of the division."""
    taken: list[Group] = []
    for group in groups:
        twin = next((other for other in taken if np.array_equal(other.spectra, group.spectra)), None)
        if twin is None:
            taken.append(group)
            yield group
        else:
            notes.append(f"{group.name} is left out: it holds the same spectra as {twin.name}.")


def _others(population: Population, real: Sequence[Group], notes: list[str]) -> Iterator[Group]:
    """Yield simulated and transferred groups, but for those that were made of real spectra."""
    names = {group.name for group in real} | {group.cube.name for group in real if group.cube is not None}
    for group in (*population.part("simulated"), *population.part("transferred")):
        provenance = {} if group.cube is None else group.cube.provenance
        reference = nested(provenance, "model", "reference").get("name")
        if group.part == "transferred" and str(provenance.get("direction", "")).startswith("real"):
            notes.append(f"{group.name} is left out: it was made of real spectra.")
            continue
        if isinstance(reference, str) and reference in names:
            notes.append(f"{group.name} was matched to all of {reference}, the tested spectra included.")
        yield group


def _trainable(
    rows: Sequence[TrainingSet], classes: Sequence[int], names: Sequence[str], notes: list[str]
) -> Iterator[TrainingSet]:
    for row in rows:
        counts = per_class(row.spectra, classes)
        lacking = [names[c] for c, count in zip(classes, counts, strict=True) if count < FEWEST_PER_CLASS]
        if lacking:
            notes.append(
                f"{row.group.name} is left out: it has fewer than {FEWEST_PER_CLASS} spectra of {', '.join(lacking)}."
            )
        else:
            yield row


def _labelled(group: Group, classes: Sequence[int]) -> LabelledSpectra:
    return LabelledSpectra(*pixel_spectra(group.spectra, group.labels)).of_classes(classes)


def _joined(groups: Sequence[Group], division: Split, side: int, classes: Sequence[int]) -> LabelledSpectra:
    found = [
        _labelled(group.take(sides == side), classes)
        for group, sides in zip(groups, division.sides, strict=True)
    ]
    return LabelledSpectra(
        np.concatenate([part.spectra for part in found]), np.concatenate([part.labels for part in found])
    )


def _thinned(test: LabelledSpectra, seed: int, notes: list[str]) -> LabelledSpectra:
    count = len(test.labels)
    if count <= MOST_TESTED:
        return test
    notes.append(f"{MOST_TESTED:,} of {count:,} held-out spectra were tested, drawn at random.")
    kept = np.sort(np.random.default_rng(seed).permutation(count)[:MOST_TESTED])
    return LabelledSpectra(test.spectra[kept], test.labels[kept])
