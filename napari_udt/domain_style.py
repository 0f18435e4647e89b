"""Colours and dashes of domains, fixed everywhere: in the viewer, in figures, in reports. No Qt."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

from napari_udt.cube import SpectralCube


@dataclass(frozen=True)
class LineStyle:
    """Appearance of the curves of a domain.

    Parameters
    ----------
    colour : str
        Hex, as in the paper's figures; the plot passes it through :func:`readable`.
    dash : tuple of float
        Lengths of dashes and gaps in line widths; empty for a solid line.
    word : str
        One word for tight places.
    """

    colour: str
    dash: tuple[float, ...]
    word: str


_MIDDLE_GREY = 0.18  # luminance, as photographers use it: halfway between black and white to the eye

# Line styles differ as well as colours: they survive a black-and-white print and a colour-blind eye.
REAL = LineStyle("#4363d8", (), "real")
SIMULATED = LineStyle("#911eb4", (5.0, 3.0), "simulated")
OTHER = LineStyle("#808080", (1.0, 2.0), "other")
METHODS: Mapping[str, LineStyle] = {
    "cinn": LineStyle("#00CC96", (), "cINN"),
    "unit": LineStyle("#e6194B", (8.0, 3.0, 1.5, 3.0), "UNIT"),
    "cyclegan": LineStyle("#f58231", (3.0, 2.0, 1.0, 2.0, 1.0, 2.0), "CycleGAN"),
    "baseline": LineStyle("#bfef45", (10.0, 2.0), "baseline"),
}


def line_style(role: str, cube: SpectralCube) -> LineStyle:
    """Return the style of a cube's curves: of its role; transferred ones of their method, cINN if unknown."""
    match role:
        case "real":
            return REAL
        case "simulated":
            return SIMULATED
        case "transferred":
            return METHODS.get(method(cube), METHODS["cinn"])
    return OTHER


def method(cube: SpectralCube) -> str:
    """Return the kind of model that transferred a cube ("cinn", "unit", ...); "" where its provenance is silent."""
    model = cube.provenance.get("model")
    kind = model.get("kind") if isinstance(model, Mapping) else None
    return str(kind or "").casefold()


def method_title(cube: SpectralCube) -> str:
    """Return the method that transferred a cube as people write it ("cINN", "moments baseline"); "" where unknown."""
    kind = method(cube)
    if kind == "baseline":
        which = str(cube.provenance["model"].get("name", "")).removeprefix("baseline:")
        return f"{which} baseline".strip()
    return METHODS[kind].word if kind in METHODS else kind


def readable(colour: str, background: str, contrast: float = 3.0) -> str:
    """Return the colour, made lighter or darker until it can be seen on ``background``; its hue stays.

    Parameters
    ----------
    colour, background : str
        Hex.
    contrast : float
        Ratio to reach; 3 is what WCAG 2.1, criterion 1.4.11, requires of graphical objects.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    step = -0.01 if is_light(background) else 0.01
    while contrast_ratio(colour, background) < contrast and 0 < lightness + step < 1:
        lightness += step
        colour = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    return colour


def is_light(colour: str) -> bool:
    """Whether a colour (hex) is nearer to white than to black, to the eye."""
    return _luminance(colour) > _MIDDLE_GREY


def contrast_ratio(a: str, b: str) -> float:
    """Contrast of two colours, 1-21 (WCAG 2.1, "contrast ratio")."""
    darker, lighter = sorted((_luminance(a), _luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)
