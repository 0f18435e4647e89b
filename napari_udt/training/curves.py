"""The training curves as a picture: an SVG that any browser shows, written from the log alone.

One panel per kind of loss, one line per domain. Lines and a few words are all there is to draw, and no plotting
library is among the package's dependencies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from napari_udt.files.writing import whole_or_nothing
from napari_udt.training.progress import read_log

# The package's colours of the two domains.
COLOURS = {"simulated": "#911eb4", "second": "#4363d8"}
_COLUMNS = 3
_WIDTH, _HEIGHT = 320, 220  # of a panel, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 30, 34
_HEADING = 52
# A loss that falls by more than this factor is drawn on a logarithmic axis.
_LOGARITHMIC_FROM = 20.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """Values to pixels.

    Parameters
    ----------
    low, high : float
        Ends of the axis.
    start, end : float
        Their pixels.
    logarithmic : bool
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        warp: Callable[[float], float] = math.log10 if self.logarithmic else float
        share = (warp(value) - warp(self.low)) / (warp(self.high) - warp(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within the axis."""
        if self.logarithmic:
            exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            factors = (1,) if self.high / self.low > 100 else (1, 2, 5)
            values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
            return [value for value in values if self.low <= value <= self.high]
        size = 10.0 ** math.floor(math.log10((self.high - self.low) / 2))
        step = next(f * size for f in (1, 2, 5, 10) if (self.high - self.low) / (f * size) <= 6)
        first = math.ceil(self.low / step)
        return [step * i for i in range(first, math.floor(self.high / step) + 1)]


def write_curves(log: Path, picture: Path, title: str) -> None:
    """Draw the log of a run; nothing is written while it has no row.

    Parameters
    ----------
    log : Path
        As :func:`napari_udt.training.progress.append_row` writes it.
    picture : Path
        An ``.svg``; replaced whole.
    title : str
        Heading of the picture.
    """
    panels = curves_of(read_log(log))
    if not panels:
        return
    rows = -(-len(panels) // _COLUMNS)
    root = _root(_COLUMNS * _WIDTH, _HEADING + rows * _HEIGHT)
    _words(root, 12, 22, title, size=15)
    _legend(root)
    for index, (kind, lines) in enumerate(panels.items()):
        row, column = divmod(index, _COLUMNS)
        place = f"translate({column * _WIDTH},{_HEADING + row * _HEIGHT})"
        _panel(ElementTree.SubElement(root, "g", transform=place), kind.replace("_", " "), lines)
    with whole_or_nothing(picture) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def curves_of(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, list[Point]]]:
    """Points (step, value) of each kind of loss and domain, values that are not finite left out."""
    panels: dict[str, dict[str, list[Point]]] = {}
    for row in rows:
        for name, value in row.items():
            kind, _, domain = name.rpartition("_")
            if domain in COLOURS and math.isfinite(value):
                panels.setdefault(kind, {}).setdefault(domain, []).append((row["step"], value))
    return panels


def _panel(group: ElementTree.Element, name: str, lines: dict[str, list[Point]]) -> None:
    steps = [step for line in lines.values() for step, _ in line]
    across = Axis(0.0, max(steps), _LEFT, _WIDTH - _RIGHT)
    up = value_axis([value for line in lines.values() for _, value in line])
    _words(group, _LEFT, _TOP - 8, f"{name} (logarithmic)" if up.logarithmic else name)
    for tick in up.ticks():
        _line(group, [(across.start, up(tick)), (across.end, up(tick))], "#e0e0e0", 1)
        _words(group, _LEFT - 6, up(tick) + 4, f"{tick:.4g}", anchor="end", size=10)
    for tick in across.ticks():
        _words(group, across(tick), _HEIGHT - _BOTTOM + 16, f"{tick:.6g}", anchor="middle", size=10)
    _words(group, across.end, _HEIGHT - 4, "step", anchor="end", size=10)
    for domain, line in lines.items():
        _line(group, [(across(step), up(value)) for step, value in line], COLOURS[domain], 1.8)


def value_axis(values: Sequence[float]) -> Axis:
    """Axis of a panel with some room at both ends; logarithmic where values span much and are positive."""
    low, high = min(values), max(values)
    start, end = _HEIGHT - _BOTTOM, _TOP
    if low > 0 and high / low > _LOGARITHMIC_FROM:
        return Axis(low / 1.2, high * 1.2, start, end, logarithmic=True)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return Axis(low - room, high + room, start, end)


def _root(width: float, height: float) -> ElementTree.Element:
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{width}",
            "height": f"{height}",
            "viewBox": f"0 0 {width} {height}",
            "font-family": "sans-serif",
            "fill": "#202020",
        },
    )
    ElementTree.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    return root


def _legend(root: ElementTree.Element) -> None:
    for index, (domain, colour) in enumerate(COLOURS.items()):
        x = 12 + 130 * index
        _line(root, [(x, 40), (x + 24, 40)], colour, 3)
        _words(root, x + 30, 44, domain)


def _words(
    parent: ElementTree.Element, x: float, y: float, text: str, *, anchor: str = "start", size: int = 12
) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": f"{size}"}
    ElementTree.SubElement(parent, "text", place).text = text


def _line(parent: ElementTree.Element, points: Sequence[Point], colour: str, width: float) -> None:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    style = {"fill": "none", "stroke": colour, "stroke-width": f"{width}", "stroke-linejoin": "round"}
    ElementTree.SubElement(parent, "polyline", {"points": path, **style})
