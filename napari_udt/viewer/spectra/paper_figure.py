"""A figure of curves for a paper: white, of a size in millimetres, as plain SVG whose unit is the point. No Qt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from napari_udt.errors import CubeError
from napari_udt.viewer.spectra.curves import Curve, Floats
from napari_udt.viewer.style import readable

_PAPER, _INK, _GRID = "#ffffff", "#000000", "#d0d0d0"
_POINTS_PER_MM = 72 / 25.4
_FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
_LEAST_PLOT = 0.4  # of the height: a legend that leaves less is refused
_LINE, _SAMPLE, _GAP = 1.3, 2.4, 0.5  # height of a line of the legend, its sample, a gap: in font sizes
_LETTER = 0.52  # mean width of a letter, in font sizes
_DOTS, _BAND = 8, 0.18
_LEGEND_SIZES = (1.0, 0.9, 0.8)  # of the letters: smaller ones where whole names need it
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class FigureOptions:
    """How a figure for a paper looks.

    Parameters
    ----------
    width_mm, height_mm : float
        Of the whole figure; 85 mm is one column of most journals.
    font_pt, line_pt : float
        Size of letters and width of curves, in points.
    legend : bool
        Whether the curves are named below the plot.
    """

    width_mm: float = 85.0
    height_mm: float = 70.0
    font_pt: float = 8.0
    line_pt: float = 1.2
    legend: bool = True


@dataclass(frozen=True)
class _Frame:
    """The plot's axes on the page, in points, and what they show."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, values: Floats) -> Floats:
        return self.left + (values - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left)

    def down(self, values: Floats) -> Floats:
        return self.bottom - (values - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.top)


def figure_svg(
    curves: Sequence[Curve],
    titles: Sequence[str],
    quantity: str,
    options: FigureOptions,
    band: str = "",
    across: str = "Wavelength [nm]",
) -> str:
    """Return a figure of curves with their bands as SVG.

    Parameters
    ----------
    curves : sequence of Curve
        At least one.
    titles : sequence of str
        Their names in the legend, broken into lines where they are long.
    quantity : str
        Title of the vertical axis, with the unit.
    options : FigureOptions
    band : str, optional
        What the bands show, in a last line of the legend; only where a curve has one.
    across : str, optional
        Title of the horizontal axis, with the unit.

    Raises
    ------
    CubeError
        When there is nothing to draw, or the legend leaves no room for the plot.
    """
    if not any(np.isfinite(curve.values).any() for curve in curves):
        raise CubeError("There is no curve to draw; show one first.")
    width, height = options.width_mm * _POINTS_PER_MM, options.height_mm * _POINTS_PER_MM
    font = options.font_pt
    banded = any(curve.lower is not None and curve.upper is not None for curve in curves)
    names = [*titles, band] if band and banded else list(titles)
    legend = _fitting(names, options)
    below = legend.height + _GAP * font if options.legend else 0.0
    if height - below < _LEAST_PLOT * height:
        needed = below / (1 - _LEAST_PLOT) / _POINTS_PER_MM
        raise CubeError(
            f"The legend of {len(curves)} curves needs a figure {needed:.0f} mm high, not {options.height_mm:g} mm; make it "
            "higher, choose fewer curves, or leave the legend out."
        )
    y_range = _y_range(curves)
    labels = max(map(len, _written(_ticks(*y_range))))
    top, bottom = 0.6 * font, height - below - 3.2 * font
    title = _broken(quantity[:1].upper() + quantity[1:], (bottom - top) / font)
    frame = _Frame(
        left=(labels * _LETTER + 1.3 + _LINE * len(title)) * font,
        top=top,
        right=width - 1.5 * font,  # the last number stands half beyond it
        bottom=bottom,
        x=_x_range(curves),
        y=y_range,
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{options.width_mm:g}mm" height="{options.height_mm:g}mm" '
        f'viewBox="0 0 {width:.2f} {height:.2f}" font-family={quoteattr(_FONTS)} font-size="{font:g}">',
        f'<rect width="{width:.2f}" height="{height:.2f}" fill="{_PAPER}"/>',
        *_axes(frame, title, across, font),
        *(part for curve in curves for part in _band(frame, curve)),
        *(part for curve in curves for part in _curve(frame, curve, options.line_pt)),
    ]
    if options.legend:
        parts += _legend(curves, legend, height - below + _GAP * font, options)
    return "\n".join([*parts, "</svg>", ""])


def _axes(frame: _Frame, title: Sequence[str], across: str, font: float) -> Iterator[str]:
    for tick, written in zip(ticks := _ticks(*frame.x), _written(ticks), strict=True):
        x = float(frame.across(np.array(tick)))
        yield _line(x, frame.top, x, frame.bottom, _GRID, 0.4)
        yield _line(x, frame.bottom, x, frame.bottom + 0.35 * font, _INK, 0.6)
        yield _text(x, frame.bottom + 1.4 * font, written, "middle")
    for tick, written in zip(ticks := _ticks(*frame.y), _written(ticks), strict=True):
        y = float(frame.down(np.array(tick)))
        yield _line(frame.left, y, frame.right, y, _GRID, 0.4)
        yield _line(frame.left - 0.35 * font, y, frame.left, y, _INK, 0.6)
        yield _text(frame.left - 0.6 * font, y + 0.35 * font, written, "end")
    yield _line(frame.left, frame.top, frame.left, frame.bottom, _INK, 0.6)
    yield _line(frame.left, frame.bottom, frame.right, frame.bottom, _INK, 0.6)
    yield _text((frame.left + frame.right) / 2, frame.bottom + 2.7 * font, across, "middle")
    y = (frame.top + frame.bottom) / 2
    for number, line in enumerate(title):
        x = (1.1 + _LINE * number) * font
        yield _text(x, y, line, "middle", f' transform="rotate(-90 {x:.2f} {y:.2f})"')


