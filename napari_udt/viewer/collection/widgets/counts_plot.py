"""A picture of how many pixels each structure has in each subject."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_udt.cube import Domain
from napari_udt.viewer.collection.open_collection import DOMAIN_TITLES, ClassCounts
from napari_udt.viewer.qt.fields import fill
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import theme, theme_on

_COLOURS = "viridis"
_MOST_SUBJECT_NAMES = 12
_LEAST_HEIGHT = 120  # pixels


class CountsPlot(QWidget):
    """Structures from top to bottom, subjects from left to right, pixels as colours; a cell says its number under the mouse."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: ClassCounts | None = None
        self.plot = pg.PlotWidget(self)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getPlotItem().hideButtons()
        self.plot.invertY(True)
        self.plot.showAxis("top")
        self.plot.getAxis("top").setStyle(tickLength=0)
        self.plot.setAccessibleName("Pixels of each structure and subject")
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setColorMap(pg.colormap.get(_COLOURS))
        self.plot.addItem(self.image)
        self.bar = self.plot.getPlotItem().addColorBar(self.image, interactive=False, width=12)
        self.bar.setVisible(False)
        self._borders: list[pg.InfiniteLine] = []
        self.plot.setMinimumHeight(_LEAST_HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.label = wrapping_label("counts", self)
        fill(self, self.plot, self.label, stretched=self.plot)
        self.plot.scene().sigMouseMoved.connect(self._on_moved)
        self._take_theme()

    def show_counts(self, counts: ClassCounts) -> None:
        """Draw."""
        self._counts = counts
        known = counts.pixels.size > 0
        for item in (self.image, self.bar):
            item.setVisible(known)
        self.label.setText(_hint(counts))
        if not known:
            return
        levels = np.where(counts.pixels > 0, np.log10(np.maximum(counts.pixels, 1)), np.nan)
        self.image.setImage(levels)
        self._show_scale(levels[np.isfinite(levels)])
        rows, columns = counts.pixels.shape
        self.image.setRect(-0.5, -0.5, columns, rows)
        self.plot.setRange(xRange=(-0.5, columns - 0.5), yRange=(-0.5, rows - 0.5), padding=0)
        names = [(place, name) for place, name in enumerate(counts.structures)]
        self.plot.getAxis("left").setTicks([names])
        every = -(-columns // _MOST_SUBJECT_NAMES)
        shown = [(place, counts.subjects[place][1]) for place in range(0, columns, every)]
        self.plot.getAxis("bottom").setTicks([shown])
        self._show_domains([domain for domain, _ in counts.subjects])

    def _show_scale(self, levels: np.ndarray) -> None:
        """Let the colours reach from the power of ten below the fewest pixels to the most."""
        low = float(np.floor(levels.min(initial=6)))
        high = max(low + 1, float(levels.max(initial=0)))
        self.bar.setLevels((low, high))
        powers = np.arange(int(low), int(np.floor(high)) + 1)
        self.bar.axis.setTicks([[(float(power), f"{10**power:,}") for power in powers.tolist()]])

    def _show_domains(self, domains: Sequence[Domain]) -> None:
        """Name the domains above their subjects, with a line between them."""
        for line in self._borders:
            self.plot.removeItem(line)
        places = {domain: [i for i, own in enumerate(domains) if own == domain] for domain in domains}
        titles = [(float(np.mean(own)), DOMAIN_TITLES[domain]) for domain, own in places.items()]
        self.plot.getAxis("top").setTicks([titles])
        self._borders = [pg.InfiniteLine(own[-1] + 0.5, pen=self._pen) for own in list(places.values())[:-1]]
        for line in self._borders:
            self.plot.addItem(line)

    def text_at(self, row: int, column: int) -> str:
        """Return what a cell says; empty outside of the picture."""
        counts = self._counts
        if counts is None or not (0 <= row < len(counts.structures) and 0 <= column < len(counts.subjects)):
            return ""
        domain, subject = counts.subjects[column]
        return f"{counts.structures[row]}, {subject} ({DOMAIN_TITLES[domain]}): {counts.pixels[row, column]:,} pixels"

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the window's colours."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._take_theme()

    def _on_moved(self, position: QPointF) -> None:
        place = self.plot.getPlotItem().vb.mapSceneToView(position)
        text = self.text_at(round(place.y()), round(place.x()))
        if self._counts is not None:
            self.label.setText(text or _hint(self._counts))

    def _take_theme(self) -> None:
        colours = theme(theme_on(self.palette().window().color().name()))
        self.plot.setBackground(colours.background)
        self._pen = pg.mkPen(colours.background, width=3)
        for axis in (*map(self.plot.getAxis, ("left", "bottom", "top")), self.bar.axis):
            axis.setPen(colours.grid)
            axis.setTextPen(colours.text)
        for line in self._borders:
            line.setPen(self._pen)


def _hint(counts: ClassCounts) -> str:
    if not counts.pixels.size:
        return "No structure is labelled in these cubes."
    most = int(counts.pixels.max())
    empty = int(np.count_nonzero(counts.pixels == 0))
    return f"Pixels of each structure and subject, {most:,} at most; {empty:,} of {counts.pixels.size:,} cells are empty."
