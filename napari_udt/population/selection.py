"""Selection of the spectra of a figure: one class of a group, or all of it; normalised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.population.groups import Group, Population
from napari_udt.spectral.spectra import Normalisation, normalise

ALL = "all spectra"
NORMALISED: dict[Normalisation, str] = {
    "none": "not normalised",
    "l1": "divided by their L1 norm",
    "l2": "divided by their L2 norm",
    "max": "divided by their maximum",
}


def index_of(group: Group, label: int | None) -> NDArray[np.intp]:
    """Return which spectra of a group belong to a class; all of them where ``label`` is None."""
    return np.arange(len(group)) if label is None else np.flatnonzero(group.labels == label)


def spectra_of(
    group: Group, label: int | None, normalisation: Normalisation = "none"
) -> NDArray[np.floating[Any]]:
    """Return the spectra (n, channels) of a class (None: of all), normalised one by one."""
    spectra = group.spectra if label is None else group.of_class(label)
    return normalise(spectra, normalisation)


def structure_name(population: Population, label: int | None) -> str:
    """Return the name of a class; "all spectra" for None."""
    return ALL if label is None else population.class_names[label]


def holders(population: Population, label: int | None) -> tuple[Group, ...]:
    """Return the groups that hold a class.

    Raises
    ------
    CubeError
        When none does.
    """
    found = tuple(group for group in population.groups if len(index_of(group, label)))
    if not found:
        raise CubeError(
            f"No open cube holds spectra of {structure_name(population, label)}; choose another structure."
        )
    return found


def standard_of(population: Population, label: int | None) -> Group:
    """Return the group that others are compared with: the reference where it holds the class, else the last that does."""
    groups = holders(population, label)
    return next((group for group in groups if group is population.reference), groups[-1])


def absent_notes(population: Population, label: int | None) -> tuple[str, ...]:
    """Return one sentence for each group without a spectrum of the class."""
    name = structure_name(population, label)
    return tuple(
        f"{group.name} holds no spectrum of {name}."
        for group in population.groups
        if not len(index_of(group, label))
    )
