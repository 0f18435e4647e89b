"""Scroll area for docks in windows that are too low for their contents."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

_LEAST_LINES = 6


class VerticalScrollArea(QScrollArea):
    """Frameless area that scrolls vertically; it prefers the full height of its contents.

    Parameters
    ----------
    contents : QWidget
    parent : QWidget
    least_lines : int
        Minimum height, in lines of text.
    """

    def __init__(self, contents: QWidget, parent: QWidget, *, least_lines: int = _LEAST_LINES) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(least_lines * self.fontMetrics().height())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the fields inside take the keyboard focus
        self.setWidget(contents)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Follow the size hint of the contents; Qt's own area does not."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size hint of the contents: Qt's own is bounded."""
        contents = self.widget()
        return super().sizeHint() if contents is None else contents.sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a width that fits the contents and the scroll bar: nothing scrolls horizontally."""
        contents, bar = self.widget(), self.verticalScrollBar()
        width = 0 if contents is None else contents.minimumSizeHint().width()
        return QSize(width + (0 if bar is None else bar.sizeHint().width()), self.minimumHeight())


def scrolling_layout(dock: QWidget) -> QVBoxLayout:
    """Return a layout for the contents of a dock, which scroll where the window is too low."""
    contents, layout = QWidget(dock), QVBoxLayout(dock)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(VerticalScrollArea(contents, dock))
    return QVBoxLayout(contents)
