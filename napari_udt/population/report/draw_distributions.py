"""Drawings of distributions: Fig. 5 with its curve, and oxygen saturation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_udt.population.components import Components, Projection
from napari_udt.population.differences import Difference, Differences
from napari_udt.population.oxygenation import Oxygenations, Saturations
from napari_udt.population.report.document import Drawing, slug
from napari_udt.population.report.drawing import INK, Palette, grid_shape, panels

_SHARES = (0.95, 0.75, 0.5, 0.25)
_HALF_VIOLIN = 0.38


def structure_drawing(
    components: Components | None, differences: Differences | None, palette: Palette
) -> Drawing:
    """Fig. 5 of one structure: principal components, violins of median differences, and the same over wavelength."""
    known = components or differences
    assert known is not None

    def draw(canvas: Any) -> None:
        grid = canvas.add_gridspec(5, 3, width_ratios=(1.15, 1, 1.25), height_ratios=(1, 1, 1, 1, 1))
        if components:
            _draw_components(canvas, grid, components, palette)
        if differences:
            _draw_violins(canvas.add_subplot(grid[:, 1]), differences, palette)
            _draw_curves(canvas.add_subplot(grid[:, 2]), differences, palette)
        groups = [p.group for p in components.projections] if components else []
        if not groups and differences:
            groups = [differences.reference, *(d.group for d in differences.differences)]
        palette.legend(canvas, groups)

    notes = dict.fromkeys(note for part in (components, differences) if part for note in part.notes)
    caption = " ".join(["Fig. 5 of the paper.", *_statements(components, differences), *notes])
    return Drawing(f"structure-{slug(known.structure)}", caption, (11.0, 3.0), draw)


def _statements(components: Components | None, differences: Differences | None) -> list[str]:
    """Both statements; the second without the name of the structure, which the first has said."""
    second = differences.statement if differences else ""
    if components and differences:
        second = f"Right: {second.removeprefix(f'{differences.structure}: ')}"
    return [text for text in (components.statement if components else "", second) if text]


def _draw_components(canvas: Any, grid: Any, data: Components, palette: Palette) -> None:
    inner = grid[:, 0].subgridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 4), hspace=0.02, wspace=0.02)
    joint = canvas.add_subplot(inner[1, 0])
    top = canvas.add_subplot(inner[0, 0], sharex=joint)
    right = canvas.add_subplot(inner[1, 1], sharey=joint)
    for projection in data.projections:
        _draw_projection(joint, projection, palette)
        colour = palette.colour(projection.group)
        for axis, along, upright in ((top, 0, False), (right, 1, True)):
            found = projection.marginals[along]
            if found is None:
                continue
            values, at = (found.values / found.values.max(), found.at)
            fill = axis.fill_betweenx if upright else axis.fill_between
            fill(at, values, color=colour, alpha=0.25, linewidth=0)
    for axis in (top, right):
        axis.axis("off")
    top.set_title(data.structure, loc="left")
    joint.set_xlabel(data.axis_labels[0])
    joint.set_ylabel(data.axis_labels[1])
    joint.tick_params(labelsize=7.5)


def _draw_projection(axis: Any, projection: Projection, palette: Palette) -> None:
    colour = palette.colour(projection.group)
    if projection.joint is None:
        axis.scatter(*projection.scores.T, s=4, color=colour, linewidths=0)
        return
    for number, share in enumerate(_SHARES):
        for line in projection.joint.contours(share):
            axis.fill(*line.T, facecolor=colour, alpha=0.12, linewidth=0)
            axis.plot(*line.T, color=colour, linewidth=0.5 + 0.25 * number)


def _draw_violins(axis: Any, data: Differences, palette: Palette) -> None:
    for place, found in enumerate(data.differences):
        _draw_violin(axis, place, found, palette.colour(found.group))
    axis.set_xticks(range(len(data.differences)), [palette.short(d.group) for d in data.differences])
    axis.set_xlim(-0.6, len(data.differences) - 0.4)
    axis.set_ylabel("|difference of medians|")
    axis.set_ylim(bottom=0)
    axis.grid(axis="x", visible=False)
    axis.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)


def _draw_violin(axis: Any, place: int, found: Difference, colour: str) -> None:
    half = _HALF_VIOLIN
    if found.outline is not None:
        width = half * found.outline.values / found.outline.values.max()
        axis.fill_betweenx(
            found.outline.at, place - width, place + width, color=colour, alpha=0.2, linewidth=0
        )
    axis.plot([place] * len(found.values), found.values, "o", markersize=2, color=colour, alpha=0.6, mew=0)
    axis.hlines(found.mean, place - half, place + half, colors=colour, linestyles="--", linewidth=1.6)


def _draw_curves(axis: Any, data: Differences, palette: Palette) -> None:
    for found in data.differences:
        axis.plot(data.wavelengths_nm, found.values, **palette.line(found.group))
    axis.set_xlabel("Wavelength [nm]")
    axis.set_ylim(bottom=0)
    axis.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)


def oxygenation_drawing(found: Sequence[Oxygenations], palette: Palette) -> Drawing:
    """Distributions of oxygen saturation, one panel per structure; what was simulated dotted."""

    def draw(canvas: Any) -> None:
        axes = panels(canvas, len(found), 5, sharex=True)
        for axis, data in zip(axes, found, strict=True):
            for saturations in data.groups:
                _draw_saturations(axis, saturations, palette)
            axis.set_title(data.structure)
            axis.set_yticks([])
            axis.set_ylim(bottom=0)
            axis.set_xlim(0, 1)
        canvas.supxlabel("Oxygen saturation, estimated by linear unmixing [1]", fontsize=9)
        groups = {s.group.name: s.group for data in found for s in data.groups}
        known = {"as it was simulated": {"color": INK, "linestyle": ":", "linewidth": 1.2}}
        some = any(s.known_density is not None for data in found for s in data.groups)
        palette.legend(canvas, list(groups.values()), known if some else None)

    notes = dict.fromkeys(note for data in found for note in data.notes)
    caption = (
        "Oxygen saturation estimated by linear unmixing: for the eye, not a measurement; what counts is whether a transfer "
        "moves it. Dotted: as it was simulated."
    )
    rows, _ = grid_shape(len(found), 5)
    return Drawing("oxygenation", " ".join([caption, *notes]), (11.0, 0.8 + 1.8 * rows), draw)


def _draw_saturations(axis: Any, found: Saturations, palette: Palette) -> None:
    if found.density is not None:
        axis.plot(found.density.at, found.density.values, **palette.line(found.group))
    if found.known_density is not None:
        dotted = palette.line(found.group, linestyle=":", linewidth=1.2)
        axis.plot(found.known_density.at, found.known_density.values, **dotted)
