"""One spectrum or cut-out of a reader study, without anything that names its origin."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.population.widgets.figures.canvas import without_menu
from napari_udt.viewer.style import Theme, theme

_GREYS = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
_RING, _RING_COLOUR = 16, "#e69f00"  # pixels across


class StimulusPlot(pg.PlotWidget):
    """Draws a curve, or a grey picture, with a ring around the pixel that is asked for."""

    def __init__(self, name: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(name)
        item = without_menu(self.getPlotItem(), self)
        item.getViewBox().setMouseEnabled(x=False, y=False)
        item.setLabel("bottom", "Wavelength [nm]")
        item.setLabel("left", "L2-normalised value")
        for side in ("bottom", "left"):
            item.getAxis(side).enableAutoSIPrefix(False)
        self.setMinimumHeight(120)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.curve = self.plot(pen=pg.mkPen(theme("dark").text, width=2))
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setLookupTable(_GREYS)
        self.addItem(self.image)
        self.ring = pg.ScatterPlotItem(
            size=_RING, symbol="o", brush=None, pen=pg.mkPen(_RING_COLOUR, width=2), pxMode=True
        )
        self.addItem(self.ring)

    def show_values(
        self,
        values: NDArray[np.float32],
        wavelengths_nm: NDArray[np.float64],
        limits: tuple[float, float],
        mark: tuple[int, int] | None = None,
    ) -> None:
        """Show a spectrum, shape (channels,), within limits of its values, or a picture, shape (rows, columns), with a mark."""
        is_spectrum, item = values.ndim == 1, self.getPlotItem()
        box = item.getViewBox()
        self.curve.setVisible(is_spectrum)
        self.image.setVisible(not is_spectrum)
        self.ring.setVisible(mark is not None)
        for side in ("bottom", "left"):
            item.showAxis(side, is_spectrum)
        item.showGrid(x=is_spectrum, y=is_spectrum, alpha=0.15)
        box.setAspectLocked(not is_spectrum)
        box.invertY(not is_spectrum)
        if is_spectrum:
            self.curve.setData(wavelengths_nm, values)
            box.setRange(xRange=(wavelengths_nm[0], wavelengths_nm[-1]), yRange=limits, padding=0.03)
        else:
            self.curve.setData([], [])
            self.image.setImage(values, levels=(0, 1))
            rows, columns = values.shape
            if mark is not None:
                self.ring.setData([mark[1] + 0.5], [mark[0] + 0.5])
            box.setRange(xRange=(0, columns), yRange=(0, rows), padding=0.03)

    def set_theme(self, colours: Theme) -> None:
        """Take the colours of the window's theme."""
        self.setBackground(colours.background)
        self.curve.setPen(pg.mkPen(colours.text, width=2))
        for side in ("bottom", "left"):
            self.getAxis(side).setPen(colours.grid)
            self.getAxis(side).setTextPen(colours.text)
