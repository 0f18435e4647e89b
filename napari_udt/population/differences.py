"""Fig. 5b of the paper: how far the median spectrum of each group lies from the real one, wavelength by wavelength.

Recipe (Dreher et al. 2023, Fig. 5b): for one structure, |median of real - median of X| at every wavelength; a violin
over the wavelengths, one dot each, the mean as a dashed line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.population.density import Density, density
from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import (
    NORMALISED,
    absent_notes,
    holders,
    spectra_of,
    standard_of,
    structure_name,
)
from napari_udt.population.tables import Table
from napari_udt.spectral.spectra import Normalisation, group_statistics

Array = NDArray[np.float64]
_CUT = 2.0  # bandwidths that a violin reaches beyond its last dots


@dataclass(frozen=True, eq=False)
class Difference:
    """Distance of one group's median spectrum from the reference's.

    Parameters
    ----------
    group : Group
    median : array, shape (channels,)
    values : array, shape (channels,)
        |median of the reference - median|.
    count : int
        Spectra.
    outline : Density, optional
        Kernel density of ``values``, none below zero; None where they are all equal.
    """

    group: Group
    median: Array
    values: Array
    count: int
    outline: Density | None

    @property
    def mean(self) -> float:
        """Mean over the wavelengths: the dashed line."""
        return float(np.mean(self.values))


@dataclass(frozen=True, eq=False)
class Differences:
    """Numbers of Fig. 5b.

    Parameters
    ----------
    structure : str
    normalisation : {"none", "l1", "l2", "max"}
    wavelengths_nm : array, shape (channels,)
    reference : Group
    reference_median : array, shape (channels,)
    differences : tuple of Difference
        One for each other group.
    notes : tuple of str
    """

    structure: str
    normalisation: Normalisation
    wavelengths_nm: Array
    reference: Group
    reference_median: Array
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """Caption in one sentence."""
        return (
            f"{self.structure}: |median of {self.reference.name} ({self.reference.origin}) − median of the other|, "
            f"spectra {NORMALISED[self.normalisation]}; one dot per wavelength, mean dashed."
        )

    def table(self) -> Table:
        """One row per group and wavelength."""
        rows = tuple(
            (d.group.name, d.group.origin, d.count, float(at), float(median), float(value))
            for d in self.differences
            for at, median, value in zip(self.wavelengths_nm, d.median, d.values, strict=True)
        )
        columns = ("group", "origin", "spectra", "wavelength [nm]", "median", "absolute difference")
        means = "; ".join(f"mean of {d.group.name}: {d.mean:.6g}" for d in self.differences)
        notes = tuple(line for line in (self.statement, means, *self.notes) if line)
        return Table(f"Differences of medians, {self.structure}", columns, rows, notes)


def differences(
    population: Population, label: int | None, normalisation: Normalisation = "l2"
) -> Differences:
    """Compare the median spectra of all groups with the reference's (paper, Fig. 5b).

    Parameters
    ----------
    population : Population
    label : int or None
        Class; None for all spectra.
    normalisation : {"none", "l1", "l2", "max"}
        Of each spectrum, before the median.

    Raises
    ------
    CubeError
        When fewer than two groups hold the class.
    """
    groups, reference = holders(population, label), standard_of(population, label)
    name = structure_name(population, label)
    if len(groups) < 2:
        raise CubeError(f"Only {reference.name} holds spectra of {name}; a difference needs a second cube.")
    medians = {id(group): _median(group, label, normalisation) for group in groups}
    standard = medians[id(reference)][0]
    found = tuple(_difference(g, *medians[id(g)], standard) for g in groups if g is not reference)
    notes = absent_notes(population, label)
    if reference.part != "real":
        notes = (
            f"No reference spectra of {name} are open: {reference.name} is the reference instead.",
            *notes,
        )
    return Differences(name, normalisation, population.wavelengths_nm, reference, standard, found, notes)


def _median(group: Group, label: int | None, normalisation: Normalisation) -> tuple[Array, int]:
    spectra = spectra_of(group, label, normalisation)
    return group_statistics(spectra, "median", "none").centre, len(spectra)


def _difference(group: Group, median: Array, count: int, standard: Array) -> Difference:
    values = np.abs(standard - median)
    outline = density(values, _CUT)
    return Difference(group, median, values, count, None if outline is None else outline.within(low=0))
