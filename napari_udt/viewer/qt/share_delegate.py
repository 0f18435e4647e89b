"""Cells of a table with a bar behind the number."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QRect, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

SHARE = Qt.ItemDataRole.UserRole + 1  # share of the cell that is filled, 0-1
COLOUR = Qt.ItemDataRole.UserRole + 2  # hex
_OPACITY = 110  # of 255


class ShareDelegate(QStyledItemDelegate):
    """Paints the bar, then the cell as ever."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Fill the cell from the left up to its share."""
        share, colour = index.data(SHARE), index.data(COLOUR)
        super().paint(painter, option, index)
        if painter is not None and share is not None:
            filled = QColor(str(colour))
            filled.setAlpha(_OPACITY)
            room: QRect = option.rect.adjusted(1, 2, -1, -2)
            room.setWidth(max(round(room.width() * float(share)), 1))
            painter.fillRect(room, filled)
