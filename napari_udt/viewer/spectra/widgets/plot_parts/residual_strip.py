"""The strip below the curves: their differences to the reference, over the same wavelengths."""

from __future__ import annotations

import pyqtgraph as pg

from napari_udt.viewer.spectra.residuals import Residuals
from napari_udt.viewer.spectra.value_range import value_range
from napari_udt.viewer.spectra.widgets.curve_items import CurveItems
from napari_udt.viewer.spectra.widgets.plot_parts.value_box import ValueBox
from napari_udt.viewer.style import Theme

_SHARE, _MAIN_SHARE = 33, 100  # of the height that is left to strip and curves
_NO_LIMIT = 16_777_215  # pixels, Qt's own largest size
_LEAST_PLOT_HEIGHT = 210  # pixels of all: in a lower plot the curves get the strip's room
_LEAST_HEIGHT = 44  # pixels
_STRIP_ROW, _WAVELENGTH_ROW = 4, 5  # of pyqtgraph's layout of a plot, whose curves are in row 2
_TITLE, _SHORT_TITLE = "− reference", "Δ"
_TITLE_HEIGHT = 80  # pixels of the box, from which on the long title fits


class ResidualStrip:
    """A second box in a plot, between the curves and the wavelength axis; it takes no room while it is hidden, as in a low plot.

    Parameters
    ----------
    plot : PlotItem
        The plot of the curves.
    """

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self.box = ValueBox()
        self.box.setMouseEnabled(x=True, y=False)
        self.box.setMenuEnabled(False)
        self.box.setDefaultPadding(0.06)
        self.axis = pg.AxisItem("left")
        self.axis.linkToView(self.box)
        self.axis.enableAutoSIPrefix(False)
        self.axis.setStyle(maxTickLevel=0)
        self.axis.setGrid(38)  # of 255
        self.axis.setLabel(_SHORT_TITLE)
        self.axis.setZValue(-1000)  # as pyqtgraph's own axes
        self._items: list[CurveItems] = []
        self._wanted = True
        self._zero = pg.InfiniteLine(angle=0)
        self._line = pg.InfiniteLine(angle=90)
        for line in (self._zero, self._line):
            self.box.addItem(line, ignoreBounds=True)
        self._put_into_layout()
        self.box.setXLink(plot.getViewBox())
        self.box.sigResized.connect(self._fit_title)
        plot.geometryChanged.connect(self._give_room)
        self.show(Residuals(), None)

    @property
    def is_visible(self) -> bool:
        """Whether there is something to show."""
        return bool(self.box.isVisible())

    def show(self, found: Residuals, theme: Theme | None) -> None:
        """Draw these differences, and the reference's band around zero; nothing hides the strip."""
        reference = found.reference
        self._wanted = reference is not None
        self._give_room()
        if reference is None or theme is None:
            return
        curves = (reference, *found.curves)
        while len(self._items) < len(curves):
            self._items.append(CurveItems(self.box))
        for items in self._items[len(curves) :]:
            items.hide()
        for items, curve in zip(self._items, curves, strict=False):
            items.show(curve, theme, banded=curve is reference)
        self.box.fit_values(value_range([reference.extent_with_band, *(c.extent for c in found.curves)]))

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Move the wavelength line; None hides it."""
        self._line.setVisible(wavelength_nm is not None)
        if wavelength_nm is not None:
            self._line.setValue(wavelength_nm)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.axis.setPen(theme.grid)
        self.axis.setTextPen(theme.text)
        self._zero.setPen(theme.grid, width=1)
        self._line.setPen(theme.accent, width=1.5)

    def _put_into_layout(self) -> None:
        layout, wavelengths = self._plot.layout, self._plot.getAxis("bottom")
        layout.removeItem(wavelengths)
        layout.addItem(self.axis, _STRIP_ROW, 0)
        layout.addItem(self.box, _STRIP_ROW, 1)
        layout.addItem(wavelengths, _WAVELENGTH_ROW, 1)
        layout.setRowStretchFactor(2, _MAIN_SHARE)

    def _fit_title(self) -> None:
        title = _TITLE if self.box.height() >= _TITLE_HEIGHT else _SHORT_TITLE
        if title != self.axis.labelText:
            self.axis.setLabel(title)

    def _give_room(self) -> None:
        """Give the strip its share of the height, or none: where nothing is compared, and in a low plot."""
        visible = self._wanted and self._plot.size().height() >= _LEAST_PLOT_HEIGHT
        if visible == self.box.isVisible():
            return
        layout = self._plot.layout
        for item in (self.axis, self.box):
            item.setVisible(visible)
        layout.setRowStretchFactor(_STRIP_ROW, _SHARE if visible else 0)
        layout.setRowMinimumHeight(_STRIP_ROW, _LEAST_HEIGHT if visible else 0)
        layout.setRowMaximumHeight(_STRIP_ROW, _NO_LIMIT if visible else 0)
        layout.activate()  # now: later, it would be painted twice
