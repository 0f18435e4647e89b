"""The outcome of a reader study in one sentence that claims no more than its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_udt.population.reader_study.design import Design
from napari_udt.population.reader_study.reading_file import Answers
from napari_udt.population.reader_study.resampling import wilson
from napari_udt.population.reader_study.result import Row
from napari_udt.wording import counted


def outcome(design: Design, rows: Sequence[Row], readings: Sequence[Answers]) -> str:
    """Return the sentence: of all readers where there are several."""
    whose = rows_of_last(rows, readings)
    if design.task == "origin":
        return _origin(whose["accuracy"], len(readings))
    if design.task == "structure":
        return _structure(whose)
    if design.display == "pair":
        return _preference(whose["preference for the transferred"])
    return _realism(whose)


_TOO_FEW = "Too few judgements to tell: both real and transferred ones are needed."


def rows_of_last(rows: Sequence[Row], readings: Sequence[Answers]) -> dict[str, Row]:
    """Return the rows of all readers, or of the one that there is, by their measures."""
    name = "all readers" if len(readings) > 1 else readings[0].reader or "the reader"
    return {row.measure: row for row in rows if row.reader == name}


def _origin(accuracy: Row, readers: int) -> str:
    found, judged = accuracy.estimate, accuracy.answers
    numbers = f"{round(found.value * judged)} of {judged} right"
    if readers > 1:
        numbers += f" by {counted(readers, 'reader')}"
    if found.low > 0.5:
        return f"Distinguished: {numbers}; guessing (0.5) lies below the interval."
    if found.high < 0.5:
        return f"Mistaken for each other more often than by guessing: {numbers}."
    if readers > 1 or found.interval != "Wilson":
        return f"Not distinguished: {numbers}; guessing (0.5) lies within the interval."
    least = next((k for k in range(judged + 1) if wilson(k, judged).low > 0.5), 0)
    if not least:
        return f"Too few judgements to tell: {numbers}."
    return (
        f"Not distinguished: {numbers}; guessing (0.5) lies within the interval. "
        f"From {least} of {judged} on they would have been."
    )


def _structure(rows: dict[str, Row]) -> str:
    real, transferred = (
        f"{rows[f'recognised, {origin}'].estimate.value:.0%}" for origin in ("real", "transferred")
    )
    change = rows["transferred − real"].estimate
    if math.isnan(change.value):
        return _TOO_FEW
    numbers = f"{transferred} of the transferred and {real} of the real ones were recognised"
    if change.high < 0:
        return f"Harder to recognise after the transfer: {numbers}."
    if change.low > 0:
        return f"Easier to recognise after the transfer than in real ones: {numbers}."
    return f"No clear difference: {numbers}."


def _realism(rows: dict[str, Row]) -> str:
    real, transferred = (
        f"{rows[f'mean rating, {origin}'].estimate.value:.1f}" for origin in ("real", "transferred")
    )
    change = rows["transferred − real"].estimate
    if math.isnan(change.value):
        return _TOO_FEW
    numbers = f"{transferred} for transferred and {real} for real ones, of 5"
    if change.high < 0:
        return f"Transferred ones look less realistic: {numbers}."
    if change.low > 0:
        return f"Transferred ones look more realistic than real ones: {numbers}."
    return f"No clear difference: {numbers}."


def _preference(row: Row) -> str:
    found = row.estimate
    numbers = f"mean preference {found.value:+.2f} between −2 (real) and 2 (transferred)"
    if found.high < 0:
        return f"Real ones look more realistic: {numbers}."
    if found.low > 0:
        return f"Transferred ones look more realistic than real ones: {numbers}."
    return f"No clear difference: {numbers}."
