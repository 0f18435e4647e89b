"""The tab "Indices": what transfers did to functional indices, beside how much the reference's subjects differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtWidgets import QWidget

from napari_udt.population.functional import OUTCOME_COLOURS, FunctionalIndices, IndexMove, functional
from napari_udt.population.groups import Population
from napari_udt.spectral.functional_indices import FunctionalIndex
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.population.widgets.figures.dumbbells import fit_height
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import combo_box, fill
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import Theme, readable

_KEY = (
    "○ before   ● after: blue moved by more than subjects differ, nearer to the reference; red the same, away from it; grey by less, or nobody "
    "can tell   ▒ reference, mean ± standard deviation over subjects"
)
_NOTHING = "No index can be compared: a simulated and a transferred cube with common structures are needed, and wavelengths for it."
_BAR_HEIGHT, _BAR_OPACITY, _SIZE = 0.74, 75, 12


class IndicesTab(FigureTab):
    """A line for each structure and model, from before to after the transfer, over the reference's subjects."""

    NAME = "indices"
    TITLE = "Indices"
    TIP = (
        "Whether a transfer moved oxygenation, haemoglobin, perfusion and water by more than subjects differ."
    )

    def make(self, body: QWidget) -> None:
        """Make the choice of the index, the key of the marks and the plot."""
        self._wanted = ""
        self._lines: list[IndexMove] = []
        self.index = combo_box("index", "Index", "Which one is drawn; the table has all of them.", body)
        self.index.activated.connect(self._on_index)
        key = wrapping_label("key", body)
        key.setText(_KEY)
        self.canvas = self.figure_view = FigureCanvas("Functional indices", scrolls=True, parent=body)
        self.canvas.hovered.connect(self._on_hovered)
        self.plot = self.canvas.make_plot("", " ", still=True)
        self.canvas.ci.addItem(self.plot, 0, 0)
        self.plot.invertY(True)
        self.plot.showGrid(x=True, y=False, alpha=0.15)
        self.plot.showAxis("right")
        self._bars = pg.BarGraphItem(x0=[0], x1=[0], y=[0], height=_BAR_HEIGHT)
        self._means = pg.PlotCurveItem(connect="pairs")
        self._links = pg.PlotCurveItem(connect="pairs")
        self._before = pg.ScatterPlotItem(size=_SIZE, symbol="o")
        self._after = pg.ScatterPlotItem(size=_SIZE, symbol="o")
        for item in (self._bars, self._means, self._links, self._before, self._after):
            self.plot.addItem(item)
        area = VerticalScrollArea(self.canvas, body)
        fill(body, self.index, key, area, stretched=area)

    @property
    def statement(self) -> str:
        """How many numbers moved by more than subjects differ."""
        figure: FunctionalIndices | None = self.figure
        if figure is None:
            return ""
        return (
            figure.statement
            or (
                figure.indices
                and "How much subjects differ is not known: the reference has fewer than three."
            )
            or _NOTHING
        )

    def request(self, population: Population) -> tuple[Hashable, Callable[[], FunctionalIndices]]:
        """Return the work that computes all indices."""
        return None, partial(functional, population)

    def draw(self, figure: FunctionalIndices) -> None:
        """Draw the chosen index in the groups that are not hidden."""
        self.canvas.set_theme(self.theme)
        titles = [index.title for index in figure.indices]
        if titles != [self.index.itemText(place) for place in range(self.index.count())]:
            self.index.clear()
            self.index.addItems(titles)
        if self._wanted in titles:
            self.index.setCurrentIndex(titles.index(self._wanted))
        chosen = self._chosen(figure)
        moves = [] if chosen is None else figure.moves(chosen)
        self._lines = [move for move in moves if move.group not in self.choices.hidden]
        _show(self, chosen)
        fit_height(self.canvas, len(self._lines))

    def set_theme(self, colours: Theme) -> None:
        """Draw in the colours of a theme."""
        super().set_theme(colours)
        self.canvas.set_theme(colours)

    def settings(self) -> dict[str, Any]:
        """Return the index that is drawn."""
        return {"index": self.index.currentText() or self._wanted}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the index."""
        self._wanted = str(settings.get("index", ""))

    def names(self) -> list[str]:
        """Return the names of the lines: structures, with the model where there are several."""
        several = len({move.group for move in self._lines}) > 1
        known = self.group_appearances
        return [
            f"{move.structure.replace('_', ' ')} · {known[move.group].short}"
            if several
            else move.structure.replace("_", " ")
            for move in self._lines
        ]

    @property
    def lines(self) -> Sequence[IndexMove]:
        """What is drawn, from top to bottom."""
        return self._lines

    def _chosen(self, figure: FunctionalIndices) -> FunctionalIndex | None:
        place = self.index.currentIndex()
        return figure.indices[place] if 0 <= place < len(figure.indices) else None

    def _on_index(self, _place: int) -> None:
        self._wanted = self.index.currentText()
        if self.figure is not None:
            self.draw(self.figure)
        self.changed.emit()

    def _on_hovered(self, plot: pg.PlotItem | None, _x: float, y: float) -> None:
        place = round(y)
        inside = plot is not None and 0 <= place < len(self._lines)
        self.message.emit(f"{self.names()[place]}: {move_text(self._lines[place])}" if inside else "")


def move_text(move: IndexMove) -> str:
    """Return the numbers of a line."""
    moved = f"{move.before:.3g} → {move.after:.3g} {move.unit}".strip()
    if not math.isfinite(move.reference):
        return moved
    if not math.isfinite(move.spread):
        return f"{moved}; reference {move.reference:.3g}"
    times = f": moved by {move.times:.2g} times that" if math.isfinite(move.times) else ""
    return f"{moved}; reference {move.reference:.3g} ± {move.spread:.2g}{times}"


def _show(tab: IndicesTab, index: FunctionalIndex | None) -> None:
    lines, theme, plot = tab.lines, tab.theme, tab.plot
    places = np.arange(len(lines), dtype=float)
    before, after, mean, spread = (
        np.array([getattr(line, name) for line in lines], float)
        for name in ("before", "after", "reference", "spread")
    )
    colours = [readable(OUTCOME_COLOURS[line.outcome], theme.background) for line in lines]
    fill_colour = pg.mkColor(theme.grid)
    fill_colour.setAlpha(_BAR_OPACITY)
    wide, known = np.nan_to_num(spread), np.isfinite(mean)
    tab._bars.setOpts(
        x0=(mean - wide)[known],
        x1=(mean + wide)[known],
        y=places[known],
        height=_BAR_HEIGHT,
        brush=fill_colour,
        pen=None,
    )
    tab._means.setData(
        np.repeat(mean[known], 2), np.column_stack([places[known] - 0.37, places[known] + 0.37]).reshape(-1)
    )
    tab._means.setPen(pg.mkPen(theme.text, width=1))
    tab._links.setData(np.column_stack([before, after]).reshape(-1), np.repeat(places, 2))
    tab._links.setPen(pg.mkPen(theme.grid, width=2))
    tab._before.setData(before, places, brush=theme.background, pen=pg.mkPen(theme.text, width=2))
    tab._after.setData(after, places, brush=colours, pen=pg.mkPen(theme.background, width=0.5))
    texts = [f"{line.times:.1f} × spread" if math.isfinite(line.times) else "" for line in lines]
    for side, labels in (("left", tab.names()), ("right", texts)):
        axis = plot.getAxis(side)
        axis.setTicks([list(enumerate(labels))])
        axis.setPen(theme.grid)
        axis.setTextPen(theme.text)
        axis.setStyle(tickLength=0)
    unit = lines[0].unit if lines else ""
    title = "" if index is None else index.title
    plot.setLabel("bottom", f"{title} [{unit}]" if unit else title, color=theme.text)
    ends = np.concatenate([before, after, mean - wide, mean + wide])
    ends = ends[np.isfinite(ends)]
    if len(ends):
        room = 0.06 * max(float(np.ptp(ends)), 1e-9)
        plot.setXRange(float(ends.min()) - room, float(ends.max()) + room, padding=0)
    plot.setYRange(-0.7, max(len(lines), 1) - 0.3, padding=0)
