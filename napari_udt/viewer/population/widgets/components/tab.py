"""The tab "Components": Fig. 5a, principal components fitted on real, densities, marginals, and a brush."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSplitter, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.population.components import Components, Projection, components
from napari_udt.population.groups import Population
from napari_udt.population.tables import Table
from napari_udt.viewer.population.brushing import (
    Brushed,
    brushed,
    brushed_table,
    moved,
    pixels_of,
    statement_of,
)
from napari_udt.viewer.population.choices import label_of
from napari_udt.viewer.population.widgets.components.brush_box import BrushBox, rectangle
from napari_udt.viewer.population.widgets.components.controls import ComponentControls
from napari_udt.viewer.population.widgets.components.items import MOST_POINTS, ProjectionItems, limits_of
from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas, reused
from napari_udt.viewer.population.widgets.figures.panel_grid import Panel, PanelCurve, PanelGrid
from napari_udt.viewer.population.widgets.figures.structures import QUANTITIES
from napari_udt.viewer.population.widgets.tab import FigureTab
from napari_udt.viewer.qt.fields import fill

_MARGINAL = 64  # pixels
_STEP = 0.03  # of the shown range, per press of an arrow key
# What an arrow key does: right, up, growth with Shift.
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0, 0.9),
    Qt.Key.Key_Right: (1, 0, 1 / 0.9),
    Qt.Key.Key_Down: (0, -1, 0.9),
    Qt.Key.Key_Up: (0, 1, 1 / 0.9),
}


class ComponentsTab(FigureTab):
    """Joint density with marginals; brushed spectra below, brushed pixels in the picture."""

    NAME = "components"
    TITLE = "Components"
    TIP = "Principal components fitted on the reference, with the density of every domain; brush spectra (Fig. 5a)."

    def make(self, body: QWidget) -> None:
        """Make the plots, the controls and the brushed spectra."""
        self.outline: NDArray[np.float64] | None = None
        self.found: tuple[Brushed, ...] = ()
        self._items: list[ProjectionItems] = []
        self.controls = ComponentControls(parent=body)
        self.canvas = self.figure_view = FigureCanvas("Principal components", parent=body)
        self._make_plots()
        self.spectra = PanelGrid("Brushed spectra", parent=body)
        self.spectra.setMinimumSize(160, 120)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, body)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.canvas)
        self._splitter.addWidget(self.spectra)
        self._splitter.setSizes([300, 220])
        fill(body, self.controls, self._splitter, stretched=self._splitter)
        self.spectra.hide()
        self._connect()

    # -- the figure -------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return the controls."""
        return self.controls.settings()

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Restore the controls."""
        self.controls.set_settings(settings)
        self.box.brush = self.controls.brush

    def request(self, population: Population) -> tuple[Hashable, Callable[[], Components]]:
        """Return the work that computes the components of the chosen structure."""
        label, normalisation = label_of(population, self.choices), self.choices.normalised("l2")
        return (label, normalisation), partial(components, population, label, normalisation)

    def draw(self, figure: Components) -> None:
        """Draw the groups that are not hidden; the brush stays."""
        group_appearances, shown = self.group_appearances, self.shown(figure.projections)
        self.canvas.set_theme(self.theme)
        what = {"contours": self.controls.contours, "points": self.controls.points}
        for items, part in reused(
            self._items, partial(ProjectionItems, self.joint, self.top, self.right), shown
        ):
            items.show(part, group_appearances[part.group.name], self.theme, **what)
        for side, label in zip(("bottom", "left"), figure.axis_labels, strict=True):
            self.joint.setLabel(side, without_markup(label))
        self._fit(figure, shown)
        self._outline_item.setPen(pg.mkPen(self.theme.accent, width=2))
        self._brush()

    @property
    def statement(self) -> str:
        """The statement of the figure, and what is brushed."""
        figure: Components | None = self.figure
        if figure is None:
            return super().statement
        lines = [super().statement]
        if self.controls.points and any(len(p.index) > MOST_POINTS for p in self.shown(figure.projections)):
            lines.append(
                f"Of each group at most {MOST_POINTS:,} points are drawn; densities are of all spectra."
            )
        if self.outline is not None:
            titles = {name: appearance.short for name, appearance in self.group_appearances.items()}
            lines.append(statement_of(self.found, titles))
        return "\n".join(lines)

    def table(self) -> Table | None:
        """Return the brushed spectra; without any, the scores of the groups."""
        if self.figure is None or self.source is None or not self.found:
            return super().table()
        return brushed_table(self.figure, self.found, self.source.wavelengths_nm)

    # -- the brush --------------------------------------------------------------------------------

    def set_outline(self, outline: NDArray[np.float64] | None, *, finished: bool = True) -> None:
        """Brush what lies inside an outline (n, 2) in the plane of the components; None brushes nothing."""
        self.outline = outline
        closed = np.empty((0, 2)) if outline is None else np.concatenate([outline, outline[:1]])
        self._outline_item.setData(closed[:, 0], closed[:, 1])
        if finished:
            self._brush()
            self.changed.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put brushed spectra beside the components where the dock is wide, else below."""
        super().resizeEvent(event)
        wide = self._pages.width() > self._pages.height()
        self._splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)

    def _on_key(self, key: int, shift: bool) -> None:
        """Arrows move the outline, with Shift they size it, Escape deletes it; Return draws one."""
        if key in _ARROWS and self.outline is not None:
            self._move(*_ARROWS[Qt.Key(key)], grow=shift)
        elif key == Qt.Key.Key_Escape and self.outline is not None:
            self.set_outline(None)
        elif key == Qt.Key.Key_Return and self.outline is None:
            (left, right), (bottom, top) = self.box.viewRange()
            across, up = (right - left) / 4, (top - bottom) / 4
            self.set_outline(rectangle(left + across, bottom + up, right - across, top - up))

    def _move(self, right: int, up: int, size: float, *, grow: bool) -> None:
        assert self.outline is not None
        (left, end), (bottom, top) = self.box.viewRange()
        if grow:
            self.set_outline(moved(self.outline, 0, 0, size))
        else:
            self.set_outline(moved(self.outline, right * _STEP * (end - left), up * _STEP * (top - bottom)))

    def _brush(self) -> None:
        """Find the brushed spectra, and show them here and in the picture."""
        figure: Components | None = self.figure
        if figure is None or self.outline is None:
            self.found = ()
        else:
            self.found = brushed(figure, self.outline, self.choices.hidden)
        if self._brushed is not None and self.outline is None:
            self._brushed.clear()
        elif self._brushed is not None:
            self._brushed.show(pixels_of(self.found))
        self.spectra.setVisible(bool(self.found))
        if self.found and figure is not None and self.source is not None:
            group_appearances, wavelengths = self.group_appearances, self.source.wavelengths_nm
            curves = tuple(
                PanelCurve(
                    f"{group_appearances[one.name].short} ({len(one.index):,} brushed)",
                    group_appearances[one.name].style,
                    wavelengths,
                    one.statistics.centre,
                    one.statistics.lower,
                    one.statistics.upper,
                )
                for one in self.found
            )
            panel = Panel("Brushed: mean ± SD", curves)
            self.spectra.show_panels([panel], self.theme, QUANTITIES[figure.normalisation])

    # -- widgets ----------------------------------------------------------------------------------

    def _make_plots(self) -> None:
        self.box = BrushBox()
        self.joint = self.canvas.make_plot("PC2", "PC1", box=self.box)
        self.top, self.right = self.canvas.make_plot(), self.canvas.make_plot()
        for plot, link, side in ((self.top, "setXLink", "bottom"), (self.right, "setYLink", "left")):
            getattr(plot, link)(self.joint)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideAxis(side)
            plot.showGrid(x=False, y=False)
        for axis in (self.top.getAxis("left"), self.right.getAxis("bottom")):
            axis.setStyle(showValues=False, tickLength=0)
        self.canvas.ci.addItem(self.top, 0, 0)
        self.canvas.ci.addItem(self.joint, 1, 0)
        self.canvas.ci.addItem(self.right, 1, 1)
        self.canvas.ci.layout.setRowFixedHeight(0, _MARGINAL)
        self.canvas.ci.layout.setColumnFixedWidth(1, _MARGINAL)
        for plot in (self.top, self.joint):
            plot.getAxis("left").setWidth(62)
        self._outline_item = pg.PlotCurveItem()
        self._outline_item.setZValue(30)
        self.joint.addItem(self._outline_item, ignoreBounds=True)
        self._fitted: object = None

    def _connect(self) -> None:
        self.controls.changed.connect(self._on_controls)
        self.controls.clear_wanted.connect(self._on_clear)
        self.box.outlined.connect(self._on_outlined)
        self.box.cleared.connect(self._on_clear)
        self.canvas.hovered.connect(self._on_hovered)
        self.canvas.keys = frozenset((*_ARROWS, Qt.Key.Key_Escape, Qt.Key.Key_Return))
        self.canvas.key_pressed.connect(self._on_key)
        self.spectra.message.connect(self.message)

    def _fit(self, figure: Components, shown: list[Projection]) -> None:
        """Show everything of a new figure; leave the user's zoom alone otherwise."""
        if figure is self._fitted:
            return
        self._fitted = figure
        across, up = limits_of(shown)
        self.joint.setXRange(*across, padding=0)
        self.joint.setYRange(*up, padding=0)

    def _on_controls(self) -> None:
        self.box.brush = self.controls.brush
        if self.figure is not None:
            self.draw(self.figure)
        self.changed.emit()

    def _on_clear(self) -> None:
        self.set_outline(None)

    def _on_outlined(self, outline: NDArray[np.float64], finished: bool) -> None:
        self.set_outline(outline, finished=finished)

    def _on_hovered(self, plot: pg.PlotItem | None, x: float, y: float) -> None:
        if plot is self.joint:
            self.message.emit(f"PC1 {x:.4g}, PC2 {y:.4g}")
        elif plot is None:
            self.message.emit("")
