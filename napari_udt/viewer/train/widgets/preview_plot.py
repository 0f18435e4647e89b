"""The preview of a training: three pictures on one scale, and spectra of a few pixels."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.qt.fields import check_box, combo_box, fill, row_of
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.style import LIVE_DASH, METHODS, REAL, SIMULATED, readable, theme, theme_on
from napari_udt.viewer.train.preview import MOST_PIXELS, PixelCurves, Preview

_TITLES = ("simulated", "transferred now", "target")
_PICTURES_HEIGHT, _CURVES_HEIGHT = 150, 130  # pixels
_COLUMNS = 2


class PreviewPlot(QWidget):
    """A check box, and what the newest preview shows."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview: Preview | None = None
        self.box = check_box(
            "Live preview",
            "While a model is trained, show what its present weights make of the pinned pixels, or of a typical pixel of each class "
            "where none is pinned, and of one picture, every few seconds.",
            self,
            checked=True,
        )
        self.wavelength = combo_box(
            "preview wavelength", "Wavelength", "at which the pictures are shown, on one common scale.", self
        )
        self.step = QLabel(self)
        self.pictures = pg.GraphicsLayoutWidget(self)
        self.pictures.setFixedHeight(_PICTURES_HEIGHT)
        self.curves = pg.GraphicsLayoutWidget(self)
        self.legend = wrapping_label("preview legend", self)
        self.images: list[pg.ImageItem] = []
        self._views, self._dots = [], []
        for column, title in enumerate(_TITLES):
            view = self.pictures.addPlot(row=0, col=column, title=title)
            view.hideAxis("left")
            view.hideAxis("bottom")
            view.hideButtons()
            view.setMenuEnabled(False)
            view.setMouseEnabled(False, False)
            view.setAspectLocked(True)
            view.invertY(True)
            image, dots = pg.ImageItem(axisOrder="row-major"), pg.ScatterPlotItem(size=8)
            view.addItem(image)
            view.addItem(dots)
            self.images.append(image)
            self._views.append(view)
            self._dots.append(dots)
        self.plots = [self.curves.addPlot(row=i // _COLUMNS, col=i % _COLUMNS) for i in range(MOST_PIXELS)]
        self.lines = [{name: plot.plot(connect="finite") for name in _TITLES} for plot in self.plots]
        for plot in self.plots:
            plot.hideButtons()
            plot.setMenuEnabled(False)
            plot.setMouseEnabled(False, False)
        self._head = row_of(self.step, self.wavelength)
        fill(self, self.box, self._head, self.pictures, self.legend, self.curves)
        self.wavelength.activated.connect(self._draw_pictures)
        self.box.toggled.connect(self._show_parts)
        self._take_theme()
        self._show_parts()

    @property
    def preview(self) -> Preview | None:
        """What is shown."""
        return self._preview

    def show_preview(self, preview: Preview | None, wavelength_nm: float | None = None) -> None:
        """Draw a preview; at first the pictures have the wavelength nearest to the one given."""
        shown = self.wavelength.currentData() if self._preview is not None else wavelength_nm
        self._preview = preview
        if preview is not None:
            grid = preview.wavelengths_nm
            if [self.wavelength.itemData(i) for i in range(self.wavelength.count())] != list(grid):
                self.wavelength.clear()
                for value in grid:
                    self.wavelength.addItem(f"{value:g} nm", float(value))
                near = grid[len(grid) // 2] if shown is None else shown
                self.wavelength.setCurrentIndex(int(np.abs(grid - near).argmin()))
            self.step.setText(f"weights of step {preview.step:,}")
            self._draw_pictures()
            self._draw_curves(preview)
        self._show_parts()

    def show_problem(self, sentence: str) -> None:
        """Say why there is no newer preview; the former one stays."""
        self.legend.setText(sentence)
        self.legend.setVisible(self.box.isChecked())

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the window's colours."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._take_theme()

    def _draw_pictures(self) -> None:
        preview = self._preview
        if preview is None:
            return
        planes, limits = preview.planes(self.wavelength.currentData())
        for image, plane in zip(self.images, planes, strict=True):
            image.setImage(plane, levels=limits, autoLevels=False)
        for dots in self._dots[:2]:  # the target shows another scene
            dots.setData(
                [
                    {"pos": (column + 0.5, row + 0.5), "brush": colour, "pen": "w"}
                    for row, column, colour in preview.places
                ]
            )
        for view, plane in zip(self._views, planes, strict=True):
            view.setRange(xRange=(0, plane.shape[1]), yRange=(0, plane.shape[0]), padding=0.02)

    def _draw_curves(self, preview: Preview) -> None:
        for index, plot in enumerate(self.plots):
            known = preview.curves[index] if index < len(preview.curves) else None
            plot.setVisible(known is not None)
            if known is not None:
                self._draw_pixel(index, known, preview)
        rows = -(-len(preview.curves) // _COLUMNS)
        self.curves.setFixedHeight(_CURVES_HEIGHT * max(1, rows))
        self.legend.setText(
            f"{preview.quantity} over wavelength [nm]. Thin dashes: simulated; thick dashes: transferred now; line: median of the "
            "class in one target cube."
            if preview.curves
            else "No simulated structure is named in the picture; pin pixels of a simulated cube to see their spectra here."
        )

    def _draw_pixel(self, index: int, known: PixelCurves, preview: Preview) -> None:
        plot, lines = self.plots[index], self.lines[index]
        plot.setTitle(
            without_markup(known.place.title),
            color=readable(known.place.colour, self._colours.background),
            size="9pt",
        )
        values = {"simulated": known.simulated, "transferred now": known.now, "target": known.target}
        for name, own in values.items():
            if own is None:
                lines[name].setData([], [])
            else:
                lines[name].setData(preview.wavelengths_nm, np.asarray(own, float))

    def _show_parts(self) -> None:
        shown = self.box.isChecked() and self._preview is not None
        for part in (self.step, self.wavelength, self.pictures, self.legend, self.curves):
            part.setVisible(shown)

    def _take_theme(self) -> None:
        self._colours = colours = theme(theme_on(self.palette().window().color().name()))
        for widget in (self.pictures, self.curves):
            widget.setBackground(colours.background)
        for view, title in zip(self._views, _TITLES, strict=True):
            view.setTitle(title, color=colours.text, size="9pt")
        styles = {
            "simulated": (SIMULATED.colour, 1, SIMULATED.dash),
            "transferred now": (METHODS["cinn"].colour, 2, LIVE_DASH),
            "target": (REAL.colour, 2, ()),
        }
        for plot, lines in zip(self.plots, self.lines, strict=True):
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.enableAutoSIPrefix(False)
                axis.setPen(colours.grid)
                axis.setTextPen(colours.text)
            for name, (colour, width, dash) in styles.items():
                pen = pg.mkPen(readable(colour, colours.background), width=width)
                if dash:
                    pen.setStyle(Qt.PenStyle.CustomDashLine)
                    pen.setDashPattern(list(dash))
                lines[name].setPen(pen)
