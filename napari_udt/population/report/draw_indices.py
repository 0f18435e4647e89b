"""The picture of functional indices: before and after a transfer, over how much the reference's subjects differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_udt.population.functional import OUTCOME_COLOURS, FunctionalIndices, IndexMove
from napari_udt.population.report.document import Drawing
from napari_udt.population.report.drawing import GRID, INK, PAPER, panels

_COLUMNS = 3
_ROW_HEIGHT, _PANEL_HEIGHT, _WIDTH = 0.2, 0.75, 11.0  # inches


def indices_drawing(found: FunctionalIndices) -> Drawing | None:
    """Return a panel for each index that a transfer can have moved; None where there is none."""
    shown = [(index, found.moves(index)) for index in found.indices]
    if not shown:
        return None

    def draw(canvas: Any) -> None:
        for axis, (index, moves) in zip(panels(canvas, len(shown), _COLUMNS), shown, strict=True):
            unit = f" [{moves[0].unit}]" if moves[0].unit else ""
            _draw_index(axis, f"{index.title}{unit}", moves)

    most = max(len(moves) for _, moves in shown)
    rows = -(-len(shown) // _COLUMNS)
    caption = (
        "Open: before the transfer; filled: after it, blue where it moved by more than one standard deviation of the reference's subjects and nearer "
        "to the reference, red where away from it, grey where by less or nobody can tell. Bars: reference, mean and standard deviation over subjects."
    )
    size = (_WIDTH, rows * (_PANEL_HEIGHT + _ROW_HEIGHT * most))
    return Drawing("functional-indices", caption, size, draw)


def _draw_index(axis: Any, title: str, moves: list[IndexMove]) -> None:
    several = len({move.group for move in moves}) > 1
    for place, move in enumerate(moves):
        if np.isfinite(move.reference):
            wide = float(np.nan_to_num(move.spread))
            axis.barh(place, 2 * wide, left=move.reference - wide, height=0.74, color=GRID)
            axis.plot([move.reference] * 2, [place - 0.37, place + 0.37], color=INK, linewidth=0.8)
        axis.plot([move.before, move.after], [place, place], color=INK, linewidth=0.8)
        axis.plot([move.before], [place], "o", color=INK, markerfacecolor=PAPER, markersize=5)
        axis.plot([move.after], [place], "o", color=OUTCOME_COLOURS[move.outcome], markersize=5)
    names = [f"{m.structure} · {m.group}" if several else m.structure for m in moves]
    axis.set_yticks(range(len(moves)), [name.replace("_", " ") for name in names])
    axis.set_ylim(len(moves) - 0.5, -0.5)
    axis.set_title(title)
    axis.grid(visible=False, axis="y")
