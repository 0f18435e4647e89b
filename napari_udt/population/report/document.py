"""Parts of a report before it becomes a file: sections of text, drawings and sheets of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_udt.population.tables import Table

_NO_TISSUE = ("background", "coupling medium", "unlabelled")

_NOTHING = 1e-13  # what rounding leaves of zero

# Draws into a matplotlib Figure or SubFigure.
Draw = Callable[[Any], None]

RESEARCH_ONLY = (
    "Research use only. A generative model can hallucinate: a transferred spectrum is a guess of what a real one would look "
    "like, never a measurement; nothing here may be used for diagnosis."
)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure that is drawn when it is needed.

    Parameters
    ----------
    key : str
        Unique in the report; of letters, digits and hyphens.
    caption : str
    size : (float, float)
        Width and height in inches.
    draw : callable
    """

    key: str
    caption: str
    size: tuple[float, float]
    draw: Draw


@dataclass(frozen=True)
class Cell:
    """One cell of a sheet.

    Parameters
    ----------
    text : str
    value : float, optional
        The number that columns are sorted by; the text where there is none.
    small : str
        A second line: an interval.
    hint : str
        A note that is shown under the mouse.
    """

    text: str
    value: float | None = None
    small: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Column:
    """Head of a column; ``hint`` says what the numbers mean."""

    title: str
    hint: str = ""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table of a report.

    Parameters
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
    notes : tuple of str
    folded : bool
        HTML shows it when its title is clicked.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """A chapter of the report."""

    title: str
    text: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True)
class Key:
    """One entry of the report's legend: a group, its colour and where it comes from.

    Parameters
    ----------
    name, title, origin : str
    colour : str
        Hex, readable on white.
    on_dark : str
        The same, readable on a dark page.
    """

    name: str
    title: str
    origin: str
    colour: str
    on_dark: str


@dataclass(frozen=True, eq=False)
class Document:
    """A whole report.

    Parameters
    ----------
    title : str
    lines : tuple of str
        Under the title: what is compared, when, with what.
    keys : tuple of Key
    sections : tuple of Section
    provenance : str
        JSON.
    """

    title: str
    lines: tuple[str, ...]
    keys: tuple[Key, ...]
    sections: tuple[Section, ...]
    provenance: str


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as people read it; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    value = 0.0 if abs(value) < _NOTHING else value
    whole = float(value).is_integer() or abs(value) >= 10**digits
    text = f"{value:,.0f}" if whole and abs(value) < 1e6 else f"{value:.{digits}g}"
    return text.replace("-", "−")


def cell(value: Any) -> Cell:
    """Return a cell of a word or a number."""
    if isinstance(value, str):
        return Cell(value)
    return Cell(number(float(value)), float(value) if math.isfinite(value) else None)


def sheet_of(table: Table, *, folded: bool = False, drop: Sequence[str] = ()) -> Sheet:
    """Return a table of a figure as a sheet, without the columns named in ``drop``."""
    kept = [i for i, name in enumerate(table.columns) if name not in drop]
    return Sheet(
        table.title,
        tuple(Column(table.columns[i]) for i in kept),
        tuple(tuple(cell(row[i]) for i in kept) for row in table.rows),
        table.notes,
        folded,
    )


def plain_sheet(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Sheet:
    """Return a sheet of words, each row as long as ``columns``."""
    cells = tuple(tuple(Cell(text) for text in row) for row in rows)
    return Sheet(title, tuple(Column(name) for name in columns), cells)


def slug(name: str) -> str:
    """Return a name as part of a key: letters, digits and hyphens."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in name.casefold())


def is_tissue(name: str) -> bool:
    """Whether a structure is more than what surrounds tissue: background, coupling medium."""
    return not name.casefold().startswith(_NO_TISSUE)
