"""The plot of a verdict: for each structure a dumbbell from before to after the transfer, over the reference's own spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.population.appearance import GroupAppearance
from napari_udt.population.verdict import Row
from napari_udt.population.verdict_change import Change, Kind, Outcome
from napari_udt.population.verdict_text import MARKS, change_text, pair_text, plain, unit_of
from napari_udt.viewer.style import Theme, readable

_ROW_HEIGHT, _HIGHEST_ROW = 26, 44  # pixels
_BAR_HEIGHT = 0.74  # of a row
_BAR_OPACITY = 75  # of 255
# Blue and vermilion differ to every eye (Okabe and Ito, 2008); the marks differ as well.
COLOURS: Mapping[Outcome, str] = {
    "closer": "#0072B2",
    "further away": "#D55E00",
    "no clear change": "#8a8f98",
    "too few pixels to tell": "#8a8f98",
    "not compared": "#8a8f98",
}
_LEFT, _RIGHT, _SQUARE = "t3", "t2", "s"  # pyqtgraph's names of marks
_COARSE_LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_FINE_LEVELS = (0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 2, 2.5)
_AXES: Mapping[Kind, str] = {
    "angle": "Spectral angle to the reference [{unit}]",
    "level": "Level [{unit}]",
    "rmse": "RMSE to the reference [{unit}]",
}
KEY = "○ before   ◀ ▶ after, in the direction of the change   ■ after, no clear change   ▒ own spread of the reference"
_BELOW = 48  # pixels that the axis takes below the rows
_SIZE = 12  # pixels of a mark


@dataclass(frozen=True)
class Dumbbell:
    """One line of the plot: its name at the left, and the change."""

    name: str
    change: Change

    @property
    def text(self) -> str:
        """Numbers and outcome, at the right."""
        return f"{pair_text(self.change)}  {MARKS[self.change.outcome]}".strip()

    @property
    def tool_tip(self) -> str:
        """The change beside the reference's own spread."""
        return f"{self.name}: {change_text(self.change)}"


def dumbbells(rows: Sequence[Row], kind: Kind, appearances: Mapping[str, GroupAppearance]) -> list[Dumbbell]:
    """Return the lines of some rows; each names its model where there are several."""
    several = len({row.group.name for row in rows}) > 1
    return [
        Dumbbell(
            f"{plain(row.structure)} · {appearances[row.group.name].short}"
            if several
            else plain(row.structure),
            row.changes[kind],
        )
        for row in rows
    ]


def fit_height(canvas: QWidget, rows: int) -> None:
    """Let a canvas be as high as so many lines need, at least and at most."""
    canvas.setMinimumHeight(_ROW_HEIGHT * rows + _BELOW)
    canvas.setMaximumHeight(_HIGHEST_ROW * max(rows, 1) + _BELOW)


