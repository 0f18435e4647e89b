"""Plot of curves over time or depth, with the present position as a line that can be dragged."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_udt.viewer.series.curves import SeriesLine
from napari_udt.viewer.series.pictures import PICTURE_WORDS
from napari_udt.viewer.spectra.value_range import value_range
from napari_udt.viewer.spectra.widgets.curve_items import CurveItems
from napari_udt.viewer.spectra.widgets.plot_parts.value_box import ValueBox
from napari_udt.viewer.spectra.widgets.plot_picture import LegendLine, save_plot
from napari_udt.viewer.style import Theme, theme

_LEAST_HEIGHT = 140
_LETTERS = 24  # of a line of the title of the value axis
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SeriesPlot(QWidget):
    """Curves over time or depth; items are made once and reused."""

    position_dragged = Signal(float)  # s, mm or number of a picture from 0
    step_requested = Signal(int)  # -1 or +1, an arrow key

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = theme("dark")
        self._lines: tuple[SeriesLine, ...] = ()
        self._items: list[CurveItems] = []
        self._box = ValueBox()
        self._view = pg.PlotWidget(parent=self, viewBox=self._box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        plot = self._view.getPlotItem()
        plot.setMenuEnabled(False)
        menu = plot.ctrlMenu  # made all the same, and without a parent: it would outlive the plot
        menu.setParent(self._view, menu.windowFlags())
        plot.showGrid(x=True, y=True, alpha=0.15)
        for side in ("bottom", "left"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        self._present = pg.InfiniteLine(angle=90, movable=True)
        self._present.setToolTip("Where the picture is. Drag it, or use the arrow keys.")
        self._present.setZValue(20)
        self._present.sigDragged.connect(self._on_dragged)
        self._view.addItem(self._present, ignoreBounds=True)
        self.set_theme("dark")

    @property
    def axis_title(self) -> str:
        """Title of the axis of the curves, as "Time [s]"; "Frame" or "Slice" where their positions are not known."""
        if not self._lines:
            return ""
        axis, unit = self._lines[0].axis, self._lines[0].unit
        return unit.title() if unit == PICTURE_WORDS[axis] else f"{axis.title()} [{unit}]"

    def show_lines(self, lines: Sequence[SeriesLine]) -> None:
        """Draw these curves and no others."""
        self._lines = tuple(lines)
        while len(self._items) < len(lines):
            self._items.append(CurveItems(self._view.getPlotItem()))
        for items in self._items[len(lines) :]:
            items.hide()
        for items, line in zip(self._items, lines, strict=False):
            items.show(line.curve, self._theme, banded=True)
        if not lines:
            return
        self._view.setLabel("bottom", self.axis_title)
        quantity = lines[0].curve.quantity
        title = textwrap.wrap(quantity[:1].upper() + quantity[1:], _LETTERS, break_long_words=False)
        self._view.setLabel("left", "<br>".join(map(html.escape, title)))
        ends = np.array([(line.curve.wavelengths_nm[0], line.curve.wavelengths_nm[-1]) for line in lines])
        self._box.fit_positions((float(ends[:, 0].min()), float(ends[:, 1].max())))
        self._box.fit_values(value_range(line.curve.extent_with_band for line in lines))

    def set_position(self, position: float | None) -> None:
        """Move the line of the present position and emit no signal; None hides it."""
        self._present.setVisible(position is not None)
        if position is not None:
            self._present.setValue(position)

    def set_theme(self, name: str) -> None:
        """Take the colours of one of napari's themes ("dark", "light")."""
        self._theme = theme(name)
        self._view.setBackground(self._theme.background)
        for side in ("bottom", "left"):
            axis = self._view.getAxis(side)
            axis.setPen(self._theme.grid)
            axis.setTextPen(self._theme.text)
        self._present.setPen(self._theme.accent, width=1.5)
        self._present.setHoverPen(self._theme.accent, width=3)
        self.show_lines(self._lines)

    def save(self, path: Path) -> None:
        """Write the plot as a picture (.png) or a drawing (.svg, .pdf), with a legend; whole or not at all.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        remark = LegendLine(None, "Lines: medians; bands: quartiles.")
        save_plot(self._view, [*(line.curve for line in self._lines), remark], self._theme, path)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Left and right arrows ask for the neighbouring picture."""
        if event is not None and event.key() in _STEPS:
            self.step_requested.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _on_dragged(self, line: pg.InfiniteLine) -> None:
        self.position_dragged.emit(float(line.value()))
