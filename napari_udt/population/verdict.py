"""Whether a transfer moved each structure closer to the reference: shape and level apart, beside the reference's own spread.

For each structure the mean spectra are compared with the reference's: by the spectral angle (shape, blind to level), by the
level (ratio of the means over the wavelengths, blind to shape) and by the root mean square error (both at once). Spectra are
compared as they are, not normalised. "Closer" and "further away" are said only where the 95 % bootstrap interval of the change
excludes zero, and where the change is at least a quarter of the reference's own spread: a transfer that leaves the level alone
to 0.3 % moved it in no sense that matters. Simulated, transferred and reference spectra are drawn again in blocks of pixels; the same blocks of a picture and of
its transfer are drawn together. One picture cannot tell how much the next one would differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_udt.cube import nested
from napari_udt.errors import CubeError
from napari_udt.population.block_means import block_means, whole_means
from napari_udt.population.groups import Group, Population
from napari_udt.population.selection import index_of
from napari_udt.population.verdict_change import KINDS, Change, Kind, Outcome, changes_between
from napari_udt.spectral.labels import is_background

ALL_STRUCTURES = "all structures"
_FEWEST_PICTURES = 2  # real ones beside the reference, whose spread is then shown
_RANKS: dict[Outcome, int] = {
    "further away": 0,
    "no clear change": 1,
    "too few pixels to tell": 2,
    "closer": 3,
}


@dataclass(frozen=True, eq=False)
class Row:
    """One structure in one transferred group; or in a simulated group that is not transferred.

    Parameters
    ----------
    structure : str
    group : Group
        The transferred one, else the simulated one.
    changes : mapping of Kind to Change
    count, reference_count : int
        Spectra.
    piece : str
        What the reference's spread is taken over: "blocks of 8 × 8 pixels", "pictures".
    """

    structure: str
    group: Group
    changes: Mapping[Kind, Change]
    count: int
    reference_count: int
    piece: str

    @property
    def is_transferred(self) -> bool:
        """Whether there is something after."""
        return self.group.part == "transferred"


@dataclass(frozen=True, eq=False)
class Verdict:
    """Every structure of every group against the reference.

    Parameters
    ----------
    reference : Group
    rows : tuple of Row
        Structure by structure.
    totals : tuple of Row
        Mean over the structures, one for each group.
    quantity : str
        What the spectra are, with their unit.
    notes : tuple of str
    """

    reference: Group
    rows: tuple[Row, ...]
    totals: tuple[Row, ...]
    quantity: str
    notes: tuple[str, ...] = ()

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures, each once."""
        return tuple(dict.fromkeys(row.structure for row in self.rows))

    def of(self, structure: str) -> tuple[Row, ...]:
        """Rows of one structure."""
        return tuple(row for row in self.rows if row.structure == structure)

    def worst_first(self, kind: Kind, hidden: Sequence[str] = ()) -> tuple[Row, ...]:
        """Rows by structure: those that moved away most first, then by the distance that is left; without hidden groups."""
        shown = [row for row in self.rows if row.group.name not in hidden]
        ranks: dict[str, tuple[float, float]] = {}
        for row in shown:
            ranks[row.structure] = min(ranks.get(row.structure, (np.inf, 0.0)), _rank(row.changes[kind]))
        return tuple(sorted(shown, key=lambda row: ranks[row.structure]))


def verdict(population: Population) -> Verdict:
    """Compare every group with the population's reference, structure by structure.

    Structures that are no tissue by their names are left out, and so are cubes that were transferred to the simulated domain:
    the real reference is not their target. Where no group shares a structure with the reference, all spectra are compared as one.

    Raises
    ------
    CubeError
        When there is no real (or target) group, or nothing to compare with it.
    """
    back = [group for group in population.groups if is_made_simulated(group)]
    population = replace(population, groups=tuple(g for g in population.groups if g not in back))
    reference = population.reference
    compared = [group for group in population.groups if group.part != "real"]
    if reference is None:
        raise CubeError("Open a real cube to compare with: the distances are those to its structures.")
    if not compared:
        raise CubeError(
            "Open a simulated cube, and transfer it, to see whether it moved closer to the real one."
        )
    labels, notes = _labels(population, reference, compared)
    if back:
        names = ", ".join(group.name for group in back)
        notes += (f"Not compared with the reference, as transferred to the simulated domain: {names}.",)
    rows = tuple(row for label in labels for row in _rows(population, reference, label))
    if not rows:
        raise CubeError(
            "None of the simulated and transferred cubes holds a valid spectrum: there is nothing to compare."
        )
    shown = dict.fromkeys(id(row.group) for row in rows)
    totals = tuple(
        _total([row for row in rows if id(row.group) == group]) for group in shown if len(labels) > 1
    )
    quantity = "value [a.u.]" if reference.cube is None else reference.cube.quantity
    return Verdict(reference, rows, totals, quantity, notes)


