"""The plot of spread against error in the Trust dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.qt.fields import push_button
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.state.jobs import error_text
from napari_udt.viewer.style import theme, theme_on
from napari_udt.viewer.trust.calibration import MEDIAN_OF_SIGMA, CalibrationPicture, reading

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_HEIGHT = 190  # pixels
_POINTS_COLOUR = "#0072B2"  # Okabe and Ito (2008)


class CalibrationPlot(QWidget):
    """A button; pressed, error against spread in fifths of the samples, as stored with the model that is judged."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: CalibrationPicture | None = None
        self._spec: ModelSpec | None = None
        self._read: ModelSpec | None = None  # the model that is shown, or being read
        self._run = JobRunner(self)
        self.button = push_button(
            "Spread against error",
            "Whether the condition spread of this model predicts its error: found on simulations when it was evaluated.",
            self,
            checkable=True,
        )
        self._finding = wrapping_label("calibration", self)
        self._finding.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._canvas = FigureCanvas("Spread against error", scrolls=True, parent=self)
        self._canvas.setFixedHeight(_HEIGHT)
        self._plot = self._canvas.make_plot("median error [points]", "spread [points]", still=True)
        self._canvas.ci.addItem(self._plot, 0, 0)
        self._diagonal, self._line = pg.PlotDataItem(), pg.PlotDataItem(symbol="o", symbolSize=7)
        self._name = pg.TextItem(anchor=(0, 1))
        for item in (self._diagonal, self._line):
            self._plot.addItem(item)
        self._plot.addItem(self._name, ignoreBounds=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        for part in (self.button, self._canvas, self._finding):
            layout.addWidget(part)
        self.button.toggled.connect(self._update)
        self._run.ended.connect(self._update_later)
        self._run.failed.connect(self._on_failed)
        self._canvas.hovered.connect(self._on_hovered)
        self._follow_palette()
        self._update()

    def set_spec(self, spec: ModelSpec | None) -> None:
        """Follow the model that is judged."""
        if spec != self._spec:
            self._spec = spec
            self._update()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_name"):
            self._follow_palette()

    def _update(self, _: object = None) -> None:
        """Show what is known of the model, and read it where it is not."""
        self.button.setEnabled(self._spec is not None)
        wanted = self._spec if self.button.isChecked() else None
        known = wanted is not None and wanted == self._read and not self._run.running
        self._finding.setVisible(known)
        self._canvas.setVisible(known and self.picture is not None and bool(len(self.picture.spread)))
        if wanted is not None and not known and self._run.start(reading(wanted), self._on_read):
            self._read = wanted

    def _update_later(self) -> None:
        if self._read != self._spec:  # another model was chosen while this one was read
            self._update()

    def _on_read(self, picture: CalibrationPicture) -> None:
        self.picture = picture
        self._name.hide()
        self._finding.setText(picture.sentence)
        for part in (self._canvas, self._finding):
            part.setToolTip(f"<qt>{picture.explanation}</qt>" if picture.explanation else "")
        if len(picture.spread):
            end = picture.end
            self._line.setData(picture.spread, picture.error)
            self._diagonal.setData([0, end], [0, MEDIAN_OF_SIGMA * end])
            self._plot.setXRange(0, end, padding=0.02)
            self._plot.setYRange(0, max(MEDIAN_OF_SIGMA * end, 1.1 * picture.error.max()), padding=0.02)
        self._update()

    def _on_failed(self, error: Exception) -> None:
        self.picture = None
        self._finding.setText(error_text(error, "The judgement cannot be read"))
        self._update()

    def _follow_palette(self) -> None:
        colours = theme(theme_on(self.palette().window().color().name()))
        self._canvas.set_theme(colours)
        self._diagonal.setPen(colours.text, width=1, style=Qt.PenStyle.DashLine)
        self._line.setPen(_POINTS_COLOUR, width=2)
        self._line.setSymbolBrush(_POINTS_COLOUR)
        self._line.setSymbolPen(None)
        self._name.setColor(colours.text)

    def _on_hovered(self, plot: pg.PlotItem | None, x: float, y: float) -> None:
        shown = plot is not None and self.picture is not None and bool(len(self.picture.spread))
        self._name.setVisible(shown)
        if shown and self.picture is not None:
            self._name.setText(self.picture.words_at(x))
            left, right = self._plot.viewRange()[0]
            self._name.setAnchor((0, 1) if x < (left + right) / 2 else (1, 1))
            self._name.setPos(x, y)
