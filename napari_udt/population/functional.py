"""Functional indices per structure and subject in all groups, and whether a transfer moved them by more than subjects differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.population.groups import Group, Population
from napari_udt.population.tables import Table
from napari_udt.population.verdict import source_of
from napari_udt.spectral.functional_indices import INDICES, FunctionalIndex, functional_indices, unit_of

Array = NDArray[np.float64]
Outcome = Literal["less than subjects differ", "more, nearer", "more, away", "not known"]
OUTCOME_COLOURS: dict[Outcome, str] = {
    # Blue and vermilion differ to every eye (Okabe and Ito, 2008).
    "more, nearer": "#0072b2",
    "more, away": "#d55e00",
    "less than subjects differ": "#8a8f98",
    "not known": "#8a8f98",
}
_MOST_SPECTRA = 4000  # of one class and group: more change no digit that is shown
_FEWEST_SUBJECTS = 3  # from which on their spread means something


@dataclass(frozen=True)
class IndexRow:
    """One index of one structure in one group.

    Parameters
    ----------
    structure : str
    index : FunctionalIndex
    group, part, origin : str
    value : float
        Mean over subjects of the medians of their images; of a group without subjects the median of its spectra.
    spread : float
        Standard deviation over subjects; NaN for fewer than two.
    subjects : int
        0 where none are known.
    change : float
        From the simulated group to this one, which was transferred from it; NaN for others.
    times : float
        The size of the change over the reference's spread; NaN where that is not known.
    nearer : bool or None
        Whether the change brought it nearer to the reference's value; None where there is none.
    unit : str
    """

    structure: str
    index: FunctionalIndex
    group: str
    part: str
    origin: str
    value: float
    spread: float
    subjects: int
    change: float = math.nan
    times: float = math.nan
    nearer: bool | None = None
    unit: str = ""

    @property
    def note(self) -> str:
        """What the value is taken over, and what the transfer did."""
        over = f"over {self.subjects} subjects" if self.subjects > 1 else "median of the spectra"
        if not math.isfinite(self.change):
            return over
        direction = {True: ", nearer to the reference", False: ", away from the reference", None: ""}[
            self.nearer
        ]
        if not math.isfinite(self.times):
            return f"{over}; moved by {self.change:+.3g}{direction}; how much subjects differ is not known"
        more = "more" if self.times > 1 else "less"
        return (
            f"{over}; moved by {self.change:+.3g}{direction}: {self.times:.2g} times the spread of the reference's subjects, "
            f"{more} than subjects differ"
        )


@dataclass(frozen=True)
class IndexMove:
    """What a transfer did to one index of one structure.

    Parameters
    ----------
    structure, group, unit : str
    before, after : float
    reference, spread : float
        Mean and standard deviation over the reference's subjects; NaN where they are not known.
    times : float
        The size of the change over the spread; NaN where that is not known.
    nearer : bool or None
    """

    structure: str
    group: str
    unit: str
    before: float
    after: float
    reference: float
    spread: float
    times: float
    nearer: bool | None

    @property
    def outcome(self) -> Outcome:
        """Whether it moved by more than subjects differ, and where to."""
        if not math.isfinite(self.times):
            return "not known"
        if self.times <= 1:
            return "less than subjects differ"
        return "more, nearer" if self.nearer else "more, away"


@dataclass(frozen=True)
class FunctionalIndices:
    """Indices of a population.

    Parameters
    ----------
    rows : tuple of IndexRow
        Structure by structure, index by index.
    reference : str
        Name of the reference group; empty where there is none.
    """

    rows: tuple[IndexRow, ...]
    reference: str = ""

    @property
    def statement(self) -> str:
        """Return how many transferred numbers moved by more than subjects differ; empty where nobody can tell."""
        judged = [row for row in self.rows if math.isfinite(row.times)]
        if not judged:
            return ""
        far = [row for row in judged if row.times > 1]
        away = sum(row.nearer is False for row in far)
        return (
            f"{len(far)} of {len(judged)} functional indices moved by more than the reference's subjects differ, {away} of them "
            "away from the reference."
        )

    @property
    def indices(self) -> tuple[FunctionalIndex, ...]:
        """Those that a transfer can have moved: of a group and of the one that it was made of."""
        return tuple(dict.fromkeys(row.index for row in self.rows if math.isfinite(row.change)))

    def moves(self, index: FunctionalIndex) -> list[IndexMove]:
        """Return what transfers did to an index, structure by structure."""
        standards = {row.structure: row for row in self.of(index) if row.group == self.reference}
        found = []
        for row in self.of(index):
            standard = standards.get(row.structure)
            if math.isfinite(row.change):
                found.append(
                    IndexMove(
                        row.structure,
                        row.group,
                        row.unit,
                        row.value - row.change,
                        row.value,
                        math.nan if standard is None else standard.value,
                        math.nan if standard is None else standard.spread,
                        row.times,
                        row.nearer,
                    )
                )
        return found

    def of(self, index: FunctionalIndex) -> list[IndexRow]:
        """Return the rows of an index."""
        return [row for row in self.rows if row.index == index]

    def table(self) -> Table:
        """One row per structure, index and group."""
        columns = (
            "structure",
            "index",
            "unit",
            "group",
            "origin",
            "subjects",
            "value",
            "standard deviation over subjects",
            "change by the transfer",
            "change / reference's standard deviation",
            "nearer to the reference",
        )
        rows = tuple(
            (
                *(row.structure, row.index.title, row.unit, row.group, row.origin, row.subjects),
                *(row.value, row.spread, row.change, row.times),
                {True: "yes", False: "no", None: ""}[row.nearer],
            )
            for row in self.rows
        )
        sources = dict.fromkeys(f"{row.index.title}: {row.index.meaning}" for row in self.rows)
        return Table("Functional indices", columns, rows, (*filter(None, [self.statement]), *sources))


def functional(population: Population) -> FunctionalIndices:
    """Compute the functional indices of every structure in every group.

    Of each image the median is taken first, then the mean over the images of a subject, then mean and standard deviation
    over subjects. Spectra must not be normalised.
    """
    reference = population.reference
    found: dict[tuple[int, FunctionalIndex, str], IndexRow] = {}
    for group in population.groups:
        for label in population.classes_in(group):
            for row in _rows(population, group, label):
                found[label, row.index, group.name] = row
    rows = []
    for label in sorted({label for label, _, _ in found}):
        for index in INDICES:
            standard = found.get((label, index, reference.name)) if reference is not None else None
            for group in population.groups:
                own = found.get((label, index, group.name))
                source = source_of(group, population) if group.part == "transferred" else None
                before = None if source is None else found.get((label, index, source.name))
                if own is not None:
                    rows.append(own if before is None else _moved(own, before, standard))
    return FunctionalIndices(tuple(rows), "" if reference is None else reference.name)


def _rows(population: Population, group: Group, label: int) -> Iterator[IndexRow]:
    chosen = np.flatnonzero(group.labels == label)
    chosen = chosen[:: max(1, -(-len(chosen) // _MOST_SPECTRA))]
    values = functional_indices(group.spectra[chosen], population.wavelengths_nm, population.modality)
    subjects = None if group.subjects is None else group.subjects[chosen]
    images = subjects if group.images is None else group.images[chosen]
    for index, of_spectra in values.items():
        value, spread, count = _over_subjects(of_spectra, subjects, images)
        if math.isfinite(value):
            yield IndexRow(
                population.class_names[label],
                index,
                group.name,
                group.part,
                group.origin,
                value,
                spread,
                count,
                unit=unit_of(index, population.modality),
            )


def _over_subjects(
    values: Array, subjects: NDArray[np.integer] | None, images: NDArray[np.integer] | None
) -> tuple[float, float, int]:
    """Return mean and standard deviation over subjects of the means of their images' medians, and the number of subjects."""
    known = np.isfinite(values)
    if not known.any():
        return math.nan, math.nan, 0
    if subjects is None or images is None:
        return float(np.median(values[known])), math.nan, 0
    own = []
    for subject in np.unique(subjects[known]):
        here = known & (subjects == subject)
        own.append(
            np.mean([np.median(values[here & (images == image)]) for image in np.unique(images[here])])
        )
    spread = float(np.std(own, ddof=1)) if len(own) > 1 else math.nan
    return float(np.mean(own)), spread, len(own)


def _moved(row: IndexRow, before: IndexRow, standard: IndexRow | None) -> IndexRow:
    change = row.value - before.value
    if standard is None:
        return replace(row, change=change)
    nearer = abs(row.value - standard.value) < abs(before.value - standard.value)
    enough = standard.subjects >= _FEWEST_SUBJECTS and standard.spread > 0
    return replace(
        row, change=change, nearer=nearer, times=abs(change) / standard.spread if enough else math.nan
    )
