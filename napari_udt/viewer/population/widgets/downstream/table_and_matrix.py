"""The scores above the confusion matrix, or one of the two at a time in a low window."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QPushButton, QSplitter, QWidget

_HEIGHT_FOR_BOTH = 440  # pixels


class TableAndMatrix(QSplitter):
    """Splitter that shows both where it is high enough; else ``switch``, a button to be placed elsewhere, toggles them.

    Parameters
    ----------
    table, matrix : QWidget
    title : str
        Of the button.
    parent : QWidget, optional
    """

    def __init__(self, table: QWidget, matrix: QWidget, title: str, *, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._table, self._matrix = table, matrix
        self.setChildrenCollapsible(False)
        self.addWidget(table)
        self.addWidget(matrix)
        self.setSizes([_HEIGHT_FOR_BOTH // 2] * 2)
        self.switch = QPushButton(title, parent)
        self.switch.setObjectName(title)
        self.switch.setCheckable(True)
        self.switch.setToolTip("Show the matrix of the selected row in place of the table.")
        self.switch.clicked.connect(self._fit)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show both or one, depending on the height."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        both = self.height() >= _HEIGHT_FOR_BOTH
        self.switch.setVisible(not both)
        self._matrix.setVisible(both or self.switch.isChecked())
        self._table.setVisible(both or not self.switch.isChecked())
