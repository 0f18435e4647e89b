"""Drawings as SVG that stands inside an HTML page: its colours follow the page, its ids are its own."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from napari_udt.population.report.document import Drawing
from napari_udt.population.report.drawing import GRID, INK, report_style

_IDS = re.compile(r'(\bid="|url\(#|href="#)')
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r' (?:width|height)="[0-9.]+pt"')  # of the whole picture: the page decides
_FONT = re.compile(r"(font: [^;\"]*?)'DejaVu Sans'[^;\"]*")


def inline_svg(drawing: Drawing, variables: Mapping[str, str]) -> str:
    """Draw, and return an ``<svg>`` element.

    Parameters
    ----------
    drawing : Drawing
    variables : mapping of str to str
        Colours (hex, lower case) of groups, and the CSS variables to write instead; ink and grid follow the page anyway.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with report_style(drawing.key):
        figure = Figure(figsize=drawing.size, layout="constrained")
        drawing.draw(figure)
        buffer = io.StringIO()
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    text = _METADATA.sub("", _PROLOGUE.sub("", buffer.getvalue(), count=1))
    text = _IDS.sub(lambda found: f"{found[0]}{drawing.key}-", text)
    text = _SIZE.sub("", text, count=2)
    text = _FONT.sub(r"\1sans-serif", text)
    for colour, name in {INK: "--ink", GRID: "--grid", **variables}.items():
        text = text.replace(colour, f"var({name})")
    return text.strip()
