"""Fig. 5a of the paper: principal components fitted on real spectra, and the other groups projected on them.

Recipe (Dreher et al. 2023, Fig. 5a): the components are fitted on the L2-normalised real pixel spectra of one
structure; all groups are projected; the joint kernel density of both components is drawn with its marginals, and the
axes name the explained variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.population.density import Density, JointDensity, density, joint_density
from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import (
    NORMALISED,
    absent_notes,
    holders,
    index_of,
    spectra_of,
    standard_of,
    structure_name,
)
from napari_udt.population.tables import Table
from napari_udt.spectral.spectra import Normalisation

Array = NDArray[np.float64]
SHARES = (0.25, 0.5, 0.75, 0.95)  # of the probability, within the contours


@dataclass(frozen=True, eq=False)
class Basis:
    """Mean and principal axes of some spectra.

    Parameters
    ----------
    mean : array, shape (channels,)
    axes : array, shape (k, channels)
        Orthonormal, of falling variance; the largest entry of each is positive.
    explained : array, shape (k,)
        Share of the variance along each axis.
    """

    mean: Array
    axes: Array
    explained: Array

    def project(self, spectra: NDArray[Any]) -> Array:
        """Return the scores (n, k) of spectra (n, channels)."""
        axes = self.axes.T.astype(spectra.dtype)
        return np.asarray(spectra @ axes, dtype=np.float64) - self.mean @ self.axes.T


@dataclass(frozen=True, eq=False)
class Projection:
    """One group in the plane of two components.

    Parameters
    ----------
    group : Group
    index : integer array, shape (n,)
        Which of the group's spectra were projected.
    scores : array, shape (n, 2)
    joint : JointDensity, optional
        None where there are too few spectra for one.
    marginals : tuple of Density, optional
        Along each component.
    """

    group: Group
    index: NDArray[np.intp]
    scores: Array
    joint: JointDensity | None
    marginals: tuple[Density | None, Density | None]


@dataclass(frozen=True, eq=False)
class Components:
    """Numbers of Fig. 5a.

    Parameters
    ----------
    structure : str
    normalisation : {"none", "l1", "l2", "max"}
    fitted_on : Group
        The real group where there is one.
    basis : Basis
        Two components.
    projections : tuple of Projection
    notes : tuple of str
    """

    structure: str
    normalisation: Normalisation
    fitted_on: Group
    basis: Basis
    projections: tuple[Projection, ...]
    notes: tuple[str, ...] = ()

    @property
    def axis_labels(self) -> tuple[str, str]:
        """Names of both axes with the variance that they explain."""
        first, second = (
            f"PC{i + 1} ({share:.1%} of variance)" for i, share in enumerate(self.basis.explained)
        )
        return first, second

    @property
    def statement(self) -> str:
        """Caption in one sentence."""
        return (
            f"{self.structure}: spectra {NORMALISED[self.normalisation]}; components fitted on {self.fitted_on.name} "
            f"({self.fitted_on.origin})."
        )

    def table(self) -> Table:
        """Mean, standard deviation and number of the scores of each group."""
        rows = tuple(
            (p.group.name, p.group.origin, len(p.scores), *p.scores.mean(axis=0), *p.scores.std(axis=0))
            for p in self.projections
        )
        columns = ("group", "origin", "spectra", "PC1 mean", "PC2 mean", "PC1 std", "PC2 std")
        explained = ", ".join(self.axis_labels)
        return Table(
            f"Principal components of {self.structure}",
            columns,
            rows,
            (self.statement, explained, *self.notes),
        )


def fit_basis(spectra: NDArray[Any], count: int = 2) -> Basis:
    """Fit principal axes: eigenvectors of the covariance (Pearson 1901; Jolliffe 2002, chapter 1).

    Parameters
    ----------
    spectra : array, shape (n, channels)
    count : int
        Axes wanted.

    Raises
    ------
    CubeError
        When there are fewer spectra, or fewer channels, than that needs.
    """
    if len(spectra) <= count or spectra.shape[1] < count:
        raise CubeError(
            f"{count} components need at least {count + 1} spectra of {count} wavelengths; there are {len(spectra)} of "
            f"{spectra.shape[1]}."
        )
    mean = spectra.mean(axis=0, dtype=np.float64)
    centred = spectra - mean.astype(spectra.dtype)
    covariance = (centred.T @ centred).astype(np.float64)
    variances, vectors = np.linalg.eigh(covariance)
    variances, axes = np.clip(variances[::-1], 0, None), vectors[:, ::-1].T[:count]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, np.newaxis], axis=1)
    total = variances.sum()
    explained = variances[:count] / total if total > 0 else np.zeros(count)
    return Basis(mean, axes * np.where(largest < 0, -1.0, 1.0), explained)


def components(population: Population, label: int | None, normalisation: Normalisation = "l2") -> Components:
    """Fit two components on the real spectra of one structure and project every group (paper, Fig. 5a).

    Parameters
    ----------
    population : Population
    label : int or None
        Class; None for all spectra.
    normalisation : {"none", "l1", "l2", "max"}
        Of each spectrum; the paper's is "l2".

    Raises
    ------
    CubeError
        When no group holds the class, or the one that is fitted has too few spectra.
    """
    standard = standard_of(population, label)
    basis = fit_basis(spectra_of(standard, label, normalisation))
    projections = tuple(
        _projection(group, label, normalisation, basis) for group in holders(population, label)
    )
    return Components(
        structure_name(population, label),
        normalisation,
        standard,
        basis,
        projections,
        absent_notes(population, label),
    )


def inside(projection: Projection, outline: NDArray[Any]) -> NDArray[np.intp]:
    """Return which of the group's spectra lie inside a closed outline (n, 2) in the plane of the components."""
    from skimage.measure import points_in_poly

    if len(outline) < 3:
        return np.empty(0, dtype=np.intp)
    return projection.index[points_in_poly(projection.scores, np.asarray(outline, dtype=np.float64))]


def _projection(group: Group, label: int | None, normalisation: Normalisation, basis: Basis) -> Projection:
    scores = basis.project(spectra_of(group, label, normalisation))
    marginals = (density(scores[:, 0]), density(scores[:, 1]))
    return Projection(group, index_of(group, label), scores, joint_density(scores), marginals)
