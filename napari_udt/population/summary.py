"""Summary of a population: spectra per class and group, wavelengths, range of values, origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import UNKNOWN, Group, Part, Population
from napari_udt.population.tables import Cell, Table

Array = NDArray[np.float64]
QUANTILES = (0.01, 0.5, 0.99)
_MOST_VALUES = 200_000  # of one group: more change no digit that is shown


@dataclass(frozen=True, eq=False)
class GroupSummary:
    """One group in numbers.

    Parameters
    ----------
    name, origin, source, model : str
        As in :class:`Group`.
    part : {"simulated", "transferred", "real"}
    count, total : int
        Spectra that are kept, and spectra before sub-sampling.
    counts : integer array, shape (classes,)
        Spectra per class among those that are kept.
    unknown : int
        Spectra without a known class.
    values : array, shape (5,)
        Smallest value, 1 % quantile, median, 99 % quantile, largest value; quantiles of evenly picked spectra.
    subjects : int
        Animals, persons or images; 0 where nothing is known of them.
    """

    name: str
    part: Part
    origin: str
    source: str
    model: str
    count: int
    total: int
    counts: NDArray[np.int64]
    unknown: int
    values: Array
    subjects: int

    @property
    def shares(self) -> Array:
        """Share of each class among the spectra with a class, shape (classes,); zeros where there is none."""
        known = self.counts.sum()
        return self.counts / known if known else np.zeros(len(self.counts))


@dataclass(frozen=True, eq=False)
class Summary:
    """A population in numbers.

    Parameters
    ----------
    class_names : tuple of str
    wavelengths_nm : array, shape (channels,)
    groups : tuple of GroupSummary
    notes : tuple of str
    """

    class_names: tuple[str, ...]
    wavelengths_nm: Array
    groups: tuple[GroupSummary, ...]
    notes: tuple[str, ...] = ()

    @property
    def grid(self) -> str:
        """The wavelengths in words: "500-1000 nm, 100 channels, step 5.05 nm"."""
        return grid_text(self.wavelengths_nm)

    def table(self) -> Table:
        """One row per group: where it comes from, its values, and the number of spectra of each class."""
        columns = (
            "group",
            "part",
            "origin",
            "model",
            "spectra",
            "spectra before sub-sampling",
            "subjects",
            "smallest value",
            "1 % quantile",
            "median",
            "99 % quantile",
            "largest value",
            *self.class_names,
            "class unknown",
        )
        return Table(
            "Data", columns, tuple(_row(group) for group in self.groups), (f"{self.grid}.", *self.notes)
        )


def summary(population: Population) -> Summary:
    """Count and measure the groups of a population."""
    classes = len(population.class_names)
    groups = tuple(_group(group, classes) for group in population.groups)
    return Summary(population.class_names, population.wavelengths_nm, groups, population.notes)


def grid_text(wavelengths_nm: Array) -> str:
    """Return wavelengths in words: range, number of channels and step (the range of steps where they differ)."""
    low, high = wavelengths_nm[0], wavelengths_nm[-1]
    text = f"{low:.5g}–{high:.5g} nm, {len(wavelengths_nm)} channels"
    if len(wavelengths_nm) == 1:
        return f"{low:.5g} nm, 1 channel"
    steps = np.diff(wavelengths_nm)
    small, large = f"{steps.min():.3g}", f"{steps.max():.3g}"
    return f"{text}, step {small} nm" if small == large else f"{text}, steps {small}–{large} nm"


def _group(group: Group, classes: int) -> GroupSummary:
    counts = np.bincount(group.labels[group.labels != UNKNOWN], minlength=classes)
    return GroupSummary(
        group.name,
        group.part,
        group.origin,
        group.source,
        group.model,
        len(group),
        group.total,
        counts.astype(np.int64),
        int(np.count_nonzero(group.labels == UNKNOWN)),
        _values(group.spectra),
        0 if group.subjects is None else len(np.unique(group.subjects)),
    )


def _values(spectra: NDArray[np.float32]) -> Array:
    if not spectra.size:
        return np.full(5, np.nan)
    stride = max(1, spectra.size // _MOST_VALUES)
    low, middle, high = np.quantile(spectra[::stride], QUANTILES)
    return np.array([spectra.min(), low, middle, high, spectra.max()], dtype=np.float64)


def _row(group: GroupSummary) -> tuple[Cell, ...]:
    return (
        group.name,
        group.part,
        group.origin,
        group.model,
        group.count,
        group.total,
        group.subjects,
        *(float(v) for v in group.values),
        *(int(c) for c in group.counts),
        group.unknown,
    )
