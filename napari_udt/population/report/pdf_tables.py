"""Tables of a PDF: cut into blocks that fit a page, drawn as text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from napari_udt.population.report.document import Cell, Sheet
from napari_udt.population.report.drawing import GRID, INK

Position = Callable[[float, float], tuple[float, float]]
Row = list[list[str]]  # lines of each cell

_LINE = 0.155  # inches of a line
_POINTS = 7.5
_INCHES_PER_CHARACTER = 0.066
_TITLE = 2.2  # lines that a title takes
_AIR = 0.45  # lines between rows
_WRAP = 48  # characters of a cell
_NOTE_WRAP = 190
_NAMING = ("Group", "Structure", "group", "Trained on")


@dataclass(frozen=True, eq=False)
class Block:
    """Part of a table that fits a page.

    Parameters
    ----------
    title : str
    rows : sequence of Row
        The head first.
    columns : sequence of int
        Which columns.
    widths : sequence of float
        Of all columns, in inches.
    notes : sequence of str
        Lines below it.
    """

    title: str
    rows: Sequence[Row]
    columns: Sequence[int]
    widths: Sequence[float]
    notes: Sequence[str]

    @property
    def height(self) -> float:
        """Inches, with the space below."""
        lines = _TITLE + sum(_depth(row, self.columns) for row in self.rows) + len(self.notes) + 1.5
        return lines * _LINE

    def draw(self, page: Any, place: Position, y: float) -> None:
        """Draw it ``y`` inches below the upper edge; ``place`` turns inches into the page's fractions."""
        from matplotlib.lines import Line2D

        page.text(*place(0, y), self.title, fontsize=9.5, fontweight="bold", va="top")
        y += _TITLE * _LINE
        width = sum(self.widths[c] for c in self.columns)
        for number, row in enumerate(self.rows):
            self._draw_row(page, place, y, row, "bold" if number == 0 else "normal")
            y += _depth(row, self.columns) * _LINE
            ends = zip(place(0, y - 0.04), place(width, y - 0.04), strict=True)
            page.add_artist(Line2D(*ends, color=INK if number == 0 else GRID, linewidth=0.6))
        below = "\n".join(self.notes)
        page.text(*place(0, y + 0.5 * _LINE), below, fontsize=_POINTS, va="top", alpha=0.8, linespacing=1.35)

    def _draw_row(self, page: Any, place: Position, y: float, row: Row, weight: str) -> None:
        x = 0.0
        for column in self.columns:
            text = "\n".join(row[column])
            page.text(*place(x, y), text, fontsize=_POINTS, va="top", fontweight=weight, linespacing=1.35)
            x += self.widths[column]


def blocks(sheet: Sheet, width: float, height: float) -> Iterator[Block]:
    """Cut a table: some columns at a time beside those that name the row, some rows at a time.

    Parameters
    ----------
    sheet : Sheet
    width, height : float
        Room on a page, in inches.
    """
    texts = [[_lines(Cell(column.title)) for column in sheet.columns]]
    texts += [[_lines(cell) for cell in row] for row in sheet.rows]
    widths = [
        (max(len(line) for row in texts for line in row[c]) + 2.5) * _INCHES_PER_CHARACTER
        for c in range(len(sheet.columns))
    ]
    notes = [line for note in sheet.notes for line in textwrap.wrap(note, _NOTE_WRAP)]
    pieces = [
        (columns, rows)
        for columns in _column_blocks(sheet, widths, width)
        for rows in _row_blocks(texts, columns, height / _LINE - len(notes) - _TITLE - 1.5)
    ]
    for number, (columns, rows) in enumerate(pieces):
        title = sheet.title if number == 0 else f"{sheet.title}, continued"
        last = number == len(pieces) - 1
        yield Block(title, [texts[0], *rows], columns, widths, notes if last else ())


def _lines(cell: Cell) -> list[str]:
    return [*(textwrap.wrap(cell.text, _WRAP) or [""]), *([cell.small] if cell.small else [])]


def _column_blocks(sheet: Sheet, widths: Sequence[float], room: float) -> Iterator[list[int]]:
    """Columns that fit beside each other, the naming ones first in each block."""
    naming = sum(1 for column in sheet.columns if column.title in _NAMING) or 1
    block = list(range(naming))
    for column in range(naming, len(widths)):
        if len(block) > naming and sum(widths[c] for c in (*block, column)) > room:
            yield block
            block = list(range(naming))
        block.append(column)
    yield block


def _row_blocks(texts: Sequence[Row], columns: Sequence[int], room: float) -> Iterator[list[Row]]:
    """Rows that fit below each other under the head, in lines."""
    block: list[Row] = []
    used = head = _depth(texts[0], columns)
    for row in texts[1:]:
        if block and used + _depth(row, columns) > room:
            yield block
            block, used = [], head
        block.append(row)
        used += _depth(row, columns)
    yield block


def _depth(row: Row, columns: Sequence[int]) -> float:
    """Lines that a row takes, with some air."""
    return max(len(row[c]) for c in columns) + _AIR
