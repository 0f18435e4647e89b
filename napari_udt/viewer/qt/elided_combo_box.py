"""Combo box that shrinks in a narrow dock and elides its text."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_MARGIN = 4  # pixels, between the text and the arrow


class ElidedComboBox(QComboBox):
    """Combo box that elides the chosen text in its middle: names of cubes differ at their ends."""

    elision = Qt.TextElideMode.ElideMiddle

    def __init__(self, name: str, question: str, tooltip: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(question)
        self.setPlaceholderText("–")
        self.setToolTip(f"<qt>{question}: {tooltip}</qt>")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def needed_width(self) -> int:
        """Return the width in pixels from which on the chosen text is drawn whole."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        text = self.fontMetrics().horizontalAdvance(self.currentText() or self.placeholderText())
        return self.width() - self._room(option) + text + 1

    def shown_text(self) -> str:
        """Return the chosen text as it is drawn."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._elided(option)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the box as the style does, with the elided text."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self._elided(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _elided(self, option: QStyleOptionComboBox) -> str:
        text = self.currentText() or self.placeholderText()
        return self.fontMetrics().elidedText(text, self.elision, self._room(option))

    def _room(self, option: QStyleOptionComboBox) -> int:
        """Return how many pixels of the box are free for its text."""
        style = self.style()
        field, box = QStyle.SubControl.SC_ComboBoxEditField, QStyle.ComplexControl.CC_ComboBox
        width = self.width() if style is None else style.subControlRect(box, option, field, self).width()
        return width - _MARGIN