def _broken(title: str, room: float) -> list[str]:
    """Return a title in as many lines as it needs to be no longer than some font sizes; words stay whole."""
    lines: list[str] = []
    for word in title.split():
        if lines and (len(lines[-1]) + 1 + len(word)) * _LETTER <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _band(frame: _Frame, curve: Curve) -> Iterator[str]:
    if curve.lower is None or curve.upper is None:
        return
    known = np.isfinite(curve.lower) & np.isfinite(curve.upper)
    if not known.any():
        return
    nm = curve.wavelengths_nm[known]
    x, y = np.r_[nm, nm[::-1]], np.r_[curve.lower[known], curve.upper[known][::-1]]
    yield f'<polygon points="{_points(frame, x, y)}" fill="{_colour(curve)}" fill-opacity="{_BAND}" stroke="none"/>'


def _curve(frame: _Frame, curve: Curve, width: float) -> Iterator[str]:
    known = np.isfinite(curve.values)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False]))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        points = _points(frame, curve.wavelengths_nm[start:stop], curve.values[start:stop])
        yield f'<polyline points="{points}" fill="none" {_pen(curve, width)} stroke-linejoin="round"/>'
    if curve.mark is not None:
        chosen = np.flatnonzero(known)
        chosen = (
            chosen[np.unique(np.linspace(0, len(chosen) - 1, _DOTS).astype(int))] if len(chosen) else chosen
        )
        for x, y in zip(
            frame.across(curve.wavelengths_nm[chosen]), frame.down(curve.values[chosen]), strict=True
        ):
            yield _dot(float(x), float(y), curve, width)


@dataclass(frozen=True)
class _Legend:
    """Names in lines, and the size of their letters in points."""

    names: Sequence[Sequence[str]]
    font: float

    @property
    def height(self) -> float:
        return sum(map(len, self.names)) * _LINE * self.font


def _fitting(titles: Sequence[str], options: FigureOptions) -> _Legend:
    """Break names into lines, with smaller letters where they would take too much; cut them where even that does."""
    most = (1 - _LEAST_PLOT) * options.height_mm * _POINTS_PER_MM - _GAP * options.font_pt
    for size in _LEGEND_SIZES:
        font = size * options.font_pt
        names = [textwrap.wrap(title, _room(options, font)) or [""] for title in titles]
        if (legend := _Legend(names, font)).height <= most:
            return legend
    room = _room(options, options.font_pt)
    cut = [title if len(title) <= room else f"{title[: room - 1]}…" for title in titles]
    return _Legend([[title] for title in cut], options.font_pt)


def _room(options: FigureOptions, font: float) -> int:
    """Return how many letters a line of the legend holds."""
    return max(int((options.width_mm * _POINTS_PER_MM - (_SAMPLE + 2.5) * font) / (_LETTER * font)), 2)


def _legend(curves: Sequence[Curve], legend: _Legend, top: float, options: FigureOptions) -> Iterator[str]:
    font = legend.font
    left, right = font, (1 + _SAMPLE) * font
    size = "" if font == options.font_pt else f' font-size="{font:g}"'
    for number, lines in enumerate(legend.names):
        y = top + 0.5 * _LINE * font
        top += len(lines) * _LINE * font
        if number < len(curves):
            curve = curves[number]
            yield f'<line x1="{left:.2f}" y1="{y:.2f}" x2="{right:.2f}" y2="{y:.2f}" {_pen(curve, options.line_pt)}/>'
            if curve.mark is not None:
                yield _dot((left + right) / 2, y, curve, options.line_pt)
        else:
            yield (
                f'<rect x="{left:.2f}" y="{y - 0.4 * font:.2f}" width="{right - left:.2f}" height="{0.8 * font:.2f}" '
                f'fill="{_INK}" fill-opacity="{_BAND}"/>'
            )
        for place, line in enumerate(lines):
            yield _text(right + 0.6 * font, y + (0.35 + place * _LINE) * font, line, "start", size)


def _x_range(curves: Sequence[Curve]) -> tuple[float, float]:
    low = min(float(curve.wavelengths_nm[0]) for curve in curves)
    high = max(float(curve.wavelengths_nm[-1]) for curve in curves)
    return (low, high) if high > low else (low - 1, high + 1)


def _y_range(curves: Sequence[Curve]) -> tuple[float, float]:
    parts = [
        part for curve in curves for part in (curve.values, curve.lower, curve.upper) if part is not None
    ]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers within a range."""
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(s for s in _STEPS if s * power >= rough * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _written(ticks: Sequence[float]) -> list[str]:
    """Return numbers with equally many decimals, and with a minus sign."""
    texts = [f"{tick:.6g}" for tick in ticks]
    if not any("e" in text for text in texts):
        decimals = max(len(text.partition(".")[2]) for text in texts)
        texts = [f"{tick:.{decimals}f}" for tick in ticks]
    return [text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text for text in texts]


def _colour(curve: Curve) -> str:
    return readable(curve.style.colour, _PAPER)


def _pen(curve: Curve, width: float) -> str:
    dashes = " ".join(f"{length * width:.3g}" for length in curve.style.dash)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'stroke="{_colour(curve)}" stroke-width="{width:g}"{dashed}'


def _dot(x: float, y: float, curve: Curve, width: float) -> str:
    fill = curve.mark.colour if curve.mark is not None else _INK
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{1.6 * width:.3g}" fill="{fill}" stroke="{_PAPER}" stroke-width="0.3"/>'


def _points(frame: _Frame, x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.2f},{b:.2f}" for a, b in zip(frame.across(x), frame.down(y), strict=True))


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" fill="{_INK}"{more}>{escape(text)}</text>'
