"""SVG that programs other than Qt draw right: transformations are applied to the coordinates. No Qt.

Qt writes curves in their own coordinates under a transformation, with pens that it must not scale
(``vector-effect="non-scaling-stroke"``). librsvg, LibreOffice, Inkscape's older versions and most converters do not know that
attribute, and draw lines hundreds of units wide: solid blocks.
"""

from __future__ import annotations

import re

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_MATRIX = re.compile(r'\s*transform="matrix\(([^)]*)\)"')
_GROUP = re.compile(r"<g\b([^>]*)>([^<]*(?:<(?!g\b|/g>)[^<]*)*)</g>")
_PAIR = re.compile(rf"({_NUMBER})[\s,]+({_NUMBER})")
_POINTS = re.compile(r'\b(points|d)="([^"]*)"')
_NO_NUMBER = re.compile("nan|inf")
_RECT = re.compile(r"<rect\b([^>]*?)/?>")
_KEPT = ' vector-effect="non-scaling-stroke"'

Matrix = tuple[float, float, float, float, float, float]


def flat_svg(text: str) -> str:
    """Return a drawing of Qt's SVG generator in which no line depends on ``vector-effect``.

    Texts keep their transformations; groups with nothing in them are left out, and so are points that are nowhere or infinitely far.
    """
    finite = _POINTS.sub(_finite, text)
    return _GROUP.sub(_flat_group, finite).replace(' vector-effect="none"', "")


def _finite(found: re.Match[str]) -> str:
    """Return coordinates without points that are no numbers, as which Qt writes overflows; a line is broken there."""
    attribute, coordinates = found.groups()
    points = coordinates.split()
    if not any(map(_NO_NUMBER.search, points)):
        return found[0]
    kept: list[str] = []
    broken = "C" in coordinates  # curves of several points are left out as a whole
    for point in [] if broken else points:
        if _NO_NUMBER.search(point):
            broken = True
            continue
        kept.append(f"M{point[1:]}" if broken and point.startswith("L") else point)
        broken = False
    return f'{attribute}="{" ".join(kept)}"'


def _flat_group(found: re.Match[str]) -> str:
    head, inside = found.groups()
    if not inside.strip():
        return ""
    matrix = _MATRIX.search(head)
    if matrix is None or _KEPT not in inside or "<text" in inside:
        return found[0].replace(_KEPT, "") if matrix is None else found[0]
    a, b, c, d, e, f = (float(number) for number in matrix[1].split(","))
    inside = _RECT.sub(_as_path, inside)
    inside = _POINTS.sub(lambda m: f'{m[1]}="{_moved(m[2], (a, b, c, d, e, f))}"', inside)
    return f"<g{_MATRIX.sub('', head)}>{inside.replace(_KEPT, '')}</g>"


def _moved(coordinates: str, matrix: Matrix) -> str:
    a, b, c, d, e, f = matrix

    def moved(pair: re.Match[str]) -> str:
        x, y = float(pair[1]), float(pair[2])
        return f"{a * x + c * y + e:.6g},{b * x + d * y + f:.6g}"

    return _PAIR.sub(moved, coordinates)


def _as_path(found: re.Match[str]) -> str:
    """Return a rectangle as a path: rotated ones are none any more."""
    sides = {
        side: float(value) for side, value in re.findall(rf'\b(x|y|width|height)="({_NUMBER})"', found[1])
    }
    left, top = sides.get("x", 0.0), sides.get("y", 0.0)
    right, bottom = left + sides.get("width", 0.0), top + sides.get("height", 0.0)
    rest = re.sub(r'\s*\b(?:x|y|width|height|rx|ry)="[^"]*"', "", found[1])
    return f'<path{rest} d="M{left},{top} L{right},{top} L{right},{bottom} L{left},{bottom} Z"/>'
