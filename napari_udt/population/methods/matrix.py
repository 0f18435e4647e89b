"""Methods side by side: one row for each, one column for each quality that matters, with the best and the worst of a column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from napari_udt.population.tables import Cell as TableCell
from napari_udt.population.tables import Table

Better = Literal["lower", "higher"]
Kind = Literal["target", "simulated", "baseline", "model"]
_FEWEST = 2  # methods with a number, below which none is called the best
_SAME = 1e-6


@dataclass(frozen=True)
class Quality:
    """A column.

    Parameters
    ----------
    key : str
        What identifies it.
    title : str
        What the number is, in words.
    short : str
        Heading of the column, with the unit where there is one.
    better : {"lower", "higher"}
    form : str
        Format of the number.
    unit : str
    figure : str
        Name of the tab of the Population dock that draws what the number sums up; empty for none.
    """

    key: str
    title: str
    short: str
    better: Better
    form: str = ".3f"
    unit: str = ""
    figure: str = ""

    @property
    def heading(self) -> str:
        """The short title with its unit."""
        return f"{self.short} [{self.unit}]" if self.unit else self.short


@dataclass(frozen=True)
class Entry:
    """One value of one training on one set of test data, with its 95 % interval over pictures, animals or blocks (NaN: none).

    Parameters
    ----------
    value, low, high : float
    of : str
        Which training and which data.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    of: str = ""


@dataclass(frozen=True)
class Cell:
    """What a method reaches in one quality.

    Parameters
    ----------
    entries : tuple of Entry
        One for each training and each set of test data.
    classes : mapping of str to float
        Of the first entry, by structure; empty where the quality has no parts.
    """

    entries: tuple[Entry, ...] = ()
    classes: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """Mean over entries that have a value; NaN without any."""
        known = self._known
        return sum(known) / len(known) if known else math.nan

    @property
    def range(self) -> tuple[float, float]:
        """The interval of a single entry; smallest and largest value of several. NaN where there is neither."""
        if len(self.entries) == 1:
            return self.entries[0].low, self.entries[0].high
        return (min(self._known), max(self._known)) if self._known else (math.nan, math.nan)

    @property
    def _known(self) -> list[float]:
        return [entry.value for entry in self.entries if math.isfinite(entry.value)]


@dataclass(frozen=True)
class Method:
    """A row.

    Parameters
    ----------
    name : str
    kind : {"target", "simulated", "baseline", "model"}
        A baseline learns nothing.
    cells : mapping of str to Cell
        By the keys of the qualities; a number that does not exist is missing.
    trainings : int
        How many trainings of the method there are; 0 where it learns nothing.
    origin : str
        The honest phrase for its spectra.
    """

    name: str
    kind: Kind
    cells: Mapping[str, Cell]
    trainings: int = 0
    origin: str = ""

    @property
    def competes(self) -> bool:
        """Whether it is a way to make simulated spectra look like the target's."""
        return self.kind in ("baseline", "model")

    def cell(self, quality: Quality) -> Cell:
        """Return a cell; an empty one where there is no number."""
        return self.cells.get(quality.key, Cell())


