"""A box of choices whose names may be long: it gives way in a narrow dock and shortens what it shows."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_SPARE = 4  # pixels, between the text and the arrow


class ElidedBox(QComboBox):
    """Shortens the chosen name in its middle: names of cubes differ at their ends."""

    elision = Qt.TextElideMode.ElideMiddle

    def __init__(self, name: str, question: str, tooltip: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(question)
        self.setPlaceholderText("–")
        self.setToolTip(f"<qt>{question}: {tooltip}</qt>")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def shown_text(self) -> str:
        """Return as much of the chosen name as there is room for."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._shortened(option)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the box as the style does, with the shortened name."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self._shortened(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _shortened(self, option: QStyleOptionComboBox) -> str:
        style = self.style()
        field, box = QStyle.SubControl.SC_ComboBoxEditField, QStyle.ComplexControl.CC_ComboBox
        room = self.width() if style is None else style.subControlRect(box, option, field, self).width()
        text = self.currentText() or self.placeholderText()
        return self.fontMetrics().elidedText(text, self.elision, room - _SPARE)
