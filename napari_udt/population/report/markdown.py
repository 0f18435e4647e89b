"""Sections of a report as Markdown that reads well as plain text too; figures are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from napari_udt.outgoing_text import markdown_line
from napari_udt.population.report.document import Section, Sheet


def as_markdown(title: str, lines: Iterable[str], sections: Iterable[Section]) -> str:
    """Return a page: a title, lines as a list, and the texts and tables of sections."""
    parts = [f"# {markdown_line(title)}", "\n".join(f"* {markdown_line(line)}" for line in lines)]
    for section in sections:
        parts += [f"## {markdown_line(section.title)}", *map(markdown_line, section.text)]
        parts += [part for sheet in section.sheets for part in _sheet(sheet)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sheet(sheet: Sheet) -> Iterator[str]:
    rows = ([cell.text for cell in row] for row in sheet.rows)
    yield markdown_line(sheet.title)
    yield aligned([column.title for column in sheet.columns], rows)
    yield from map(markdown_line, sheet.notes)


def aligned(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown table whose columns line up as plain text.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences of str
        As long as ``columns``.
    """
    lines = [[markdown_line(cell).replace("|", r"\|") for cell in row] for row in (columns, *rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(columns))]
    shown = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])
