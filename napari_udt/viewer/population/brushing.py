"""Spectra that were brushed in the plane of two components: indices, pixels, means. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.components import Components, Projection, inside
from napari_udt.population.tables import Table
from napari_udt.spectral.spectra import SpectralStatistics, group_statistics, normalise


@dataclass(frozen=True, eq=False)
class Brushed:
    """The brushed spectra of one group.

    Parameters
    ----------
    projection : Projection
    index : integer array, shape (n,)
        Which of the group's spectra lie inside the outline.
    statistics : SpectralStatistics
        Mean and standard deviation of these, normalised as the figure is.
    """

    projection: Projection
    index: NDArray[np.intp]
    statistics: SpectralStatistics

    @property
    def name(self) -> str:
        """Name of the group."""
        return self.projection.group.name

    @property
    def share(self) -> float:
        """Share of the group's spectra in the figure that are inside."""
        return len(self.index) / len(self.projection.index)


def brushed(figure: Components, outline: NDArray[Any], hidden: tuple[str, ...] = ()) -> tuple[Brushed, ...]:
    """Return the spectra inside an outline, of the groups that are not hidden and have any there."""
    found = []
    for projection in figure.projections:
        if projection.group.name in hidden:
            continue
        index = inside(projection, outline)
        if len(index):
            spectra = normalise(projection.group.spectra[index], figure.normalisation)
            found.append(Brushed(projection, index, group_statistics(spectra, "mean", "std")))
    return tuple(found)


def pixels_of(found: tuple[Brushed, ...]) -> dict[str, NDArray[np.int32]]:
    """Return rows and columns of the brushed pixels by the name of their group (the key of its cube)."""
    return {
        one.name: one.projection.group.places[one.index]
        for one in found
        if one.projection.group.places is not None
    }


def statement_of(found: tuple[Brushed, ...], titles: dict[str, str]) -> str:
    """Return how many spectra are brushed: "12 of 142 simulated (8.5 %)"."""
    parts = [
        f"{len(one.index):,} of {len(one.projection.index):,} {titles[one.name]} ({one.share:.1%})"
        for one in found
    ]
    return f"Brushed: {', '.join(parts)}." if parts else "No spectrum lies inside the outline."


def brushed_table(
    figure: Components, found: tuple[Brushed, ...], wavelengths_nm: NDArray[np.float64]
) -> Table:
    """Return one row per group and wavelength: mean and standard deviation of the brushed spectra."""
    rows = tuple(
        (one.name, one.projection.group.origin, len(one.index), float(at), float(mean), float(upper - mean))
        for one in found
        for at, mean, upper in zip(wavelengths_nm, one.statistics.centre, one.statistics.upper, strict=True)
    )
    columns = ("group", "origin", "brushed spectra", "wavelength [nm]", "mean", "standard deviation")
    return Table(f"Brushed spectra of {figure.structure}", columns, rows, (figure.statement, *figure.notes))


def moved(outline: NDArray[np.float64], right: float, up: float, grow: float = 1.0) -> NDArray[np.float64]:
    """Return an outline moved, and made larger or smaller about its middle."""
    middle = outline.mean(axis=0)
    return middle + (outline - middle) * grow + np.array([right, up])
