"""A report as one HTML file: figures inside, no other resource, light and dark, printable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from napari_udt.population.report.document import (
    RESEARCH_ONLY,
    Cell,
    Column,
    Document,
    Drawing,
    Key,
    Section,
    Sheet,
    slug,
)
from napari_udt.population.report.svg import inline_svg

Tell = Callable[[], None]


def as_html(document: Document, tell: Tell = lambda: None) -> str:
    """Return the page; ``tell`` is called after each drawing."""
    home = files(__package__)
    style, script = ((home / name).read_text("utf-8") for name in ("report.css", "report.js"))
    variables = {key.colour: f"--group-{place}" for place, key in enumerate(document.keys)}
    body = [
        _head(document),
        *(_section(s, variables, tell) for s in document.sections),
        _provenance(document),
    ]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(document.title)}</title>",
            f"<style>\n{style}{_colours(document.keys)}</style>\n</head>\n<body>\n<main>",
            *body,
            f"</main>\n<script>\n{script}</script>\n</body>\n</html>\n",
        ]
    )


def _colours(keys: Sequence[Key]) -> str:
    """Return the groups' colours on light and on dark pages; paper is light."""
    light = " ".join(f"--group-{i}: {key.colour};" for i, key in enumerate(keys))
    dark = " ".join(f"--group-{i}: {key.on_dark};" for i, key in enumerate(keys))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _head(document: Document) -> str:
    keys = "\n".join(
        f'<li><span class="swatch" style="background: var(--group-{i})"></span>{escape(key.title)}</li>'
        for i, key in enumerate(document.keys)
    )
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in document.lines)
    links = "\n".join(f'<a href="#{_anchor(s)}">{escape(s.title)}</a>' for s in document.sections)
    return (
        f"<header>\n<h1>{escape(document.title)}</h1>\n{lines}\n"
        f'<p class="warning">{escape(RESEARCH_ONLY)}</p>\n<ul class="groups">\n{keys}\n</ul>\n'
        f'<nav>\n{links}\n<a href="#provenance">Provenance</a>\n</nav>\n</header>'
    )


def _anchor(section: Section) -> str:
    return f"section-{slug(section.title)}"


def _section(section: Section, variables: dict[str, str], tell: Tell) -> str:
    return "\n".join(_section_parts(section, variables, tell))


def _section_parts(section: Section, variables: dict[str, str], tell: Tell) -> Iterator[str]:
    yield f'<section id="{_anchor(section)}">\n<h2>{escape(section.title)}</h2>'
    yield from (f"<p>{escape(text)}</p>" for text in section.text)
    for drawing in section.drawings:
        yield _figure(drawing, variables)
        tell()
    yield from map(_sheet, section.sheets)
    yield "</section>"


def _figure(drawing: Drawing, variables: dict[str, str]) -> str:
    return (
        f'<figure role="img" aria-label="{escape(drawing.caption, quote=True)}">\n{inline_svg(drawing, variables)}\n'
        f"<figcaption>{escape(drawing.caption)}</figcaption>\n</figure>"
    )


def _sheet(sheet: Sheet) -> str:
    head = "".join(map(_column, sheet.columns))
    rows = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in sheet.rows)
    notes = "\n".join(f'<p class="note">{escape(note)}</p>' for note in sheet.notes)
    table = f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n{notes}'
    if sheet.folded:
        return f"<details>\n<summary>{escape(sheet.title)}</summary>\n{table}\n</details>"
    return f"<h3>{escape(sheet.title)}</h3>\n{table}" if sheet.title else table


def _column(column: Column) -> str:
    hint = f' title="{escape(column.hint, quote=True)}"' if column.hint else ""
    return (
        f'<th scope="col" aria-sort="none"{hint}><button type="button">{escape(column.title)}</button></th>'
    )


def _cell(cell: Cell) -> str:
    hint = f' title="{escape(cell.hint, quote=True)}"' if cell.hint else ""
    value = "" if cell.value is None else f' data-value="{cell.value!r}"'
    small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
    kind = ' class="number"' if cell.value is not None or cell.text == "–" else ""
    text = escape(cell.text.strip("*"))  # Markdown's bold
    return f"<td{kind}{value}{hint}>{text}{small}</td>"


def _provenance(document: Document) -> str:
    return (
        '<section id="provenance">\n<h2>Provenance</h2>\n<details>\n<summary>Cubes, models, options, software (JSON)</summary>\n'
        f"<pre>{escape(document.provenance)}</pre>\n</details>\n</section>"
    )
