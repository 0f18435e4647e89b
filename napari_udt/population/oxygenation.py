"""Distributions of oxygen saturation before and after a transfer, with the simulated truth where it is known.

The saturation is the estimate of :mod:`napari_udt.spectral.unmixing`, for the eye, not a measurement: what counts is whether a
transfer moves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.density import Density, density
from napari_udt.population.groups import Group, Population
from napari_udt.population.saturation_moves import LINES_NOTE, SaturationMove, saturation_moves
from napari_udt.population.selection import absent_notes, holders, index_of, structure_name
from napari_udt.population.tables import Table
from napari_udt.population.verdict import is_made_simulated
from napari_udt.spectral.labels import is_background
from napari_udt.spectral.unmixing import Chromophores, Window, unmix_spectra

MOST_PER_GROUP = 20_000
LARGE = 0.10  # a move of the median saturation that is said beside the verdict: ten points


@dataclass(frozen=True, eq=False)
class Saturations:
    """Oxygen saturation of one group's spectra, as a fraction 0-1.

    Parameters
    ----------
    group : Group
    estimated : array, shape (n,)
        By linear unmixing; NaN where no blood is found.
    known : array, shape (n,), optional
        What was simulated, of the same spectra; NaN where nothing is known.
    density, known_density : Density, optional
    total : int
        Spectra of the structure before sub-sampling.
    """

    group: Group
    estimated: NDArray[np.float64]
    known: NDArray[np.float32] | None
    density: Density | None
    known_density: Density | None
    total: int

    @property
    def median(self) -> float:
        """Median of the estimates; NaN without any."""
        return _median(self.estimated)

    @property
    def known_median(self) -> float:
        """Median of what was simulated; NaN where nothing is known."""
        return float("nan") if self.known is None else _median(self.known)


@dataclass(frozen=True, eq=False)
class Oxygenations:
    """Oxygen saturation of one structure in all groups.

    Parameters
    ----------
    structure : str
    groups : tuple of Saturations
    moves : tuple of SaturationMove
        Of all spectra: one for each tissue and transfer.
        What each transfer did to the saturation of this structure.
    notes : tuple of str
    """

    structure: str
    groups: tuple[Saturations, ...]
    moves: tuple[SaturationMove, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """What moved, one sentence per transfer (of all spectra: one line per structure), and a caption."""
        several = len({move.group.name for move in self.moves}) > 1
        models = [move.group.name if several else "" for move in self.moves]
        if len({move.structure for move in self.moves}) > 1:
            sentences = [LINES_NOTE]
            sentences += [move.line(model=model) for move, model in zip(self.moves, models, strict=True)]
        else:
            sentences = [move.sentence(model=model) for move, model in zip(self.moves, models, strict=True)]
        caption = (
            f"{self.structure}: oxygen saturation estimated by linear unmixing; dashed: as it was simulated."
        )
        return "\n".join([*sentences, caption])

    def table(self) -> Table:
        """One row per group: medians, quartiles, and the error where the truth is known."""
        columns = (
            "group",
            "origin",
            "spectra",
            "with blood",
            "estimated 25 % [1]",
            "estimated median [1]",
            "estimated 75 % [1]",
            "simulated median [1]",
            "mean error [1]",
            "mean absolute error [1]",
        )
        rows = tuple(_row(found) for found in self.groups)
        notes = (*self.statement.splitlines(), *self.notes)
        return Table(f"Oxygen saturation, {self.structure}", columns, rows, notes)


def oxygenations(
    population: Population,
    label: int | None,
    *,
    window: Window | None = None,
    chromophores: Chromophores | None = None,
    most: int = MOST_PER_GROUP,
    seed: int = 0,
) -> Oxygenations:
    """Estimate the oxygen saturation of one structure in all groups.

    Parameters
    ----------
    population : Population
    label : int or None
        Class; None for all spectra.
    window, chromophores
        As in :func:`~napari_udt.spectral.unmixing.unmix_spectra`; the viewer's unless given.
    most : int
        Spectra of a group that are unmixed at most, drawn without replacement.
    seed : int
        Of that draw.

    Raises
    ------
    CubeError
        When no group holds the class, or too few wavelengths lie where the chromophores are known.
    """
    estimate = _estimate(population, window, chromophores)
    groups = tuple(_saturations(g, label, estimate, most, seed) for g in holders(population, label))
    drawn = tuple(
        f"{s.group.name}: {len(s.estimated):,} of {s.total:,} spectra."
        for s in groups
        if len(s.estimated) < s.total
    )
    name = structure_name(population, label)
    moves = _moves(population, label, estimate, most)
    return Oxygenations(name, groups, moves, (*drawn, *absent_notes(population, label)))


def large_moves(population: Population) -> tuple[SaturationMove, ...]:
    """Return the moves of a tissue's median saturation by more than ten points, as :func:`oxygenations` gives them, largest first.

    Only those whose interval excludes zero, and not of transfers to the simulated domain.

    Raises
    ------
    CubeError
        When too few wavelengths lie where the chromophores are known.
    """
    moves = _moves(population, None, _estimate(population), MOST_PER_GROUP)
    large = [m for m in moves if m.is_clear and abs(m.change) > LARGE and not is_made_simulated(m.group)]
    return tuple(sorted(large, key=lambda move: -abs(move.change)))


def _moves(
    population: Population, label: int | None, estimate: Callable[[Any], Any], most: int
) -> tuple[SaturationMove, ...]:
    """Return what happened to a structure, or to each tissue where none is given."""
    tissues = [i for i in population.classes_in() if not is_background(population.class_names[i])]
    return tuple(
        move
        for one in (tissues if label is None and tissues else [label])
        for move in saturation_moves(population, one, structure_name(population, one), estimate, most)
    )


def _estimate(
    population: Population, window: Window | None = None, chromophores: Chromophores | None = None
) -> Callable[[Any], NDArray[np.float64]]:
    def estimate(spectra: NDArray[np.float32]) -> NDArray[np.float64]:
        nm, modality = population.wavelengths_nm, population.modality
        return unmix_spectra(spectra, nm, modality, window=window, chromophores=chromophores).oxygenation

    return estimate


def _saturations(
    group: Group, label: int | None, estimate: Callable[[Any], Any], most: int, seed: int
) -> Saturations:
    index = index_of(group, label)
    total = len(index)
    if total > most:
        index = np.sort(np.random.default_rng(seed).permutation(index)[:most])
    found = estimate(group.spectra[index])
    known = None if group.oxygenation is None else group.oxygenation[index]
    return Saturations(
        group, found, known, _bounded(found), None if known is None else _bounded(known), total
    )


def _bounded(saturation: NDArray[Any]) -> Density | None:
    found = density(saturation)
    return None if found is None else found.within(0, 1)


def _median(values: NDArray[Any]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _row(found: Saturations) -> tuple[str | int | float, ...]:
    blood = found.estimated[np.isfinite(found.estimated)]
    quartiles = np.quantile(blood, (0.25, 0.5, 0.75)) if len(blood) else np.full(3, np.nan)
    error = np.full(1, np.nan)
    if found.known is not None:
        both = found.estimated - found.known
        error = both[np.isfinite(both)] if np.isfinite(both).any() else error
    return (
        found.group.name,
        found.group.origin,
        len(found.estimated),
        len(blood),
        *(float(q) for q in quartiles),
        found.known_median,
        float(error.mean()),
        float(np.abs(error).mean()),
    )