def is_made_simulated(group: Group) -> bool:
    """Whether a group was transferred to the simulated domain."""
    if group.part != "transferred" or group.cube is None:
        return False
    direction = str(group.cube.provenance.get("direction", ""))
    return direction == "real2sim" or direction.endswith(" to simulated")


def source_of(group: Group, population: Population) -> Group | None:
    """Return the simulated group that a transferred one was made from, else the newest of the same picture size, else the newest."""
    simulated = population.part("simulated")[::-1]
    source = {} if group.cube is None else nested(group.cube.provenance, "source")
    names = [source.get("key"), source.get("name")]
    named = (g for g in simulated if g.name in names or (g.cube is not None and g.cube.name in names))
    alike = (
        g for g in simulated if g.cube is not None and group.cube is not None and _size(g) == _size(group)
    )
    return next(named, None) or next(alike, None) or next(iter(simulated), None)


def _size(group: Group) -> tuple[int, ...]:
    return () if group.cube is None else group.cube.shape[:2]


def _labels(
    population: Population, reference: Group, compared: Sequence[Group]
) -> tuple[tuple[int | None, ...], tuple[str, ...]]:
    """Return the classes that the reference shares with any other group, and remarks."""
    names = population.class_names
    shared = sorted({label for group in compared for label in population.classes_in(reference, group)})
    tissues = [label for label in shared if not is_background(names[label])]
    left_out = [names[label] for label in shared if is_background(names[label])]
    if not tissues:
        return (None,), (
            f"{reference.name} shares no structure with the others: all spectra are compared as one.",
        )
    notes = []
    if left_out and tissues:
        notes.append(f"Left out, as it is no tissue by its name: {', '.join(left_out)}.")
    only = sorted({label for g in compared for label in population.classes_in(g)} - set(shared))
    only = [label for label in only if not is_background(names[label])]
    if only:
        notes.append(f"{reference.name} does not hold {', '.join(names[label] for label in only)}.")
    return tuple(tissues), tuple(notes)


def _rows(population: Population, reference: Group, label: int | None) -> Iterator[Row]:
    """Yield the transferred groups that hold a class, then the simulated ones that none of these was made from."""
    held = [g for g in population.groups if g.part != "real" and len(index_of(g, label))]
    means = {id(group): block_means(group, label) for group in (*held, reference)}
    standard = means[id(reference)]
    others = [g for g in population.part("real") if g is not reference and len(index_of(g, label))]
    pieces = standard
    if len(others) >= _FEWEST_PICTURES:
        pieces = whole_means([block_means(other, label) for other in others], "other real pictures")
    structure = ALL_STRUCTURES if label is None else population.class_names[label]
    used = set()
    for group in held:
        if group.part == "transferred":
            source = source_of(group, population)
            before = means.get(id(source))
            used.add(id(source))
            changes = changes_between(before, means[id(group)], standard, pieces)
            yield Row(structure, group, changes, means[id(group)].count, standard.count, pieces.piece)
    for group in held:
        if group.part == "simulated" and id(group) not in used:
            changes = changes_between(means[id(group)], None, standard, pieces)
            yield Row(structure, group, changes, means[id(group)].count, standard.count, pieces.piece)


def _total(rows: Sequence[Row]) -> Row:
    """Return the mean over structures, each of which counts once."""
    changes: dict[Kind, Change] = {}
    for kind in KINDS:
        parts = [row.changes[kind] for row in rows]
        before, after = (
            _mean([getattr(p, name) for p in parts]) for name in ("distance_before", "distance_after")
        )
        if kind == "level":
            before, after = float(np.exp(before)), float(np.exp(after))
        changes[kind] = Change(kind, before, after, np.nan, np.nan, _mean([p.spread for p in parts]))
    first = rows[0]
    count, reference_count = (sum(getattr(r, name) for r in rows) for name in ("count", "reference_count"))
    return Row(ALL_STRUCTURES, first.group, changes, count, reference_count, first.piece)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _rank(change: Change) -> tuple[float, float]:
    if change.outcome == "further away":
        return 0.0, change.distance_before - change.distance_after
    left = change.distance_before if np.isnan(change.distance_after) else change.distance_after
    return float(_RANKS.get(change.outcome, 2)), -left if np.isfinite(left) else 0.0
