"""Pictures side by side on one scale, with call-outs that can be placed and dragged, and their magnified contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QKeyEvent, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_udt.cube import Modality
from napari_udt.population.scenes import Picture, Scenes
from napari_udt.viewer.population.call_outs import CallOuts, best_columns, shown_in
from napari_udt.viewer.population.widgets.figures.canvas import announce_key
from napari_udt.viewer.population.widgets.pictures.items import (
    LINE_HEIGHT,
    CallOutItem,
    ColourBar,
    PictureItem,
    colour_map,
)
from napari_udt.viewer.style import Theme

_CUT_OUT_HEIGHT, _MOST_CUT_OUTS = 96, 8  # pixels; call-outs that are magnified
_GAP = 6  # pixels


class PictureSheet(pg.GraphicsView):
    """View of pictures; it announces where a call-out is placed and where one is dragged."""

    placed = Signal(str, int, int)  # name of the picture, row, column
    moved = Signal(int, int, int)  # position in the list of call-outs, row, column
    key_pressed = Signal(int, bool)  # one of ``keys``, whether Shift is held
    message = Signal(str)  # the value under the mouse

    def __init__(self, *, parent: QWidget | None = None) -> None:
        self._pictures: list[PictureItem] = []  # before Qt sends the first event
        self._cut_outs: list[PictureItem] = []
        self._marks: list[CallOutItem] = []
        self._bar: ColourBar | None = None
        self._figure: Scenes | None = None
        self._shown: list[PictureItem] = []
        self._magnified: list[PictureItem] = []
        super().__init__(parent=parent)
        self.placing = False
        self.keys: frozenset[int] = frozenset()
        self.setAccessibleName("Pictures of all domains")
        self.setMinimumSize(160, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    @property
    def items_shown(self) -> tuple[PictureItem, ...]:
        """The pictures on the sheet."""
        return tuple(self._shown)

    def show_scenes(
        self, figure: Scenes, pictures: Mapping[str, tuple[Picture, str]], modality: Modality, theme: Theme
    ) -> None:
        """Draw pictures, by the name of their group, under their titles."""
        self._figure, self._colours = figure, colour_map(modality)
        self.setBackground(theme.background)
        self._shown = self._enough(self._pictures, len(pictures))
        for item, (picture, title) in zip(self._shown, pictures.values(), strict=True):
            item.show(picture.values, title, picture.pixel_size_mm, figure.limits, self._colours, theme)
            item.picture = picture
        if self._bar is None:
            self._bar = ColourBar(self)
        self._bar.show(figure.limits, figure.quantity, self._colours, theme)
        self._arrange()

    def show_call_outs(self, call_outs: CallOuts, chosen: int, theme: Theme) -> None:
        """Mark call-outs, and magnify them below the pictures."""
        items = {item.picture.name: item for item in self._shown if item.picture is not None}
        shown = shown_in(call_outs, items)
        while len(self._marks) < len(shown):
            self._marks.append(self._made_mark())
        for mark in self._marks[len(shown) :]:
            mark.setVisible(False)
        for mark, (position, call_out) in zip(self._marks, shown, strict=False):
            box = items[call_out.picture].box
            if mark.parentItem() is not box.childGroup:
                box.addItem(mark, ignoreBounds=True)
            mark.show_call_out(position, call_out, theme, chosen=position == chosen)
        self._magnify([(items[one.picture].picture, one) for _, one in shown[:_MOST_CUT_OUTS]], theme)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Arrange the pictures so that they come out largest."""
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Announce the keys in ``keys``."""
        if not announce_key(self, event):
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Clear the value under the mouse."""
        self.message.emit("")
        super().leaveEvent(event)

    def _enough(self, pool: list[PictureItem], count: int) -> list[PictureItem]:
        """Return so many items, made where needed; the others are hidden."""
        while len(pool) < count:
            pool.append(PictureItem(self.scene()))
        for item in pool[count:]:
            item.picture = None
            item.set_visible(False)
        return pool[:count]

    def _magnify(self, wanted: list[tuple[Any, Any]], theme: Theme) -> None:
        assert self._figure is not None
        cuts = [(picture, one, picture.cut_out(one)) for picture, one in wanted]
        cuts = [cut for cut in cuts if cut[2].size]
        self._magnified = self._enough(self._cut_outs, len(cuts))
        for item, (picture, one, values) in zip(self._magnified, cuts, strict=True):
            item.show(values, one.text, picture.pixel_size_mm, self._figure.limits, self._colours, theme)

    def _arrange(self) -> None:
        """Lay out the pictures."""
        if not self._shown or self._shown[0].picture is None or self._bar is None:
            return
        picture = self._shown[0].picture
        rows, columns = picture.values.shape
        height_mm, width_mm = picture.pixel_size_mm or (1.0, 1.0)
        strip = _CUT_OUT_HEIGHT + _GAP if self._magnified else 0
        width, height = self.width() - ColourBar.WIDTH - _GAP, self.height() - strip
        across = best_columns(
            len(self._shown), columns * width_mm / (rows * height_mm), width, height, LINE_HEIGHT
        )
        lines = -(-len(self._shown) // across)
        titles = 1 + any(item.title_width > width / across for item in self._shown)
        for place, item in enumerate(self._shown):
            row, column = divmod(place, across)
            item.put(_room(column, row, width / across, height / lines, 0.0), titles)
        for place, item in enumerate(self._magnified):
            item.put(_room(place, 0, min(width / len(self._magnified), 1.5 * strip), strip, height))
        self._bar.put(
            QRectF(self.width() - ColourBar.WIDTH, _GAP, ColourBar.WIDTH - 2, self.height() - 2 * _GAP)
        )

    def _made_mark(self) -> CallOutItem:
        mark = CallOutItem()
        mark.sigRegionChangeFinished.connect(self._on_dragged)
        return mark

    def _on_dragged(self, mark: CallOutItem) -> None:
        self.moved.emit(mark.position, *mark.centre())

    def _under(self, position: QPointF) -> tuple[Picture, tuple[int, int]] | None:
        for item in self._shown:
            pixel = item.pixel_at(position)
            if pixel is not None and item.picture is not None:
                return item.picture, pixel
        return None

    def _on_clicked(self, event: Any) -> None:
        found = self._under(event.scenePos()) if self.placing else None
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.placed.emit(found[0].name, *found[1])

    def _on_mouse_moved(self, position: QPointF) -> None:
        found = self._under(position)
        if found is None or self._figure is None:
            self.message.emit("")
            return
        picture, pixel = found
        value = float(picture.values[pixel])
        known = f"{value:.4g}" if np.isfinite(value) else "no value"
        self.message.emit(
            f"row {pixel[0]}, column {pixel[1]}: {known} at {self._figure.wavelength_nm:.4g} nm"
        )


def _room(column: int, row: int, width: float, height: float, top: float) -> QRectF:
    return QRectF(column * width + _GAP / 2, top + row * height, width - _GAP, height - _GAP)
