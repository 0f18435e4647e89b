"""A small panel over the window that leads through it, and can be skipped."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QMainWindow, QVBoxLayout, QWidget

from napari_udt.viewer.qt.fields import push_button
from napari_udt.viewer.style import THEMES
from napari_udt.viewer.tour import STEPS, TourStep

_WIDTH, _MARGIN, _FRAME = 380, 24, 3  # pixels


class TourPanel(QFrame):
    """Shows one step of the tour at a time at the lower edge of the picture, and frames the dock that it is about.

    Parameters
    ----------
    main : QMainWindow
        The window; nothing in it is blocked meanwhile.
    steps : sequence of TourStep
    """

    def __init__(self, main: QMainWindow, steps: Sequence[TourStep] = STEPS) -> None:
        super().__init__(main)
        self._main, self._steps, self._number = main, steps, 0
        self._highlight = _Highlight(main)
        self.setObjectName("tour")
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setFixedWidth(_WIDTH)
        self.title, self.text = QLabel(self), QLabel(self)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.text.setWordWrap(True)
        self.skip_button = push_button("Skip the tour", "Close this panel; the window stays as it is.", self)
        self.next_button = push_button("Next", "Go on to the next part of the window.", self)
        self.skip_button.clicked.connect(self.end)
        self.next_button.clicked.connect(self.go_on)
        buttons = QHBoxLayout()
        buttons.addWidget(self.skip_button)
        buttons.addStretch()
        buttons.addWidget(self.next_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        main.installEventFilter(self)
        self._show_step()
        self.show()

    @property
    def step(self) -> TourStep:
        """The step that is shown."""
        return self._steps[self._number]

    def go_on(self) -> None:
        """Show the next step; end after the last."""
        if self._number + 1 == len(self._steps):
            self.end()
        else:
            self._number += 1
            self._show_step()

    def end(self) -> None:
        """Close the panel."""
        self._main.removeEventFilter(self)
        self._highlight.deleteLater()
        self.hide()
        self.deleteLater()

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Stay where the picture is while the window changes its size."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return False

    def _show_step(self) -> None:
        step, last = self.step, self._number + 1 == len(self._steps)
        self.title.setText(f"{self._number + 1} of {len(self._steps)} · {step.title}")
        self.text.setText(step.text)
        self.next_button.setText("Finish" if last else "Next")
        self.skip_button.setVisible(not last)
        dock = self._main.findChild(QDockWidget, step.dock) if step.dock else None
        if dock is not None:
            dock.show()
            dock.raise_()
        self._place()

    def _place(self) -> None:
        """Lie at the lower edge of the picture, and frame the step's dock, else the picture."""
        central = self._main.centralWidget()
        if central is None:
            return
        self.adjustSize()
        picture = QRect(central.mapTo(self._main, QPoint()), central.size())
        left = picture.center().x() - self.width() // 2
        self.move(max(left, 0), picture.bottom() - self.height() - _MARGIN)
        dock = self._main.findChild(QDockWidget, self.step.dock) if self.step.dock else None
        self._highlight.setGeometry(picture if dock is None else dock.geometry())
        self._highlight.show()
        self._highlight.raise_()
        self.raise_()


class _Highlight(QWidget):
    """A frame that lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Paint the frame."""
        painter = QPainter(self)
        painter.setPen(QPen(QColor(THEMES["dark"].accent), _FRAME))
        painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()
