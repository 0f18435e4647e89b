"""Appearance of groups in figures: colours, dashes and names in legends. No Qt."""

from __future__ import annotations

import colorsys
from collections import Counter
from dataclasses import dataclass, replace

from napari_udt.cube import ORIGINS
from napari_udt.domain_style import METHODS, OTHER, REAL, SIMULATED, LineStyle, line_style, method_title
from napari_udt.population.groups import Group, Population

_LIGHTER = (0.0, 0.18, -0.14, 0.3)  # lightness added to the first, second, ... group of one style


@dataclass(frozen=True)
class GroupAppearance:
    """Colour, dashes and names of one group.

    Parameters
    ----------
    style : LineStyle
    short : str
        For the legend on the screen.
    title : str
        What it is, where it comes from, and which cube.
    """

    style: LineStyle
    short: str
    title: str


def appearances(population: Population) -> dict[str, GroupAppearance]:
    """Return the appearance of each group by its name; groups of one style differ in lightness, of one title in their name."""
    shorts = Counter(_short(group) for group in population.groups)
    seen: Counter[LineStyle] = Counter()
    found = {}
    for group in population.groups:
        style, short = _style(group), _short(group)
        turn = _LIGHTER[min(seen[style], len(_LIGHTER) - 1)]
        seen[style] += 1
        found[group.name] = GroupAppearance(
            replace(style, colour=_lighter(style.colour, turn)),
            f"{short}: {group.name}" if shorts[short] > 1 else short,
            f"{_what(group)}: {group.name}",
        )
    return found


def _style(group: Group) -> LineStyle:
    if group.cube is not None:
        return line_style(group.part, group.cube)
    return {"simulated": SIMULATED, "real": REAL, "transferred": METHODS["cinn"]}.get(group.part, OTHER)


def _short(group: Group) -> str:
    if group.part == "transferred":
        return (method_title(group.cube) if group.cube is not None else "") or group.model or group.origin
    if _is_target(group):
        return f"target: {group.origin}"
    return ORIGINS[group.cube.domain] if group.cube is not None else group.origin


def _what(group: Group) -> str:
    short = _short(group)
    if group.part == "transferred":
        return f"transferred by {short}" + (f" ({group.model})" if group.model not in ("", short) else "")
    if _is_target(group):
        return f"target ({group.origin})"
    return short if group.origin == short else f"{short}, {group.origin}"


def _is_target(group: Group) -> bool:
    """Whether a group takes the part of real data, but states another origin than a measurement."""
    return group.part == "real" and group.origin not in (ORIGINS["real"], ORIGINS["second"])


def _lighter(colour: str, by: float) -> str:
    if not by:
        return colour
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    rgb = colorsys.hls_to_rgb(hue, min(max(lightness + by, 0.15), 0.85), saturation)
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)
