"""Fig. 6 of the paper: mean spectrum and band of every structure, in all groups.

Recipe (Dreher et al. 2023, Fig. 6): L1-normalised spectra; the median of each image and organ first, then mean and
standard deviation over the images; 500-1000 nm, with a zoom above 900 nm. Where a group holds a single image, mean
and standard deviation are those of its spectra, and the figure says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import NORMALISED, holders, structure_name
from napari_udt.population.tables import Table
from napari_udt.spectral.spectra import Normalisation, group_statistics, normalise

Array = NDArray[np.float64]
ZOOM_FROM_NM = 900.0


@dataclass(frozen=True, eq=False)
class Band:
    """Mean and standard deviation of one structure in one group.

    Parameters
    ----------
    group : Group
    mean, std : array, shape (channels,)
    spectra : int
    images : int
        Over which mean and standard deviation are taken; 0 where they are taken over single spectra.
    """

    group: Group
    mean: Array
    std: Array
    spectra: int
    images: int

    @property
    def basis(self) -> str:
        """Over what mean and band are taken."""
        return f"{self.images} images" if self.images else f"{self.spectra:,} spectra"


@dataclass(frozen=True, eq=False)
class StructureBands:
    """One of the small pictures of Fig. 6.

    Parameters
    ----------
    structure : str
    bands : tuple of Band
        One for each group that holds the structure.
    """

    structure: str
    bands: tuple[Band, ...]


@dataclass(frozen=True, eq=False)
class Bands:
    """Numbers of Fig. 6.

    Parameters
    ----------
    normalisation : {"none", "l1", "l2", "max"}
    wavelengths_nm : array, shape (channels,)
    structures : tuple of StructureBands
    notes : tuple of str
    """

    normalisation: Normalisation
    wavelengths_nm: Array
    structures: tuple[StructureBands, ...]
    notes: tuple[str, ...] = ()

    @property
    def has_zoom(self) -> bool:
        """Whether there are wavelengths to zoom in on: at least three above 900 nm."""
        return int(np.count_nonzero(self.wavelengths_nm >= ZOOM_FROM_NM)) >= 3

    @property
    def statement(self) -> str:
        """Caption in one sentence."""
        return f"Mean ± standard deviation of spectra {NORMALISED[self.normalisation]}."

    def table(self) -> Table:
        """One row per structure, group and wavelength."""
        rows = tuple(
            (s.structure, b.group.name, b.group.origin, b.basis, float(at), float(mean), float(std))
            for s in self.structures
            for b in s.bands
            for at, mean, std in zip(self.wavelengths_nm, b.mean, b.std, strict=True)
        )
        columns = (
            "structure",
            "group",
            "origin",
            "taken over",
            "wavelength [nm]",
            "mean",
            "standard deviation",
        )
        return Table("Mean spectra of structures", columns, rows, (self.statement, *self.notes))


def bands(
    population: Population,
    labels: Iterable[int | None] | None = None,
    normalisation: Normalisation = "l1",
) -> Bands:
    """Mean and standard deviation of structures in all groups (paper, Fig. 6).

    Parameters
    ----------
    population : Population
    labels : iterable of int or None, optional
        Classes; by default all that occur in any group. None among them stands for all spectra.
    normalisation : {"none", "l1", "l2", "max"}
        Of each spectrum; the paper's is "l1".

    Raises
    ------
    CubeError
        When no group holds one of the classes.
    """
    wanted = occurring(population) if labels is None else tuple(labels)
    normalised = {id(g): normalise(g.spectra, normalisation) for g in population.groups}
    structures = tuple(
        StructureBands(
            structure_name(population, label),
            tuple(_band(group, label, normalised[id(group)]) for group in holders(population, label)),
        )
        for label in wanted
    )
    return Bands(normalisation, population.wavelengths_nm, structures, _notes(structures))


def occurring(population: Population) -> tuple[int, ...]:
    """Return the classes that occur in any group."""
    found = {label for group in population.groups for label in population.classes_in(group)}
    return tuple(sorted(found))


def _band(group: Group, label: int | None, spectra: NDArray[Any]) -> Band:
    chosen = slice(None) if label is None else group.labels == label
    spectra = spectra[chosen]
    image_of = group.subjects if group.images is None else group.images
    images = np.zeros(0) if image_of is None else np.unique(image_of[chosen])
    if len(images) < 2:
        found = group_statistics(spectra, "mean", "std")
        return Band(group, found.centre, found.upper - found.centre, len(spectra), 0)
    assert image_of is not None
    medians = np.stack([np.median(spectra[image_of[chosen] == image], axis=0) for image in images])
    return Band(
        group,
        medians.mean(axis=0, dtype=np.float64),
        medians.std(axis=0, dtype=np.float64),
        len(spectra),
        len(images),
    )


def _notes(structures: tuple[StructureBands, ...]) -> tuple[str, ...]:
    bands = [band for structure in structures for band in structure.bands]
    several = dict.fromkeys(band.group.name for band in bands if band.images)
    single = dict.fromkeys(band.group.name for band in bands if not band.images)
    notes = []
    if several:
        notes.append(f"{', '.join(several)}: over the median spectra of images, as in the paper.")
    if single and not several:
        notes.append("Over the spectra of one image each (the paper: over the medians of images).")
    elif single:
        notes.append(
            f"{', '.join(single)}: over the spectra of one image (the paper: over the medians of images)."
        )
    return tuple(notes)
