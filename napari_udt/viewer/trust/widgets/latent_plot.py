"""The plot of a latent against the standard normal distribution in the Trust dock."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_udt.viewer.population.widgets.figures.canvas import FigureCanvas
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import theme, theme_on
from napari_udt.viewer.trust.latent import WHAT_TO_SEE, LatentPicture
from napari_udt.viewer.trust.normal_ranges import COLOURS, Judgement

_HEIGHT = 190  # pixels
_WIDTHS: dict[Judgement, float] = {"": 1.0, "normal": 1.0, "unusual": 1.5, "far out": 2.0}  # last in front


class LatentPlot(QWidget):
    """One line for each wavelength, in the colour of its mark; the one under the mouse is named. Hidden without a latent."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: LatentPicture | None = None
        self._title = QLabel("Latent against the standard normal", self)
        self._guide, self._finding = wrapping_label("what to see", self), wrapping_label("latent", self)
        self._guide.setText(WHAT_TO_SEE)
        self._canvas = FigureCanvas("Quantiles of the latent", scrolls=True, parent=self)
        self._canvas.setFixedHeight(_HEIGHT)
        self._plot = self._canvas.make_plot("latent [σ]", "standard normal [σ]", still=True)
        self._canvas.ci.addItem(self._plot, 0, 0)
        self._diagonal = pg.InfiniteLine((0, 0), 45)
        self._plot.addItem(self._diagonal)
        self._lines = {judgement: pg.PlotDataItem(connect="finite") for judgement in _WIDTHS}
        for line in self._lines.values():
            self._plot.addItem(line)
        self._name = pg.TextItem(anchor=(0, 1))
        self._name.hide()
        self._plot.addItem(self._name, ignoreBounds=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        for part in (self._title, self._guide, self._canvas, self._finding):
            layout.addWidget(part)
        self._finding.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._canvas.hovered.connect(self._on_hovered)
        self._follow_palette()
        self.hide()

    def set_picture(self, picture: LatentPicture | None) -> None:
        """Draw a latent; the same one is not drawn again."""
        if self._is_drawn(picture):
            return
        self.picture = picture
        self.setVisible(picture is not None)
        self._name.hide()
        if picture is None:
            return
        found, judgements = picture.found, np.array(picture.judgements)
        gap = np.append(found.expected, np.nan)
        for judgement, line in self._lines.items():
            own = found.observed[:, judgements == judgement]
            values = np.vstack([own, np.full((1, own.shape[1]), np.nan)]).T.reshape(-1)
            line.setData(np.tile(gap, own.shape[1]), values)
        self._plot.setXRange(found.expected[0], found.expected[-1], padding=0.02)
        low, high = (
            min(found.observed.min(), found.expected[0]),
            max(found.observed.max(), found.expected[-1]),
        )
        self._plot.setYRange(low, high, padding=0.04)
        self._finding.setText(picture.sentence)
        for part in (self._canvas, self._finding, self._title):
            part.setToolTip(f"<qt>{picture.explanation}</qt>")

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_name"):
            self._follow_palette()

    def _is_drawn(self, picture: LatentPicture | None) -> bool:
        shown = self.picture
        if picture is None or shown is None:
            return picture is shown
        return (picture.what, picture.found, picture.normal) == (shown.what, shown.found, shown.normal)

    def _follow_palette(self) -> None:
        colours = theme(theme_on(self.palette().window().color().name()))
        self._canvas.set_theme(colours)
        self._diagonal.setPen(colours.text, width=1, style=Qt.PenStyle.DashLine)
        self._name.setColor(colours.text)
        for judgement, line in self._lines.items():
            line.setPen(COLOURS[judgement], width=_WIDTHS[judgement])

    def _on_hovered(self, plot: pg.PlotItem | None, x: float, y: float) -> None:
        self._name.setVisible(plot is not None and self.picture is not None)
        if plot is not None and self.picture is not None:
            self._name.setText(self.picture.words_at(x, y))
            left, right = self._plot.viewRange()[0]
            self._name.setAnchor((0, 1) if x < (left + right) / 2 else (1, 1))
            self._name.setPos(x, y)
