"""What the Population dock shows in the place of the open cubes, and the way back to these."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget

from napari_udt.viewer.qt.fields import push_button, row_of


class GivenRow(QWidget):
    """A title and a button; hidden while the open cubes are shown."""

    dismissed = Signal()  # show the open cubes again

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(self)
        self._title.setObjectName("given")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self.button = push_button("Open cubes", "Show the cubes that are open in the window again.", self)
        row_of(self._title, self.button, equal=False, parent=self).setStretch(0, 1)
        self.button.clicked.connect(self.dismissed)
        self.setVisible(False)

    def show_title(self, title: str) -> None:
        """Show what is shown; an empty title hides the row."""
        self._title.setText(title)
        self.setVisible(bool(title))
