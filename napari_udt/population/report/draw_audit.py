"""The pictures of an audit of labels: maps of flips, and how much each class grew or shrank."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_udt.population.label_audit import LabelAudit
from napari_udt.population.report.document import Drawing
from napari_udt.population.report.drawing import INK, grid_shape, panels

_WIDTH, _PANEL_HEIGHT, _ROW_HEIGHT = 11.0, 2.6, 0.22  # inches
_COLUMNS = 3
_FEWEST = 1e-2  # that the axis of growth shows
_COLOURS = "tab20"


def audit_drawings(audit: LabelAudit) -> tuple[Drawing, ...]:
    """Return the growth of each class in each group, and the maps of flips where there are pictures."""
    growth = Drawing(
        "label-growth",
        "Pixels that the classifier takes for a class over pixels that bear its label; the line is 1, where it neither grew nor shrank.",
        (_WIDTH, 1.0 + _ROW_HEIGHT * len(audit.classes)),
        lambda canvas: _draw_growth(canvas, audit),
    )
    if not audit.flips:
        return (growth,)
    rows, _ = grid_shape(len(audit.flips), _COLUMNS)
    maps = Drawing(
        "label-flips",
        "What pixels are taken for where that is not their label; white where the label stands, or is none of the classes.",
        (_WIDTH, 0.6 + _PANEL_HEIGHT * rows),
        lambda canvas: _draw_flips(canvas, audit),
    )
    return growth, maps


def _draw_growth(canvas: Any, audit: LabelAudit) -> None:
    groups = list(dict.fromkeys(row.group for row in audit.rows))
    for axis, group in zip(panels(canvas, len(groups), _COLUMNS), groups, strict=True):
        rows = [row for row in audit.rows if row.group == group]
        values = [max(row.growth, _FEWEST) for row in rows]
        axis.barh(range(len(rows)), np.array(values) - 1, left=1, color="#8a8f98", height=0.7)
        axis.set_xscale("log")
        axis.axvline(1, color=INK, linewidth=0.8)
        axis.set_yticks(range(len(rows)), [row.structure.replace("_", " ") for row in rows])
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.set_xlabel("Growth [1]")
        axis.set_title(group)
        axis.grid(visible=False, axis="y")


def _draw_flips(canvas: Any, audit: LabelAudit) -> None:
    import matplotlib
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    some = matplotlib.colormaps[_COLOURS]
    colours = [some(place % some.N) for place in range(len(audit.classes))]
    for axis, (group, flips) in zip(
        panels(canvas, len(audit.flips), _COLUMNS), audit.flips.items(), strict=True
    ):
        shown = np.ma.masked_less(flips, 0)
        axis.imshow(
            shown,
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=len(colours) - 0.5,
            interpolation="nearest",
        )
        axis.set_title(group)
        axis.set_axis_off()
    seen = sorted({int(label) for flips in audit.flips.values() for label in np.unique(flips) if label >= 0})
    names = [Patch(color=colours[label], label=audit.classes[label].replace("_", " ")) for label in seen]
    if names:
        canvas.legend(handles=names, loc="outside lower center", ncols=min(len(names), 8))
