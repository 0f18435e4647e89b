"""A button that opens a list to tick: structures, chromophores. It stays open while one ticks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
    QWidgetAction,
)

_VALUE = Qt.ItemDataRole.UserRole
_SWATCH = QSize(14, 14)
_MOST_ROWS = 12


@dataclass(frozen=True)
class Pick:
    """One line of the list: value, text, colour (hex)."""

    value: str
    text: str
    colour: str


class PickButton(QPushButton):
    """A list to tick; ``chosen`` carries all ticked values, in the order in which they were ticked."""

    chosen = Signal(str, object)  # name of the option, tuple of values

    def __init__(self, option: str, title: str, tooltip: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._option, self._title = option, title
        self._picks: tuple[Pick, ...] = ()
        self._note = ""
        self._ticked: tuple[str, ...] = ()
        self.setObjectName(option)
        self.setAccessibleName(title)
        self.setToolTip(tooltip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._list = QListWidget(self)
        self._list.itemChanged.connect(self._on_item_changed)
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self._list)
        menu.addAction(action)
        menu.aboutToShow.connect(self._on_about_to_show)
        self.setMenu(menu)
        self._show_count()

    @property
    def ticked(self) -> tuple[str, ...]:
        """The ticked values, in the order in which they were ticked."""
        return self._ticked

    def set_picks(self, picks: Sequence[Pick], note: str = "") -> None:
        """Offer other lines, and below them one that cannot be ticked; no signal is emitted."""
        if (tuple(picks), note) != (self._picks, self._note):
            self._picks, self._note = tuple(picks), note
            self._list.blockSignals(True)
            self._list.clear()
            for pick in picks:
                self._list.addItem(_item(pick))
            if note:
                last = QListWidgetItem(note)
                last.setFlags(Qt.ItemFlag.NoItemFlags)
                self._list.addItem(last)
            self._list.blockSignals(False)
            self._show_ticks()

    def set_ticked(self, values: Collection[str]) -> None:
        """Tick these and no others; no signal is emitted."""
        self._ticked = tuple(values)
        self._show_ticks()

    def _show_ticks(self) -> None:
        self._list.blockSignals(True)
        for row in range(len(self._picks)):
            item = self._list.item(row)
            ticked = item.data(_VALUE) in self._ticked
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self._list.blockSignals(False)
        self._show_count()

    def _show_count(self) -> None:
        self.setText(f"{self._title} ({len(self._ticked)})" if self._ticked else self._title)

    def _on_item_changed(self, item: QListWidgetItem) -> None:
        value = item.data(_VALUE)
        rest = tuple(v for v in self._ticked if v != value)
        self._ticked = (*rest, value) if item.checkState() == Qt.CheckState.Checked else rest
        self._show_count()
        self.chosen.emit(self._option, self._ticked)

    def _on_about_to_show(self) -> None:
        rows = max(1, min(self._list.count(), _MOST_ROWS))
        height = max(self._list.sizeHintForRow(0), self.fontMetrics().height() + 6)
        self._list.setFixedSize(self._list.sizeHintForColumn(0) + 40, rows * height + 6)
        self._list.setCurrentRow(0)
        self._list.setFocus()


def _item(pick: Pick) -> QListWidgetItem:
    swatch = QPixmap(_SWATCH)
    swatch.fill(QColor(pick.colour))
    item = QListWidgetItem(QIcon(swatch), pick.text)
    item.setData(_VALUE, pick.value)
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
    return item
