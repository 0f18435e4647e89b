"""Colours and line styles of domains, fixed everywhere; colours of the themes. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_udt.domain_style import METHODS as METHODS
from napari_udt.domain_style import OTHER as OTHER
from napari_udt.domain_style import REAL as REAL
from napari_udt.domain_style import SIMULATED as SIMULATED
from napari_udt.domain_style import LineStyle as LineStyle
from napari_udt.domain_style import contrast_ratio as contrast_ratio
from napari_udt.domain_style import is_light
from napari_udt.domain_style import line_style as line_style
from napari_udt.domain_style import method as method
from napari_udt.domain_style import method_title as method_title
from napari_udt.domain_style import model_style as model_style
from napari_udt.domain_style import model_title as model_title
from napari_udt.domain_style import readable as readable
from napari_udt.domain_style import varied as varied

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True)
class Theme:
    """Colours (hex) of everything in a plot that is not a curve."""

    background: str
    text: str
    grid: str
    accent: str


# Live transfer of one spectrum: never a layer, so never a solid line.
LIVE_DASH = (4.0, 2.0)
EXPLORED = LineStyle("#42d4f4", (1.0, 1.5), "explored")

CHROMOPHORE_COLOURS: Mapping[str, str] = {
    "HbO2": "#d62728",
    "Hb": "#3f6fd8",
    "water": "#17a2b8",
    "fat": "#d4a017",
    "melanin": "#8c564b",
}

THEMES: Mapping[ThemeName, Theme] = {
    "dark": Theme(background="#1d2025", text="#f0f1f2", grid="#8b939c", accent="#ffd34d"),
    "light": Theme(background="#ffffff", text="#3b3a39", grid="#8c8682", accent="#9a5b00"),
}


def theme(name: str) -> Theme:
    """Return the plot colours for one of napari's themes; unknown ones are taken for dark."""
    return THEMES["light" if "light" in name.casefold() else "dark"]


def theme_on(background: str) -> ThemeName:
    """Return the theme that fits a window of this colour (hex)."""
    return "light" if is_light(background) else "dark"
