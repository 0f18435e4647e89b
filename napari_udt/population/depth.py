"""Spectra by depth (photoacoustics): how the light on its way down colours a structure's spectrum, in every group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import NORMALISED, absent_notes, spectra_of, structure_name
from napari_udt.population.tables import Table
from napari_udt.spectral.moments import RunningMoments
from napari_udt.spectral.spectra import Normalisation

Array = NDArray[np.float64]
BIN_MM = 2.0
FEWEST = 5  # spectra in a bin: fewer say nothing


@dataclass(frozen=True, eq=False)
class DepthSpectra:
    """Mean spectra of one group in bins of depth.

    Parameters
    ----------
    group : Group
    mean, std : array, shape (bins, channels)
        NaN where a bin holds too few spectra.
    counts : integer array, shape (bins,)
    """

    group: Group
    mean: Array
    std: Array
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Depths:
    """Spectra of one structure by depth.

    Parameters
    ----------
    structure : str
    normalisation : {"none", "l1", "l2", "max"}
    wavelengths_nm : array, shape (channels,)
    edges_mm : array, shape (bins + 1,)
        Depth below the top of the picture.
    groups : tuple of DepthSpectra
    notes : tuple of str
    """

    structure: str
    normalisation: Normalisation
    wavelengths_nm: Array
    edges_mm: Array
    groups: tuple[DepthSpectra, ...]
    notes: tuple[str, ...] = ()

    @property
    def bin_titles(self) -> tuple[str, ...]:
        """Each bin in words: "4–6 mm"."""
        return tuple(f"{a:g}–{b:g} mm" for a, b in zip(self.edges_mm[:-1], self.edges_mm[1:], strict=True))

    @property
    def filled(self) -> tuple[int, ...]:
        """Bins in which at least one group has enough spectra."""
        return tuple(
            i for i in range(len(self.edges_mm) - 1) if any(g.counts[i] >= FEWEST for g in self.groups)
        )

    @property
    def statement(self) -> str:
        """Caption in one sentence."""
        return (
            f"{self.structure}: mean spectra {NORMALISED[self.normalisation]}, by depth below the top of the picture; "
            f"bins with fewer than {FEWEST} spectra are left out."
        )

    def table(self) -> Table:
        """One row per group, bin and wavelength."""
        rows = tuple(
            (g.group.name, g.group.origin, title, int(g.counts[i]), float(at), float(mean), float(std))
            for g in self.groups
            for i, title in enumerate(self.bin_titles)
            if g.counts[i] >= FEWEST
            for at, mean, std in zip(self.wavelengths_nm, g.mean[i], g.std[i], strict=True)
        )
        columns = ("group", "origin", "depth", "spectra", "wavelength [nm]", "mean", "standard deviation")
        return Table(f"Spectra by depth, {self.structure}", columns, rows, (self.statement, *self.notes))


def depths(
    population: Population, label: int | None, normalisation: Normalisation = "l2", bin_mm: float = BIN_MM
) -> Depths:
    """Mean spectra of one structure in bins of depth.

    Parameters
    ----------
    population : Population
    label : int or None
        Class; None for all spectra.
    normalisation : {"none", "l1", "l2", "max"}
    bin_mm : float
        Width of a bin.

    Raises
    ------
    CubeError
        When no group knows the depth of spectra of the class.
    """
    name = structure_name(population, label)
    found = {id(g): _depth_of(g, label) for g in population.groups if g.depth_mm is not None}
    groups = [g for g in population.groups if id(g) in found and len(found[id(g)])]
    if not groups:
        raise CubeError(
            f"No open cube knows the depth of its {name}: that takes a photoacoustic cube with a pixel size in mm."
        )
    shallow = min(float(found[id(g)].min()) for g in groups)
    deep = max(float(found[id(g)].max()) for g in groups)
    edges = np.arange(np.floor(shallow / bin_mm), np.floor(deep / bin_mm) + 2) * bin_mm
    spectra = tuple(_binned(g, label, normalisation, found[id(g)], edges) for g in groups)
    notes = [f"{g.name} does not know its depths." for g in population.groups if g.depth_mm is None]
    return Depths(
        name,
        normalisation,
        population.wavelengths_nm,
        edges,
        spectra,
        (*notes, *absent_notes(population, label)),
    )


def _depth_of(group: Group, label: int | None) -> NDArray[np.float32]:
    assert group.depth_mm is not None
    return group.depth_mm if label is None else group.depth_mm[group.labels == label]


def _binned(
    group: Group, label: int | None, normalisation: Normalisation, depth: NDArray[np.float32], edges: Array
) -> DepthSpectra:
    spectra = spectra_of(group, label, normalisation)
    places = np.clip(np.digitize(depth, edges) - 1, 0, len(edges) - 2)
    merged = RunningMoments.empty(len(edges) - 1, spectra.shape[1])
    merged.add(spectra, places)
    moments = [merged.moments(i) for i in range(len(edges) - 1)]
    counts = np.bincount(places, minlength=len(edges) - 1)
    few = (counts < FEWEST)[:, np.newaxis]
    mean, std = (
        np.where(few, np.nan, np.stack(part))
        for part in zip(*((m.mean, m.std) for m in moments), strict=True)
    )
    return DepthSpectra(group, mean, std, counts)
