"""Legend of all figures of a population: a check box per group, which shows or hides it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qtpy.QtCore import QPointF, QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QCheckBox, QWidget
from superqt import QFlowLayout

from napari_udt.outgoing_text import without_markup
from napari_udt.population.appearance import GroupAppearance
from napari_udt.viewer.spectra.widgets.curve_items import draw_line
from napari_udt.viewer.style import Theme

_SAMPLE = QSize(30, 14)


class GroupLegend(QWidget):
    """Check boxes with line samples; they show or hide groups."""

    hidden_changed = Signal(object)  # tuple of names

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QCheckBox] = {}
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(2)
        self._flow.setVerticalSpacing(0)

    def set_groups(
        self, group_appearances: Mapping[str, GroupAppearance], hidden: Collection[str], colours: Theme
    ) -> None:
        """Show these groups; no signal is emitted."""
        if list(group_appearances) != list(self._buttons):
            self._remake(group_appearances)
        for name, appearance in group_appearances.items():
            button = self._buttons[name]
            button.setText(appearance.short)
            button.setToolTip(without_markup(f"{appearance.title}\nUntick it to hide it in all figures."))
            button.setAccessibleName(f"Show {appearance.title}")
            button.setIcon(_sample(appearance, colours))
            button.setChecked(name not in hidden)

    def _remake(self, group_appearances: Mapping[str, GroupAppearance]) -> None:
        for button in self._buttons.values():
            self._flow.removeWidget(button)
            button.hide()  # it stays a child until Qt deletes it, so that it does not outlive its window
            button.deleteLater()
        self._buttons = {name: self._button(name) for name in group_appearances}

    def _button(self, name: str) -> QCheckBox:
        button = QCheckBox(self)
        button.setObjectName(f"group {name}")
        button.setIconSize(_SAMPLE)
        button.clicked.connect(self._on_clicked)
        self._flow.addWidget(button)
        return button

    def _on_clicked(self) -> None:
        self.hidden_changed.emit(tuple(n for n, button in self._buttons.items() if not button.isChecked()))


def _sample(appearance: GroupAppearance, colours: Theme) -> QIcon:
    scale = 2  # sharp on screens with two device pixels per pixel
    pixmap = QPixmap(_SAMPLE * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_line(painter, appearance.style, colours, QPointF(1, _SAMPLE.height() / 2), _SAMPLE.width() - 2)
    painter.end()
    return QIcon(pixmap)
