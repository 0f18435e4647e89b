"""What the process of a training says, as text that grows."""

from __future__ import annotations

from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QPlainTextEdit, QWidget

_FEWEST_LINES = 7  # of the text, which scrolls


class Findings(QPlainTextEdit):
    """Lines of fixed width."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setObjectName("findings")
        self.setAccessibleName("What was found in the cubes")
        self.setToolTip("<qt>What the training says about the cubes and about itself.</qt>")
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setMinimumHeight(_FEWEST_LINES * self.fontMetrics().height())

    def show_text(self, text: str) -> None:
        """Add what is new; who reads the end stays there."""
        before = self.toPlainText()
        if before and text.startswith(f"{before}\n"):
            self.appendPlainText(text[len(before) + 1 :])
        elif text != before:
            self.setPlainText(text)

    def show_end(self) -> None:
        """Scroll to the end, where what was reached stands."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
