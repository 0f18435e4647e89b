"""Graphics of pictures and call-outs on a sheet, reused for each figure."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtWidgets import QGraphicsScene

from napari_udt.cube import Modality
from napari_udt.outgoing_text import without_markup
from napari_udt.population.scenes import CallOut, Picture
from napari_udt.viewer.population.widgets.figures.canvas import without_menu
from napari_udt.viewer.style import Theme

_MAPS: dict[Modality, tuple[str, float]] = {"HSI": ("CET-L1", 1.0), "PAT": ("inferno", 0.6)}  # map, gamma
LINE_HEIGHT = 18  # pixels, of a title
_LETTER = 7.0  # pixels, on average
_ON_PICTURES = "#00e5ff"  # in neither colour map


def colour_map(modality: Modality) -> pg.ColorMap:
    """Return the colours of a modality's pictures: as those of the layers, gamma included."""
    name, gamma = _MAPS[modality]
    colours = pg.colormap.get(name).getLookupTable(nPts=256)
    return pg.ColorMap(np.linspace(0, 1, 256) ** (1 / gamma), colours)


class PictureItem:
    """One picture under its title; coordinates are columns and rows, pixel (0, 0) at the upper left."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self.picture: Picture | None = None
        self.box = pg.ViewBox(enableMenu=False, enableMouse=False, defaultPadding=0, invertY=True)
        self._label = pg.LabelItem(justify="center")
        self._image = pg.ImageItem(axisOrder="row-major")
        self.box.addItem(self._image)
        scene.addItem(self.box)
        scene.addItem(self._label)
        self._aspect = 1.0
        self._title = ""

    def show(
        self,
        values: NDArray[np.float32],
        title: str,
        pixel_size_mm: tuple[float, float] | None,
        limits: tuple[float, float],
        colours: pg.ColorMap,
        theme: Theme,
    ) -> None:
        """Draw values at the true proportions of their pixels."""
        rows, columns = values.shape
        height, width = pixel_size_mm or (1.0, 1.0)
        self._aspect = columns * width / (rows * height)
        self._image.setImage(values, autoLevels=False, levels=limits)
        self._image.setColorMap(colours)
        self.box.setRange(xRange=(0, columns), yRange=(0, rows), padding=0)
        self.box.setBorder(pg.mkPen(theme.grid, width=1))
        self._title, self._colour = without_markup(title), theme.text
        self.set_visible(True)

    def put(self, room: QRectF, lines: int = 1) -> None:
        """Fill a room of the sheet as far as the proportions allow, below a title of one line or two."""
        title = lines * LINE_HEIGHT
        height = max(room.height() - title, 1.0)
        width = min(room.width(), height * self._aspect)
        height = width / self._aspect
        left, top = room.center().x() - width / 2, room.top() + title
        self.box.setGeometry(QRectF(left, top, width, height))
        text = self._title if lines == 1 else self._title.replace(" (", "<br>(", 1)
        self._label.setText(text, color=self._colour, size="9pt")
        self._label.setGeometry(QRectF(room.left(), room.top(), room.width(), title))

    @property
    def title_width(self) -> float:
        """Width of the title in one line, in pixels."""
        return len(self._title) * _LETTER

    def set_visible(self, visible: bool) -> None:
        """Show or hide the picture."""
        self.box.setVisible(visible)
        self._label.setVisible(visible)

    def pixel_at(self, position: QPointF) -> tuple[int, int] | None:
        """Return row and column under a point of the scene; None beside the picture."""
        if (
            self.picture is None
            or not self.box.isVisible()
            or not self.box.sceneBoundingRect().contains(position)
        ):
            return None
        point = self.box.mapSceneToView(position)
        rows, columns = self.picture.values.shape
        row, column = int(np.floor(point.y())), int(np.floor(point.x()))
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None


class CallOutItem(pg.ROI):
    """A square that can be dragged, with its text."""

    def __init__(self) -> None:
        super().__init__((0, 0), size=(1, 1), movable=True, resizable=False, rotatable=False)
        self.position = -1  # in the list of call-outs
        self._text = pg.TextItem(anchor=(0, 1))
        self._text.setParentItem(self)
        self.setZValue(20)

    def show_call_out(self, position: int, call_out: CallOut, theme: Theme, *, chosen: bool) -> None:
        """Draw a call-out; no signal is emitted."""
        self.position = position
        self.blockSignals(True)
        self.setPos(call_out.column - call_out.size // 2, call_out.row - call_out.size // 2)
        self.setSize((call_out.size, call_out.size))
        self.blockSignals(False)
        style = Qt.PenStyle.SolidLine if chosen else Qt.PenStyle.DashLine
        self.setPen(pg.mkPen(_ON_PICTURES, width=2, style=style))
        self._text.setText(call_out.text, color=_ON_PICTURES)
        self.setVisible(True)

    def centre(self) -> tuple[int, int]:
        """Return row and column of the centre."""
        corner: QPointF = self.pos()
        half = int(self.size()[0]) // 2
        return round(corner.y()) + half, round(corner.x()) + half


class ColourBar:
    """The common scale, with the quantity and its unit, at the right of a sheet."""

    WIDTH = 76  # pixels

    def __init__(self, view: pg.GraphicsView) -> None:
        self._bar = pg.ColorBarItem(width=12, interactive=False)
        without_menu(self._bar, view)
        self._bar.axis.enableAutoSIPrefix(False)
        view.scene().addItem(self._bar)

    def show(self, limits: tuple[float, float], quantity: str, colours: pg.ColorMap, theme: Theme) -> None:
        """Show a scale."""
        self._bar.setColorMap(colours)
        self._bar.setLevels(limits)
        self._bar.axis.setPen(theme.grid)
        self._bar.axis.setTextPen(theme.text)
        self._bar.setLabel("right", without_markup(quantity))

    def put(self, room: QRectF) -> None:
        """Fill a room of the sheet."""
        self._bar.setGeometry(room)
