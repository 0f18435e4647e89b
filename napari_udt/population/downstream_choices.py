"""Choices of a downstream test, their defaults and their possible values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_udt.errors import EvaluationError
from napari_udt.evaluation.downstream import FEWEST_PER_CLASS
from napari_udt.evaluation.modality_pat import VESSELS
from napari_udt.evaluation.run import PER_CLASS
from napari_udt.population.groups import Group, Population
from napari_udt.population.splits import FEWEST_TO_SPLIT, SplitRule
from napari_udt.simulation.hsi_organs import CLASS_NAMES

# Classes of the paper's experiment; a label that is none of them (a drape, the coupling medium) names no tissue.
PAPER_CLASSES = {"HSI": CLASS_NAMES, "PAT": VESSELS}


@dataclass(frozen=True)
class Choices:
    """Choices of a downstream test.

    Parameters
    ----------
    classes : tuple of str
        Names; :func:`usual_classes` where empty.
    rows : tuple of str
        Names of the groups to train on; all where empty.
    rule : {"subjects", "blocks", "spectra"}, optional
        How real spectra are divided; the most honest rule that the data allow unless given.
    seeds : tuple of int
        One draw of training spectra and one forest each.
    per_class : int
        Spectra of each class that a forest is trained on, at most; that of ``napari-udt evaluate`` where 0.
    split_seed : int
        Of the division. It stays the same for all rows and seeds.
    """

    classes: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    rule: SplitRule | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    per_class: int = 0
    split_seed: int = 0


def possible_classes(population: Population) -> tuple[str, ...]:
    """Names of the classes that can be chosen: enough real spectra to divide, and another group that has them too."""
    real = _counts(population, population.part("real"))
    others = [_counts(population, [group]) for group in population.groups if group.part != "real"]
    return tuple(
        name
        for index, name in enumerate(population.class_names)
        if real[index] >= FEWEST_TO_SPLIT and any(counts[index] >= FEWEST_PER_CLASS for counts in others)
    )


def usual_classes(population: Population) -> tuple[str, ...]:
    """Return those of the paper's experiment that can be chosen; all that can be, where fewer than two are."""
    possible = possible_classes(population)
    found = tuple(n for n in possible if n.replace(" ", "_").casefold() in PAPER_CLASSES[population.modality])
    return found if len(found) > 1 else possible


def filled(population: Population, choices: Choices) -> Choices:
    """Return the choices with everything filled in that was left open.

    Raises
    ------
    EvaluationError
        When they cannot be tested on this population.
    """
    if not population.part("real"):
        raise EvaluationError("The downstream test needs reference spectra to test on: open such a cube.")
    possible = possible_classes(population)
    classes = choices.classes or usual_classes(population)
    missing = [name for name in classes if name not in possible]
    if missing or len(classes) < 2:
        what = f"{', '.join(missing)} cannot be tested" if missing else f"found {len(classes)}"
        raise EvaluationError(
            f"The downstream test tells apart two classes or more that reference and other groups share; {what}: choose "
            f"among {', '.join(possible) or 'none, for lack of labels in common'}."
        )
    if not choices.seeds:
        raise EvaluationError("The downstream test needs a seed; give at least one.")
    return replace(choices, classes=classes, per_class=choices.per_class or PER_CLASS[population.modality])


def _counts(population: Population, groups: Sequence[Group]) -> list[int]:
    return [
        sum(int(np.count_nonzero(group.labels == label)) for group in groups)
        for label in range(len(population.class_names))
    ]
