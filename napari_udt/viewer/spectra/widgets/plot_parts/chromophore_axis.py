"""Absorption of chromophores behind the curves, on a logarithmic axis of its own at the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from napari_udt.spectral.chromophores import absorption
from napari_udt.viewer.spectra.widgets.curve_items import pen
from napari_udt.viewer.style import CHROMOPHORE_COLOURS, Theme, readable

_DASHES = (2.0, 4.0)
_OPACITY = 0.75
_NAME_STEP = 0.16  # of the axis: names stand apart though lines meet
_WIDTH = 58  # pixels of the axis
_SUBSCRIPTS = {"HbO2": "HbO₂"}


class Overlays:
    """Faint dashed lines over the wavelength; made when first shown, one per chromophore."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self._axis = plot.getAxis("right")
        self._box: pg.ViewBox | None = None
        self._lines: dict[str, tuple[pg.PlotCurveItem, pg.TextItem]] = {}
        self._shown: tuple[str, ...] = ()

    def show(self, chromophores: Sequence[str], theme: Theme) -> None:
        """Draw these and no others."""
        self._shown = tuple(chromophores)
        if self._shown and self._box is None:
            self._set_up()
        self._plot.showAxis("right", bool(self._shown))
        for name in self._shown:
            if name not in self._lines:
                self._lines[name] = self._made(name)
        for name, items in self._lines.items():
            for item in items:
                item.setVisible(name in self._shown)
        self.set_theme(theme)
        self._fit()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._axis.setPen(theme.grid)
        self._axis.setTextPen(theme.text)
        for name, (line, text) in self._lines.items():
            colour = readable(CHROMOPHORE_COLOURS[name], theme.background)
            line.setPen(pen(colour, _DASHES, width=1.5))
            text.setColor(colour)

    def _set_up(self) -> None:
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self._box.setZValue(-20)
        self._plot.scene().addItem(self._box)
        self._axis.linkToView(self._box)
        self._axis.setLogMode(True)
        self._axis.enableAutoSIPrefix(False)
        self._axis.setWidth(_WIDTH)
        self._axis.setLabel("Absorption [1/cm]")
        self._box.setXLink(self._plot.getViewBox())
        self._plot.getViewBox().sigResized.connect(self._follow)
        self._plot.getViewBox().sigXRangeChanged.connect(self._fit)
        self._follow()

    def _made(self, name: str) -> tuple[pg.PlotCurveItem, pg.TextItem]:
        table = absorption()
        line = pg.PlotCurveItem(table.wavelengths_nm, np.log10(table.per_cm[name]), antialias=True)
        line.setOpacity(_OPACITY)
        text = pg.TextItem(_SUBSCRIPTS.get(name, name), anchor=(1, 1))
        for item in (line, text):
            self._box.addItem(item, ignoreBounds=True)  # type: ignore[union-attr]
        return line, text

    def _follow(self, *_: object) -> None:
        if self._box is not None:
            self._box.setGeometry(self._plot.getViewBox().sceneBoundingRect())

    def _fit(self, *_: object) -> None:
        """Show all of the lines within the wavelengths of the plot, and name them."""
        if self._box is None or not self._shown:
            return
        self._follow()
        values = [np.log10(absorption().per_cm[name][self._inside()]) for name in self._shown]
        known = np.concatenate(values)
        if known.size:
            self._box.setYRange(float(known.min()), float(known.max()), padding=0.08)
        self._place_names()

    def _inside(self) -> np.ndarray:
        low, high = self._plot.getViewBox().viewRange()[0]
        wavelengths = absorption().wavelengths_nm
        return np.flatnonzero((wavelengths >= low) & (wavelengths <= high))

    def _place_names(self) -> None:
        """Write each name on its line: the first at the right end, the others further left."""
        inside, table = self._inside(), absorption()
        for index, name in enumerate(self._shown if len(inside) else ()):
            place = inside[int((len(inside) - 1) * (1 - _NAME_STEP * index))]
            height = float(np.log10(table.per_cm[name][place]))
            self._lines[name][1].setPos(float(table.wavelengths_nm[place]), height)
