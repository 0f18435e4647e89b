"""A report as PDF: figures on pages, tables as pages of text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from napari_udt.population.report.document import RESEARCH_ONLY, Document, Drawing, Section, Sheet
from napari_udt.population.report.drawing import PAPER, report_style
from napari_udt.population.report.pdf_tables import blocks

Tell = Callable[[], None]

_PAGE = (11.69, 8.27)  # A4, in inches
_MARGIN = 0.45
_TOP = 0.4  # inches of a page's title
_LINE = 0.16  # inches of a line of small text
_CAPTION_WIDTH = 190  # characters
_TEXT_WIDTH = 130
_SMALL, _BODY = 7.5, 9.5  # points


def save_pdf(document: Document, path: Path, tell: Tell = lambda: None) -> None:
    """Write the pages; ``tell`` is called after each drawing."""
    from matplotlib.backends.backend_pdf import PdfPages

    facts = {"Title": document.title, "Creator": "napari-udt", "CreationDate": None}
    with report_style(), PdfPages(path, metadata=facts) as pages:
        for page in _pages(document, tell):
            pages.savefig(page, facecolor=PAPER)


def _pages(document: Document, tell: Tell) -> Iterator[Any]:
    yield _front(document)
    for section in document.sections:
        yield from _section_pages(section, tell)
    yield from _provenance_pages(document.provenance)


def _page(title: str) -> Any:
    from matplotlib.figure import Figure

    page = Figure(figsize=_PAGE)
    page.text(*_at(0, 0), title, fontsize=13, fontweight="bold", va="top")
    _sign(page)
    return page


def _sign(page: Any) -> None:
    page.text(0.5, 0.2 / _PAGE[1], "napari-udt. Research use only.", fontsize=6.5, ha="center", alpha=0.7)


def _at(x: float, y: float) -> tuple[float, float]:
    """Position on a page, in inches from the upper left corner within the margins, as fractions."""
    return (_MARGIN + x) / _PAGE[0], 1 - (_MARGIN + y) / _PAGE[1]


def _front(document: Document) -> Any:
    page = _page(document.title)
    y = _TOP
    for line in (*document.lines, "", *textwrap.wrap(RESEARCH_ONLY, _TEXT_WIDTH), ""):
        page.text(*_at(0, y), line, fontsize=_BODY, va="top")
        y += 0.22
    for key in document.keys:
        page.text(*_at(0, y), "■", fontsize=12, va="top", color=key.colour)
        page.text(*_at(0.3, y + 0.02), key.title, fontsize=_BODY, va="top")
        y += 0.26
    return page


def _section_pages(section: Section, tell: Tell) -> Iterator[Any]:
    title = section.title
    for drawings in _by_page(section.drawings):
        yield _drawings_page(title, drawings, tell)
    yield from _sheet_pages(title, section.sheets)
    if section.text and not section.drawings and not section.sheets:
        yield _text_page(title, section.text)


def _by_page(drawings: Sequence[Drawing]) -> Iterator[list[Drawing]]:
    room = 0.0
    page: list[Drawing] = []
    for drawing in drawings:
        height = _height(drawing)
        if page and height > room:
            yield page
            page = []
        if not page:
            room = _PAGE[1] - 2 * _MARGIN - _TOP
        page.append(drawing)
        room -= height
    if page:
        yield page


def _height(drawing: Drawing) -> float:
    """Inches that a drawing takes with its caption."""
    return _drawn_size(drawing)[1] + _LINE * (len(_caption(drawing)) + 1)


def _drawn_size(drawing: Drawing) -> tuple[float, float]:
    """Shrink a drawing until it fits a page."""
    width, height = drawing.size
    room = _PAGE[1] - 2 * _MARGIN - _TOP - _LINE * (len(_caption(drawing)) + 1)
    scale = min((_PAGE[0] - 2 * _MARGIN) / width, room / height, 1.0)
    return _PAGE[0] - 2 * _MARGIN, height * scale


def _caption(drawing: Drawing) -> list[str]:
    return textwrap.wrap(drawing.caption, _CAPTION_WIDTH)


def _drawings_page(title: str, drawings: Sequence[Drawing], tell: Tell) -> Any:
    """Stack drawings and captions; each row has its height in inches."""
    from matplotlib.figure import Figure

    page = Figure(figsize=_PAGE, layout="constrained")
    _sign(page)
    heights = [_MARGIN + _TOP]
    for drawing in drawings:
        heights += [_drawn_size(drawing)[1], _LINE * (len(_caption(drawing)) + 1)]
    heights.append(max(_PAGE[1] - sum(heights), 0.01))
    columns = (_MARGIN, _PAGE[0] - 2 * _MARGIN, _MARGIN)
    rows: Any = page.subfigures(len(heights), 3, height_ratios=heights, width_ratios=columns)
    rows[0, 1].text(0, 0.5, title, fontsize=13, fontweight="bold", va="center")
    for place, drawing in enumerate(drawings):
        drawing.draw(rows[1 + 2 * place, 1])
        caption = "\n".join(_caption(drawing))
        rows[2 + 2 * place, 1].text(0, 0.95, caption, fontsize=_SMALL, va="top", alpha=0.8)
        tell()
    return page


def _text_page(title: str, paragraphs: Sequence[str]) -> Any:
    page = _page(title)
    lines = [line for text in paragraphs for line in textwrap.wrap(text, _TEXT_WIDTH)]
    page.text(*_at(0, _TOP), "\n".join(lines), fontsize=_BODY, va="top")
    return page


def _sheet_pages(title: str, sheets: Sequence[Sheet]) -> Iterator[Any]:
    """Tables below each other, as many as fit a page."""
    width, height = _PAGE[0] - 2 * _MARGIN, _PAGE[1] - 2 * _MARGIN - _TOP
    page, y = None, 0.0
    for sheet in sheets:
        for block in blocks(sheet, width, height):
            if page is None or y + block.height > _TOP + height:
                if page is not None:
                    yield page
                page, y = _page(title), _TOP
            block.draw(page, _at, y)
            y += block.height
    if page is not None:
        yield page


def _provenance_pages(text: str) -> Iterator[Any]:
    lines = [
        piece
        for line in text.splitlines()
        for piece in textwrap.wrap(line, 175, drop_whitespace=False) or [""]
    ]
    most = int((_PAGE[1] - 2 * _MARGIN - _TOP) / 0.105)
    for start in range(0, len(lines), most):
        page = _page("Provenance")
        block = "\n".join(lines[start : start + most])
        page.text(*_at(0, _TOP), block, fontsize=5.5, family="monospace", va="top", linespacing=1.3)
        yield page