@dataclass(frozen=True, eq=False)
class MethodMatrix:
    """All methods in all qualities.

    Parameters
    ----------
    modality : {"HSI", "PAT"}
    qualities : tuple of Quality
    methods : tuple of Method
        Target, simulated, those that learn nothing, models.
    notes : tuple of str
        What the numbers come from, and what they do not say.
    """

    modality: str
    qualities: tuple[Quality, ...]
    methods: tuple[Method, ...]
    notes: tuple[str, ...] = ()

    def table(self) -> Table:
        """One row per method: mean, smallest and largest value, for each quality."""
        columns = ["method", "kind", "trainings", "origin"]
        for quality in self.qualities:
            columns += [quality.heading, f"{quality.short}, low", f"{quality.short}, high"]
        rows: list[tuple[TableCell, ...]] = []
        for method in self.methods:
            numbers = [n for q in self.qualities for n in (method.cell(q).value, *method.cell(q).range)]
            rows.append((method.name, method.kind, method.trainings, method.origin, *numbers))
        return Table(
            "Methods side by side, computed here", tuple(columns), tuple(rows), (self.statement, *self.notes)
        )

    def best(self, quality: Quality) -> frozenset[str]:
        """Return the names of the methods with the best number; none where fewer than two have one, or all are alike."""
        return self._extreme(quality, worst=False)

    def worst(self, quality: Quality) -> frozenset[str]:
        """Return the names of the methods with the worst number."""
        return self._extreme(quality, worst=True)

    def _extreme(self, quality: Quality, *, worst: bool) -> frozenset[str]:
        sign = 1 if (quality.better == "lower") != worst else -1
        values = {m.name: sign * m.cell(quality).value for m in self.methods if m.competes}
        known = {name: value for name, value in values.items() if math.isfinite(value)}
        if len(known) < _FEWEST or math.isclose(min(known.values()), max(known.values()), rel_tol=_SAME):
            return frozenset()
        wanted = min(known.values())
        return frozenset(n for n, v in known.items() if math.isclose(v, wanted, rel_tol=_SAME, abs_tol=1e-12))

    @property
    def statement(self) -> str:
        """Return how many columns each leading method is the best of, and whether a model beats all that learn nothing."""
        wins: dict[str, int] = {}
        for quality in self.qualities:
            for name in self.best(quality):
                wins[name] = wins.get(name, 0) + 1
        if not wins:
            return "Two methods with numbers are needed to call one the best."
        most = sorted(wins.items(), key=lambda item: -item[1])[:3]
        best = ", ".join(f"{name} ({count})" for name, count in most)
        learned = [q for q in self.qualities if self._is_learned_best(q)]
        untrained = [q for q in self.qualities if self.best(q)]
        return (
            f"Best of a column most often: {best}. A fitted or trained model is the best of {len(learned)} of {len(untrained)} columns; "
            "in the others a row that learns nothing is as good or better."
        )

    def _is_learned_best(self, quality: Quality) -> bool:
        best = self.best(quality)
        return bool(best) and all(m.kind == "model" for m in self.methods if m.name in best)


def merged(matrices: Sequence[MethodMatrix]) -> MethodMatrix:
    """Return one matrix of several: entries of methods of the same name stand in one cell.

    Parameters
    ----------
    matrices : sequence of MethodMatrix
        At least one; of one modality.

    Raises
    ------
    ValueError
        When they are of several modalities.
    """
    if len({matrix.modality for matrix in matrices}) != 1:
        raise ValueError("The results are of HSI and of PAT; compare those of one modality.")
    qualities = tuple({q.key: q for matrix in matrices for q in matrix.qualities}.values())
    rows: dict[str, list[Method]] = {}
    for matrix in matrices:
        for method in matrix.methods:
            rows.setdefault(method.name, []).append(method)
    methods = [_merged(same) for same in rows.values()]
    order: tuple[Kind, ...] = ("target", "simulated", "baseline", "model")
    methods.sort(key=lambda method: order.index(method.kind))
    notes = tuple(dict.fromkeys(note for matrix in matrices for note in matrix.notes))
    return MethodMatrix(matrices[0].modality, qualities, tuple(methods), notes)


def _merged(same: Sequence[Method]) -> Method:
    first = same[0]
    keys = dict.fromkeys(key for method in same for key in method.cells)
    learns = first.kind == "model"
    cells = {
        key: _joined((method.cells[key] for method in same if key in method.cells), learns=learns)
        for key in keys
    }
    trainings = {
        entry.of.split(" on ")[0] for method in same for c in method.cells.values() for entry in c.entries
    }
    return Method(first.name, first.kind, cells, len(trainings) if learns else 0, first.origin)


def _joined(cells: Iterable[Cell], *, learns: bool) -> Cell:
    """Put entries into one cell; what learns nothing is in every file of the same data, and counts once."""
    parts = list(cells)
    entries = [entry for cell in parts for entry in cell.entries]
    if not learns:
        entries = list({str((e.value, e.low, e.high)): e for e in entries}.values())
    return Cell(tuple(entries), parts[0].classes)
