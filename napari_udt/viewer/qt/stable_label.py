"""Label whose text changes often without a new layout of the window."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class StableLabel(QWidget):
    """Word-wrapped plain text with a minimum number of lines.

    A QLabel triggers a layout and a repaint of the whole window at each change of its text: several times while the mouse
    moves by a pixel. This one does so only when the text needs another height.

    Parameters
    ----------
    name : str
        Object name of the label inside.
    parent : QWidget
    lines : int
        Minimum height, in lines of text.
    """

    def __init__(self, name: str, parent: QWidget, lines: int = 1) -> None:
        super().__init__(parent)
        self._lines = lines
        # A child outside of any layout causes no layout.
        self._label = wrapping_label(name, self)
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """Return the text."""
        return self._label.text()

    def setText(self, text: str) -> None:  # noqa: N802 - as labels call it
        """Show a text."""
        if text != self._label.text():
            self._label.setText(text)
            self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a hint without a width: the text wraps."""
        return QSize(0, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Wrap the text again."""
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
        if label is None:  # Qt sends a font change before the label is made
            return
        height = max(self._lines * label.fontMetrics().height(), label.heightForWidth(self.width()))
        if height != self.minimumHeight():
            self.setFixedHeight(height)
        label.setGeometry(0, 0, self.width(), height)


def wrapping_label(name: str, parent: QWidget) -> QLabel:
    """Return a word-wrapped label for plain text."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
