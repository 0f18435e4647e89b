"""The verdict on a transfer in plain words, and as a table for export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.tables import Cell, Table
from napari_udt.population.verdict import ALL_STRUCTURES, Row, Verdict
from napari_udt.population.verdict_change import KINDS, Change, Kind, Outcome

# What each kind of distance is called.
TITLES: Mapping[Kind, str] = {
    "angle": "Shape (spectral angle)",
    "level": "Level (mean over the wavelengths)",
    "rmse": "Shape and level (RMSE)",
}
MARKS: Mapping[Outcome, str] = {
    "closer": "✓ closer",
    "further away": "✗ further away",
    "no clear change": "≈ no clear change",
    "too few pixels to tell": "? too few pixels to tell",
    "not compared": "",
}
_COUNTED: Mapping[Outcome, str] = {
    "closer": "closer",
    "further away": "further away",
    "no clear change": "without a clear change",
    "too few pixels to tell": "of too few pixels to tell",
}
_NAMED = 3  # structures that a summary names at most


def plain(structure: str) -> str:
    """Return a structure's name as it is written in sentences."""
    return structure.replace("_", " ")


def unit_of(kind: Kind, quantity: str) -> str:
    """Return the unit of a kind of distance, for an axis."""
    if kind == "angle":
        return "°"
    if kind == "level":
        return "× reference"
    found = re.search(r"\[(.*)\]", quantity)
    return found.group(1) if found else "1"


def pair_text(change: Change) -> str:
    """Return the numbers before and after, with the unit: "3.2° → 0.8°", "12 × → 1.10 ×"."""
    values = [value for value in (change.before, change.after) if np.isfinite(value)]
    return " → ".join(_numbers(change.kind, values))


def change_text(change: Change) -> str:
    """Return the change with its interval beside the reference's own spread: "change -1.6° [-1.9°, -1.2°], own spread 2.3°: 0.7 of it".

    A level is given as the factor by which it is off: after over before, beside the factor of the reference's own spread.
    """
    moved = change.distance_after - change.distance_before
    spread = f"own spread {_step_text(change.kind, change.spread)}"
    if not np.isfinite(moved):
        return spread
    interval = ""
    if np.isfinite(change.low) and np.isfinite(change.high):
        low, high = (_step_text(change.kind, end, "+") for end in (change.low, change.high))
        interval = f" [{low}, {high}]"
    text = f"change {_step_text(change.kind, moved, '+')}{interval}, {spread}"
    if not change.spread > 0:
        return text
    share = abs(moved) / change.spread
    return f"{text}: {share:.2g} {'of' if share < 0.995 else 'times'} it"


def level_text(change: Change) -> str:
    """Return the level before and after in words: "12 → 1.10 times the reference's"."""
    return f"{pair_text(change).replace(' ×', '')} times the reference's"


def row_sentence(row: Row, *, model: str = "") -> str:
    """Return one structure's verdict: shape first, then level.

    Parameters
    ----------
    row : Row
    model : str
        Put before the structure where several models are compared.
    """
    angle, level = row.changes["angle"], row.changes["level"]
    start = f"{model} · {plain(row.structure)}" if model else plain(row.structure)
    shape = (
        f"shape {pair_text(angle)} from the reference (its own spread {angle.spread:.1f}°){_ending(angle)}"
    )
    reach = f"level {level_text(level)} (own spread a factor of {_factor(float(np.exp(level.spread)))}){_ending(level)}"
    if not row.is_transferred:
        reach += "; not transferred yet"
    return f"{start}: {shape}; {reach}."


def total_sentence(verdict: Verdict, total: Row, *, model: str = "") -> str:
    """Return the verdict on all structures of one group: how many are closer, which got worse, and the mean distance."""
    rows = [row for row in verdict.rows if row.group is total.group]
    start = f"{model} · all {len(rows)} structures" if model else f"All {len(rows)} structures"
    angle, level = total.changes["angle"], total.changes["level"]
    if not total.is_transferred:
        return (
            f"{start}: on average {angle.before:.1f}° from the reference (its own spread {angle.spread:.1f}°), "
            f"level off by a factor of {_factor(level.before)}; not transferred yet."
        )
    return (
        f"{start}: shape {_counts(rows, 'angle')}, on average {pair_text(angle)} (own spread {angle.spread:.1f}°); "
        f"level {_counts(rows, 'level')}, on average off by a factor of {_factor(level.before)} → {_factor(level.after)}."
    )


