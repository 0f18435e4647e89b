"""An area that scrolls when a window is too low for what is in it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

_LEAST_LINES = 6


class LowArea(QScrollArea):
    """Frameless; it asks for the room of what is in it, and makes do with a few lines.

    Parameters
    ----------
    inside : QWidget
    parent : QWidget
    least_lines : int
        How many lines of text stay in sight in the lowest of windows.
    """

    def __init__(self, inside: QWidget, parent: QWidget, *, least_lines: int = _LEAST_LINES) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(least_lines * self.fontMetrics().height())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the fields inside are what the keyboard goes to
        self.setWidget(inside)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Pass on that what is inside needs other room; Qt's own area keeps it to itself."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for the room of what is inside: Qt's own hint stops at some lines."""
        inside = self.widget()
        return super().sizeHint() if inside is None else inside.sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Never be narrower than what is inside, which scrolls up and down only, with the bar beside it."""
        inside, bar = self.widget(), self.verticalScrollBar()
        width = 0 if inside is None else inside.minimumSizeHint().width()
        return QSize(width + (0 if bar is None else bar.sizeHint().width()), self.minimumHeight())


def in_low_area(dock: QWidget) -> QVBoxLayout:
    """Return the layout of a widget's contents, in an area that scrolls when there is little room."""
    inside = QWidget(dock)
    outside = QVBoxLayout(dock)
    outside.setContentsMargins(0, 0, 0, 0)
    outside.addWidget(LowArea(inside, dock))
    return QVBoxLayout(inside)