class DumbbellItems:
    """Bars of the spread, lines from before to after, rings before and marks after, in one item each."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        plot.invertY(True)
        plot.showGrid(x=True, y=False, alpha=0.15)
        self._zero = pg.InfiniteLine(angle=90)
        self._bars = pg.BarGraphItem(x0=[0], x1=[0], y=[0], height=_BAR_HEIGHT)
        self._lines = {outcome: pg.PlotCurveItem(connect="pairs") for outcome in COLOURS}
        self._before = pg.ScatterPlotItem(size=_SIZE, symbol="o")
        self._after = pg.ScatterPlotItem(size=_SIZE + 2)
        for height, item in enumerate(
            (self._bars, self._zero, *self._lines.values(), self._before, self._after)
        ):
            item.setZValue(height)
            plot.addItem(item)
        plot.showAxis("right")
        self._shown: Sequence[Dumbbell] = ()
        plot.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def show(self, lines: Sequence[Dumbbell], kind: Kind, quantity: str, theme: Theme) -> None:
        """Draw these lines, from top to bottom; ``quantity`` is what the spectra are, with their unit."""
        self._plot.setLabel("bottom", _AXES[kind].format(unit=unit_of(kind, quantity)), color=theme.text)
        self._shown = lines
        places = np.arange(len(lines), dtype=float)
        before, after = (
            np.array([_place(kind, getattr(line.change, name)) for line in lines])
            for name in ("before", "after")
        )
        spread = np.nan_to_num(np.array([line.change.spread for line in lines]))
        fill = pg.mkColor(theme.grid)
        fill.setAlpha(_BAR_OPACITY)
        start = -spread if kind == "level" else np.zeros(len(lines))
        self._bars.setOpts(x0=start, x1=spread, y=places, height=_BAR_HEIGHT, brush=fill, pen=None)
        self._zero.setPen(theme.grid, width=1)
        self._draw_lines(lines, places, before, after, theme)
        self._draw_marks(lines, places, before, after, theme)
        self._fit(lines, kind, np.concatenate([before, after, spread, start]), theme)

    def _on_mouse_moved(self, position: QPointF) -> None:
        """Explain the row under the mouse, its name and numbers included, where a tool tip is asked for."""
        place = round(float(self._plot.getViewBox().mapSceneToView(position).y()))
        inside = 0 <= place < len(self._shown)
        self._plot.setToolTip(without_markup(self._shown[place].tool_tip) if inside else "")

    def _draw_lines(
        self,
        lines: Sequence[Dumbbell],
        places: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
        theme: Theme,
    ) -> None:
        outcomes = np.array([line.change.outcome for line in lines])
        known = np.isfinite(before) & np.isfinite(after)
        for outcome, item in self._lines.items():
            chosen = known & (outcomes == outcome)
            item.setPen(pg.mkPen(readable(COLOURS[outcome], theme.background), width=3))
            item.setData(
                np.column_stack([before[chosen], after[chosen]]).reshape(-1), np.repeat(places[chosen], 2)
            )

    def _draw_marks(
        self,
        lines: Sequence[Dumbbell],
        places: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
        theme: Theme,
    ) -> None:
        known = np.isfinite(before)
        ring = pg.mkPen(theme.text, width=2)
        self._before.setData(before[known], places[known], brush=theme.background, pen=ring)
        known = np.isfinite(after)
        shown = [line for line, is_known in zip(lines, known, strict=True) if is_known]
        self._after.setData(
            after[known],
            places[known],
            symbol=[_symbol(line.change) for line in shown],
            brush=[readable(COLOURS[line.change.outcome], theme.background) for line in shown],
            pen=pg.mkPen(theme.background, width=0.5),
        )

    def _fit(self, lines: Sequence[Dumbbell], kind: Kind, ends: np.ndarray, theme: Theme) -> None:
        left, right, bottom = (self._plot.getAxis(side) for side in ("left", "right", "bottom"))
        for axis, texts in ((left, [line.name for line in lines]), (right, [line.text for line in lines])):
            axis.setTicks([list(enumerate(texts))])
            axis.setPen(theme.grid)
            axis.setTextPen(theme.text)
            axis.setStyle(tickLength=0)
        known = ends[np.isfinite(ends)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        if kind == "level":
            levels = _FINE_LEVELS if high - low < np.log(3) else _COARSE_LEVELS
            inside = [level for level in levels if low - 0.1 <= np.log(level) <= high + 0.1]
            bottom.setTicks([[(float(np.log(level)), f"{level:g}") for level in inside]])
        else:
            bottom.setTicks(None)
            low = 0.0
        reach = max(high - low, 1e-9)
        self._plot.setXRange(low - 0.03 * reach, high + 0.05 * reach, padding=0)
        self._plot.setYRange(-0.7, max(len(lines), 1) - 0.3, padding=0)


def _place(kind: Kind, value: float) -> float:
    """Return where a value lies on the axis: levels on a logarithmic one, the reference at zero."""
    if kind != "level":
        return value
    return float(np.log(value)) if value > 0 else float("nan")


def _symbol(change: Change) -> str:
    """Return a triangle in the direction of the change, or a square where there is no clear one."""
    if change.outcome not in ("closer", "further away"):
        return _SQUARE
    return _LEFT if change.after < change.before else _RIGHT
