"""The plot of spectra: curves, bands, a wavelength line. What is drawn is decided elsewhere."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QGraphicsItem, QVBoxLayout, QWidget

from napari_udt.viewer.qt.frame_clock import paint_now
from napari_udt.viewer.spectra.curves import Curve, CurveId, CurveSet, Subject
from napari_udt.viewer.spectra.residuals import Residuals, residuals, subject_in_front
from napari_udt.viewer.spectra.value_range import outliers, value_range
from napari_udt.viewer.spectra.widgets.curve_items import CurveItems
from napari_udt.viewer.spectra.widgets.pinned_curves import PinnedCurves
from napari_udt.viewer.spectra.widgets.plot_parts.chromophore_axis import Overlays
from napari_udt.viewer.spectra.widgets.plot_parts.outlier_marks import OutlierMarks
from napari_udt.viewer.spectra.widgets.plot_parts.residual_strip import ResidualStrip
from napari_udt.viewer.spectra.widgets.plot_parts.value_box import ValueBox
from napari_udt.viewer.spectra.widgets.plot_picture import save_plot
from napari_udt.viewer.style import Theme, theme

MINIMUM_WIDTH = 350
_LETTER = 7  # pixels along the value axis that a letter of its title takes
_LEAST_LETTERS = 12  # a line's least length
_AXIS_WIDTH, _LINE_WIDTH = 66, 14  # pixels: numbers and one line of text; each further line
_MARGIN = 11  # pixels from the middle of the wavelength's label to the upper edge
_MOST_SINGLE = 30  # curves; of more, those of pins are drawn together
_BAND_OPACITY = 35  # of 255
# What Shift and an arrow key do to both ends of the range, in nm.
_BAND_STEPS_NM = {
    Qt.Key.Key_Left: (-5.0, -5.0),
    Qt.Key.Key_Right: (5.0, 5.0),
    Qt.Key.Key_Up: (-2.5, 2.5),
    Qt.Key.Key_Down: (2.5, -2.5),
}


class SpectraPlot(QWidget):
    """Spectra over the wavelength in nanometres.

    Items are made when more curves are to be drawn than ever before and reused from then on: moving the mouse
    creates nothing.
    """

    wavelength_dragged = Signal(float)  # nm, the user moved the wavelength line
    wavelength_hovered = Signal(object)  # nm | None, where the mouse is
    channel_step_requested = Signal(int)  # -1 or +1, an arrow key
    band_dragged = Signal(float, float)  # nm, the user moved the range or its edges

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = theme("dark")
        self._shown: tuple[Curve, ...] = ()
        self._quantity, self._value_lines = "", [""]
        self._box = ValueBox()
        self._view = pg.PlotWidget(parent=self, viewBox=self._box)
        self._items: list[CurveItems] = []
        self._pinned = PinnedCurves(self._view.getPlotItem())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.setMinimumSize(MINIMUM_WIDTH, 140)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._set_up_axes()
        self._strip = ResidualStrip(self._view.getPlotItem())
        self._add_lines()
        self._overlays = Overlays(self._view.getPlotItem())
        self._outliers = OutlierMarks(self._view.getPlotItem())
        self.set_theme("dark")

    def show_curves(
        self, curves: CurveSet, hidden: Collection[CurveId] = (), front: Subject | None = None
    ) -> None:
        """Draw these curves and no others; those of one pixel, structure or region in front, with bands and differences.

        Parameters
        ----------
        curves : CurveSet
        hidden : collection of CurveId
        front : tuple, optional
            The subject in front; by default the first.
        """
        shown = curves.without(hidden)
        front = subject_in_front(curves, front)
        self._shown = shown.curves
        single, pinned = _parted(curves.curves, front)
        while len(self._items) < len(single):
            self._items.append(CurveItems(self._view.getPlotItem()))
        for items in self._items[len(single) :]:
            items.hide()
        for items, (curve, banded) in zip(self._items, single, strict=False):
            if curve.id in hidden:
                items.hide()
            else:
                items.show(curve, self._theme, banded=banded, faint=curve.subject != front)
        self._pinned.show([curve for curve in pinned if curve.id not in hidden], self._theme)
        self._quantity = curves.quantity or self._quantity
        self._write_value_label()
        self._fit_wavelengths(curves.curves)
        self._fit_values(
            [(curve, banded) for curve, banded in single if curve.id not in hidden], shown.curves
        )
        # A plot of differences shows already what the strip would.
        found = Residuals() if curves.options.comparison == "difference" else residuals(shown, front)
        self._strip.show(found, self._theme)
        self._view.scene().prepareForPaint()  # fits the value axis now: within painting, it would paint twice

    def paint_now(self) -> None:
        """Paint now, and with the plot everything else in the window that waits to be painted.

        Left to itself a scene does so one turn of the event loop later, when the window may have been painted without
        it, for the sake of the picture under the mouse for example.
        """
        paint_now(self._view.scene())

    def set_wavelength(self, wavelength_nm: float | None) -> None:
        """Move the wavelength line and emit no signal; None hides it."""
        self._line.setVisible(wavelength_nm is not None)
        self._strip.set_wavelength(wavelength_nm)
        if wavelength_nm is not None and wavelength_nm != self._line.value():
            self._line.setValue(wavelength_nm)

    def set_band(self, band_nm: tuple[float, float] | None) -> None:
        """Show a range of wavelengths and emit no signal; None hides it."""
        self._band.setVisible(band_nm is not None)
        if band_nm is not None and band_nm != self._band.getRegion():
            self._band.blockSignals(True)
            self._band.setRegion(band_nm)
            self._band.blockSignals(False)

    def set_chromophores(self, names: Sequence[str]) -> None:
        """Draw the absorption of these chromophores behind the curves."""
        self._overlays.show(names, self._theme)

    def set_theme(self, name: str) -> None:
        """Take the colours of one of napari's themes ("dark", "light")."""
        self._theme = theme(name)
        self._view.setBackground(self._theme.background)
        for side in ("bottom", "left"):
            axis = self._view.getAxis(side)
            axis.setPen(self._theme.grid)
            axis.setTextPen(self._theme.text)
        self._line.setPen(self._theme.accent, width=1.5)
        self._line.setHoverPen(self._theme.accent, width=3)
        self._line.label.setColor(self._theme.accent)
        self._band.setBrush(_faint(self._theme.accent, _BAND_OPACITY))
        self._band.setHoverBrush(_faint(self._theme.accent, 2 * _BAND_OPACITY))
        for edge in self._band.lines:
            edge.setPen(self._theme.accent, width=1)
            edge.setHoverPen(self._theme.accent, width=3)
        self._overlays.set_theme(self._theme)
        self._strip.set_theme(self._theme)
        for line in (self._crosshair_x, self._crosshair_y):
            line.setPen(self._theme.grid, width=1, style=Qt.PenStyle.DotLine)

    def save(self, path: Path) -> None:
        """Write the plot as a picture (.png) or a drawing (.svg), with a legend; whole or not at all.

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        self._show_crosshair(None)
        save_plot(self._view, self._shown, self._theme, path)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Left and right arrows request the neighbouring wavelength; with Shift, arrows move and size the range."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        shifted = event is not None and bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event is not None and shifted and event.key() in _BAND_STEPS_NM and self._band.isVisible():
            changes = _BAND_STEPS_NM[Qt.Key(event.key())]
            low, high = (edge + step for edge, step in zip(self._band.getRegion(), changes, strict=True))
            if low < high:
                self.band_dragged.emit(low, high)
        elif event is not None and event.key() in steps:
            self.channel_step_requested.emit(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take the cross hair away with the mouse."""
        self._show_crosshair(None)
        super().leaveEvent(event)

    def _set_up_axes(self) -> None:
        plot = self._view.getPlotItem()
        plot.setMenuEnabled(False)
        menu = plot.ctrlMenu  # made all the same, and without a parent: it would outlive the plot
        menu.setParent(self._view, menu.windowFlags())
        plot.showGrid(x=True, y=True, alpha=0.15)
        plot.setLabel("bottom", "Wavelength [nm]")
        for side in ("bottom", "left"):
            plot.getAxis(side).enableAutoSIPrefix(False)  # it would make "knm" of 1000 nm
            plot.getAxis(side).setStyle(maxTickLevel=1)  # the finest lines cost time and are not needed
        # Wavelengths stay when curves change: their numbers and lines are drawn once.
        plot.getAxis("bottom").setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        plot.getAxis("bottom").setHeight(42)
        plot.getAxis("left").setWidth(_AXIS_WIDTH)  # fixed: the picture must not jump with the numbers
        plot.layout.setContentsMargins(2, 6, 10, 7)  # the axis title hangs out by 5 pixels
        plot.getViewBox().setDefaultPadding(0.03)
        self._range: tuple[float, float] | None = None

    def _add_lines(self) -> None:
        options = {"color": self._theme.accent, "position": 0.96, "movable": False}
        self._line = pg.InfiniteLine(
            angle=90, movable=True, label="{value:.0f} nm", labelOpts=options, name="wavelength"
        )
        self._line.setToolTip("The wavelength of the picture. Drag it, or use the arrow keys.")
        self._line.setVisible(False)
        self._line.setZValue(20)
        self._line.sigDragged.connect(self._on_line_dragged)
        self._band = pg.LinearRegionItem(swapMode="sort")
        self._band.setToolTip("Range whose mean is in the table. Drag it or its edges.")
        self._band.setVisible(False)
        self._band.sigRegionChanged.connect(self._on_band_dragged)
        self._crosshair_x = pg.InfiniteLine(angle=90)
        self._crosshair_y = pg.InfiniteLine(angle=0)
        for line in (self._band, self._line, self._crosshair_x, self._crosshair_y):
            self._view.addItem(line, ignoreBounds=True)
        self._show_crosshair(None)
        self._view.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._view.getPlotItem().getViewBox().sigResized.connect(self._fit_labels)

    def _on_line_dragged(self, line: pg.InfiniteLine) -> None:
        self.wavelength_dragged.emit(float(line.value()))

    def _on_band_dragged(self, band: pg.LinearRegionItem) -> None:
        low, high = band.getRegion()
        self.band_dragged.emit(float(low), float(high))

    def _on_mouse_moved(self, position: QPointF) -> None:
        inside = self._view.getPlotItem().getViewBox().sceneBoundingRect().contains(position)
        self._show_crosshair(position if inside and self._range is not None else None)

    def _show_crosshair(self, position: QPointF | None) -> None:
        for line in (self._crosshair_x, self._crosshair_y):
            line.setVisible(position is not None)
        if position is None:
            self.wavelength_hovered.emit(None)
            return
        point = self._view.getPlotItem().getViewBox().mapSceneToView(position)
        self._crosshair_x.setValue(point.x())
        self._crosshair_y.setValue(point.y())
        self.wavelength_hovered.emit(float(point.x()))

    def _write_value_label(self) -> None:
        """Write the title of the value axis, in as many lines as fit its length."""
        letters = max(_LEAST_LETTERS, int(self._view.getPlotItem().getViewBox().height() / _LETTER))
        title = self._quantity[:1].upper() + self._quantity[1:]
        lines = textwrap.wrap(title, letters, break_long_words=False)
        if lines and lines != self._value_lines:
            self._value_lines = lines
            for axis in (self._view.getAxis("left"), self._strip.axis):
                axis.setWidth(_AXIS_WIDTH + _LINE_WIDTH * (len(lines) - 1))
            self._view.setLabel("left", "<br>".join(map(html.escape, lines)))

    def _fit_labels(self) -> None:
        """Keep the texts whole in a plot of another height."""
        height = max(self._view.getPlotItem().getViewBox().height(), 1.0)
        self._line.label.setPosition(1 - min(0.5, _MARGIN / height))
        self._write_value_label()

    def _fit_wavelengths(self, curves: tuple[Curve, ...]) -> None:
        """Keep the wavelength axis still while the cursor moves: it follows the grids, not the curves."""
        if not curves:
            return
        ends = np.array([(c.wavelengths_nm[0], c.wavelengths_nm[-1]) for c in curves])
        wanted = (float(ends[:, 0].min()), float(ends[:, 1].max()))
        if wanted != self._range:
            self._range = wanted
            self._box.fit_positions(wanted)
            self._view.enableAutoRange(axis="y")

    def _fit_values(self, banded: Sequence[tuple[Curve, bool]], shown: Sequence[Curve]) -> None:
        """Let the value axis follow the curves, without single wild wavelengths, which are marked at its edge."""
        with_band = {curve.id for curve, has_band in banded if has_band}
        limits = value_range(c.extent_with_band if c.id in with_band else c.extent for c in shown)
        self._box.fit_values(limits)
        found = (
            outliers([(c.wavelengths_nm, c.values) for c in shown], limits)
            if self._is_cut(shown, limits)
            else ()
        )
        self._outliers.show(found, [c.style for c in shown], limits or (0.0, 1.0), self._theme)

    @staticmethod
    def _is_cut(shown: Sequence[Curve], limits: tuple[float, float] | None) -> bool:
        """Whether any value lies beyond the axis; known without a look at the curves."""
        extents = [curve.extent for curve in shown]
        return limits is not None and any(
            e is not None and (e.low < limits[0] or e.high > limits[1]) for e in extents
        )


def _parted(curves: Sequence[Curve], front: Subject | None) -> tuple[list[tuple[Curve, bool]], list[Curve]]:
    """Return the curves that are drawn each by itself, and whether with a band, and the pinned ones that are drawn together."""
    single: list[tuple[Curve, bool]] = []
    pinned: list[Curve] = []
    for curve in curves:
        if len(curves) > _MOST_SINGLE and curve.pin is not None and curve.subject != front:
            pinned.append(curve)
        else:
            single.append((curve, curve.subject == front))
    return single, pinned


def _faint(colour: str, opacity: int) -> QColor:
    made = QColor(colour)
    made.setAlpha(opacity)
    return made
