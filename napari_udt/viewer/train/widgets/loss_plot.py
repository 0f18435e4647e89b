"""The losses of a run that is going on."""

from __future__ import annotations

from collections.abc import Mapping

import pyqtgraph as pg
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QWidget

from napari_udt.training.curves import Point
from napari_udt.viewer.qt.fields import combo_box, fill
from napari_udt.viewer.style import REAL, SIMULATED, readable, theme, theme_on

_STYLES = {"simulated": ("simulated", SIMULATED), "second": ("target", REAL)}
_HEIGHT = 170  # pixels
_TITLES = {
    "ml": "Negative log-likelihood [nats/dim]",
    "held_out": "Criterion on held-out samples",
    "moments": "Class moments",
    "content": "Lost haemoglobin content",
    "vessels": "Vessels' saturation",
    "texture": "Texture of details",
    "generator": "Adversarial, network",
    "discriminator": "Adversarial, discriminator",
    "cycle": "Cycle error",
    "reconstruction": "Reconstruction error",
}


class LossPlot(QWidget):
    """A plot of one kind of loss over the steps, a line per domain, and the choice of the kind."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._losses: Mapping[str, Mapping[str, list[Point]]] = {}
        self.kind = combo_box("loss", "Loss", "Which of the run's losses is drawn, step by step.", self)
        self.plot = pg.PlotWidget(self)
        self.plot.setMinimumHeight(_HEIGHT)
        self.plot.setMenuEnabled(False)
        self.plot.getPlotItem().hideButtons()
        self.plot.addLegend(offset=(-8, 8))
        self._lines = {domain: self.plot.plot(name=title) for domain, (title, _) in _STYLES.items()}
        fill(self, self.kind, self.plot, stretched=self.plot)
        self.kind.activated.connect(self._draw)
        self._take_theme()
        self.setVisible(False)

    def show_losses(self, losses: Mapping[str, Mapping[str, list[Point]]]) -> None:
        """Draw; a run without a step hides the plot."""
        self._losses = losses
        known = [self.kind.itemData(index) for index in range(self.kind.count())]
        if known != list(losses):
            chosen = self.kind.currentData()
            self.kind.clear()
            for kind in losses:
                self.kind.addItem(_TITLES.get(kind, kind.replace("_", " ")), kind)
            self.kind.setCurrentIndex(max(0, self.kind.findData(chosen)))
        self.setVisible(bool(losses))
        self._draw()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the window's colours."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._take_theme()

    def _draw(self) -> None:
        chosen = self._losses.get(self.kind.currentData(), {})
        for domain, line in self._lines.items():
            points = chosen.get(domain, [])
            line.setData([step for step, _ in points], [value for _, value in points])
        _, bracket, unit = self.kind.currentText().partition("[")
        self.plot.setLabel("left", f"[{unit}" if bracket else "loss [1]")
        self.plot.setLabel("bottom", "step")

    def _take_theme(self) -> None:
        colours = theme(theme_on(self.palette().window().color().name()))
        self.plot.setBackground(colours.background)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(colours.grid)
            axis.setTextPen(colours.text)
        for domain, line in self._lines.items():
            line.setPen(readable(_STYLES[domain][1].colour, colours.background), width=2)
        legend = self.plot.getPlotItem().legend
        legend.setLabelTextColor(colours.text)
