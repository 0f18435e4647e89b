"""Choices of the Population dock: modality, structure, normalisation, hidden groups. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_udt.population.bands import occurring
from napari_udt.population.groups import Population
from napari_udt.population.selection import ALL
from napari_udt.spectral.labels import is_background
from napari_udt.spectral.spectra import Normalisation

Choice = Normalisation | Literal["paper"]
# Structures of the paper's figures.
_USUAL = ("vein", "artery", "liver")


@dataclass(frozen=True)
class PopulationChoices:
    """Choices that all figures share.

    Parameters
    ----------
    modality : str
        "HSI" or "PAT" where both are open; empty for that of the newest cube.
    structure : str
        Name of a class, or ``ALL``; empty for the usual one.
    normalisation : {"paper", "none", "l1", "l2", "max"}
        Of each spectrum; "paper" is L2 but for the mean spectra of structures, which are L1.
    hidden : tuple of str
        Names of groups that are not drawn.
    """

    modality: str = ""
    structure: str = ""
    normalisation: Choice = "paper"
    hidden: tuple[str, ...] = ()

    def normalised(self, as_in_paper: Normalisation) -> Normalisation:
        """Return the normalisation of a figure whose own in the paper is ``as_in_paper``."""
        return as_in_paper if self.normalisation == "paper" else self.normalisation


def structures_of(population: Population) -> tuple[str, ...]:
    """Return the structures that can be chosen: classes that occur in any group, and all spectra together."""
    return (*(population.class_names[label] for label in occurring(population)), ALL)


def label_of(population: Population, choices: PopulationChoices) -> int | None:
    """Return the class that figures are about; None for all spectra.

    Where the chosen one does not occur: a usual one that all groups hold, else any tissue, else all spectra.
    """
    names = population.class_names
    present = {names[label]: label for label in occurring(population)}
    if choices.structure == ALL:
        return None
    if choices.structure in present:
        return present[choices.structure]
    shared = [names[label] for label in population.classes_in() if not is_background(names[label])]
    usual = [name for name in _USUAL if name in shared]
    return next((present[name] for name in (*usual, *shared)), None)