def reference_note(verdict: Verdict) -> str:
    """Return what the distances are to, and what the reference's own spread is, in one sentence."""
    pieces = dict.fromkeys(row.piece for row in verdict.rows)
    piece = next(iter(pieces), "pieces") if len(pieces) == 1 else "blocks of pixels"
    return (
        f"Reference: {verdict.reference.name} ({verdict.reference.origin}); own spread: median distance of its {piece} "
        "to its mean."
    )


RULE_NOTE = (
    "Distances of mean spectra, not normalised. “Closer” and “further away” only where the 95 % interval of the change, "
    "drawn from blocks of these pictures, excludes zero and the change is a quarter of the own spread or more; else “no clear change”, and of fewer than five blocks “too few pixels to tell”. One picture "
    "cannot say how much the next one would differ."
)


def verdict_table(verdict: Verdict, appearances: Mapping[str, GroupAppearance]) -> Table:
    """Return all numbers: one row per structure, group and kind of distance."""
    columns = (
        "structure", "group", "origin", "distance", "unit", "before", "after", "outcome", "change of the distance, low",
        "change of the distance, high", "spread of the reference", "spread over", "spectra", "spectra of the reference",
    )  # fmt: skip
    rows = [
        _cells(row, kind, verdict, appearances) for row in (*verdict.rows, *verdict.totals) for kind in KINDS
    ]
    notes = (
        reference_note(verdict),
        RULE_NOTE,
        "Level: fraction of the reference's; its distance and spread are |ln(level)|.",
        *verdict.notes,
    )
    return Table("Distance to the reference before and after the transfer", columns, tuple(rows), notes)


def _cells(
    row: Row, kind: Kind, verdict: Verdict, appearances: Mapping[str, GroupAppearance]
) -> tuple[Cell, ...]:
    change = row.changes[kind]
    appearance = appearances.get(row.group.name)
    outcome = "mean over the structures" if row in verdict.totals else change.outcome
    return (
        row.structure, appearance.short if appearance else row.group.name, row.group.origin,
        {"angle": "spectral angle", "level": "level", "rmse": "RMSE"}[kind], unit_of(kind, verdict.quantity),
        change.before, change.after, outcome, change.low, change.high, change.spread, row.piece,
        row.count, row.reference_count,
    )  # fmt: skip


def _ending(change: Change) -> str:
    mark = MARKS[change.outcome]
    within = "; both within that spread" if mark and change.is_within_spread else ""
    return f" {mark}{within}" if mark else ""


def _numbers(kind: Kind, values: Sequence[float]) -> list[str]:
    if kind == "angle":
        return [f"{value:.1f}°" for value in values]
    if kind == "rmse":
        return [f"{value:.2g}" for value in values]
    return [f"{_factor(value)} ×" for value in values]


def _step_text(kind: Kind, value: float, sign: str = "") -> str:
    """Return a distance, or its change; of a level as a factor."""
    if kind == "angle":
        return f"{value:{sign}.1f}°"
    return f"{value:{sign}.2g}" if kind == "rmse" else f"× {_factor(float(np.exp(value)))}"


def _factor(value: float) -> str:
    """Return a factor, to the hundredth where it is near 1."""
    return f"{value:.2f}" if 0.095 <= value < 9.995 else f"{value:.2g}"


def _counts(rows: Sequence[Row], kind: Kind) -> str:
    """Return "7 closer, 1 further away (skin), 2 no clear change"."""
    parts = []
    for outcome, words in _COUNTED.items():
        found = [plain(row.structure) for row in rows if row.changes[kind].outcome == outcome]
        if found:
            names = ", ".join(found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
            named = f" ({names})" if outcome == "further away" else ""
            parts.append(f"{len(found)} {words}{named}")
    return ", ".join(parts) or f"of {len(rows)} {ALL_STRUCTURES} unknown"
