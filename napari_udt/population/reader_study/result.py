"""Result of a reader study: what readers recognised or how they rated, and whether they agree; each number with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_udt.population.reader_study.design import Design
from napari_udt.population.reader_study.reading_file import Answers
from napari_udt.population.reader_study.resampling import RESAMPLES, Estimate
from napari_udt.population.tables import Table
from napari_udt.wording import counted

Scale = Literal["share", "kappa", "rating", "difference of ratings", "difference of shares"]

# Where readers who guess, or see no difference, would be.
INDIFFERENT: dict[Scale, float] = {
    "kappa": 0.0,
    "difference of ratings": 0.0,
    "difference of shares": 0.0,
}
LIMITS: dict[Scale, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "kappa": (-1.0, 1.0),
    "rating": (1.0, 5.0),
    "difference of ratings": (-4.0, 4.0),
    "difference of shares": (-1.0, 1.0),
}
TITLES: dict[Scale, str] = {
    "share": "Share",
    "kappa": "Agreement (kappa)",
    "rating": "Rating (1 artificial, 5 real)",
    "difference of ratings": "Difference of ratings",
    "difference of shares": "Difference of shares",
}
ALL = "all readers"


@dataclass(frozen=True)
class Row:
    """One number.

    Parameters
    ----------
    measure, reader : str
        What, and whose: a reader's name, "all readers" or "A and B".
    scale : str
    estimate : Estimate
    answers : int
        That it was counted from.
    chance : float
        What guessing gives; NaN where the scale says it or there is none.
    note : str
    meaning : str
    """

    measure: str
    reader: str
    scale: Scale
    estimate: Estimate
    answers: int
    chance: float = np.nan
    note: str = ""
    meaning: str = ""

    @property
    def indifferent(self) -> float:
        """Where readers who guess, or see no difference, would be; NaN where there is no such place."""
        return INDIFFERENT.get(self.scale, self.chance)


@dataclass(frozen=True)
class StudyResult:
    """A finished study of one or more readers.

    Parameters
    ----------
    readings : tuple of Answers
        Of one study, under different names.
    rows : tuple of Row
    sentence : str
        The outcome in words that claim no more than the numbers.
    units : str
        "images" or "questions": what the bootstrap draws again.
    unit_count : int
    """

    readings: tuple[Answers, ...]
    rows: tuple[Row, ...]
    sentence: str
    units: str
    unit_count: int

    @property
    def design(self) -> Design:
        """That all readers have in common."""
        return self.readings[0].design

    @property
    def method(self) -> str:
        """How the numbers were found."""
        if self.units == "images":
            over = f"whole images are drawn again ({self.unit_count})"
        else:
            over = (
                f"single questions are drawn again ({self.unit_count}): they are of few images, and the intervals hold for these "
                "images only"
            )
        return (
            f"95 % intervals: {RESAMPLES} bootstrap resamples, {over}; readers are not drawn again, so that nothing is said of "
            "other readers. Shares of one reader whose questions are the units, and shares of 0 or 1, have Wilson's score interval. "
            "Skipped questions count nowhere."
        )

    @property
    def panels(self) -> tuple[tuple[Scale, tuple[Row, ...]], ...]:
        """The rows that have a number, by their scales, as a picture shows them."""
        known = [row for row in self.rows if np.isfinite(row.estimate.value)]
        scales = dict.fromkeys(row.scale for row in known)
        return tuple((scale, tuple(row for row in known if row.scale == scale)) for scale in scales)

    def label(self, row: Row) -> str:
        """Return what a picture calls a row."""
        return row.measure if len(self.readings) == 1 else f"{row.measure}, {row.reader}"

    def table(self) -> Table:
        """One row per number."""
        columns = (
            "measure",
            "reader",
            "value",
            "low (95 %)",
            "high (95 %)",
            "by guessing",
            "answers",
            "interval",
            "note",
        )
        rows = tuple(
            (
                *(row.measure, row.reader, row.estimate.value, row.estimate.low, row.estimate.high),
                *(row.indifferent, row.answers, row.estimate.interval, row.note),
            )
            for row in self.rows
        )
        skipped = ", ".join(f"{r.reader or 'the reader'} {r.skipped}" for r in self.readings)
        of = counted(len(self.readings), "reader")
        questions = counted(len(self.readings[0].trials), "question")
        notes = (
            self.sentence,
            f"{of}, {questions}; skipped: {skipped}.",
            self.method,
            *_meanings(self.rows),
        )
        return Table("Reader study", columns, rows, notes)


def limits_of(scale: Scale, rows: tuple[Row, ...]) -> tuple[float, float]:
    """Return the range that a panel shows: all of a share's or a rating's, of others what the intervals need."""
    low, high = LIMITS[scale]
    if scale in ("share", "rating"):
        room = 0.02 * (high - low)
        return low - room, high + room
    ends = [end for row in rows for end in (row.estimate.low, row.estimate.high, row.estimate.value)]
    known = [0.0, *(end for end in ends if np.isfinite(end)), *([1.0] if scale == "kappa" else [])]
    room = 0.05 * max(max(known) - min(known), 0.1)
    return min(known) - room, max(known) + room


def _meanings(rows: tuple[Row, ...]) -> list[str]:
    return [f"{name}: {meaning}" for name, meaning in {r.measure: r.meaning for r in rows}.items() if meaning]
