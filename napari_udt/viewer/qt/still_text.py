"""Text that changes often and lets the rest of the window stand still."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class StillText(QWidget):
    """Plain text that wraps, of some lines or more.

    A label has the whole window laid out, and painted, each time that its text changes: several times while the mouse
    moves by a pixel. Here that happens only when the text needs another height.

    Parameters
    ----------
    name : str
        Object name of the label inside.
    parent : QWidget
    lines : int
        Room that is always kept, in lines of text.
    """

    def __init__(self, name: str, parent: QWidget, lines: int = 1) -> None:
        super().__init__(parent)
        self._lines = lines
        # A child without a layout around it asks for nothing.
        self._label = text_line(name, self)
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """Return what is said."""
        return self._label.text()

    def setText(self, text: str) -> None:  # noqa: N802 - as labels call it
        """Say something else."""
        if text != self._label.text():
            self._label.setText(text)
            self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Any width will do."""
        return QSize(0, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take the theme's font, which is known by now."""
        super().showEvent(event)
        self._label.ensurePolished()
        self._fit()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the font."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        label = getattr(self, "_label", None)
        if label is None:  # Qt tells of the font before the label is made
            return
        height = max(self._lines * label.fontMetrics().height(), label.heightForWidth(self.width()))
        if height != self.minimumHeight():
            self.setFixedHeight(height)
        label.setGeometry(0, 0, self.width(), height)


def text_line(name: str, parent: QWidget) -> QLabel:
    """Return a label for plain text that wraps."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
