"""A question before a window closes: one class for all that closing would lose."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QMainWindow, QMessageBox

from napari_udt.viewer.napari_adapter import viewer_widget_in


def closed_by_user(window: QObject | None) -> bool:
    """Whether it is a person who closes a napari window.

    A program (``viewer.close()``) closes what is inside first; it must not wait for an answer.
    """
    inside = viewer_widget_in(window)
    return inside is not None and inside.isVisible()


class CloseGuard(QObject):
    """Asks the person who closes a window whether it may; subclasses say when, and what is asked.

    Parameters
    ----------
    main : QMainWindow
    """

    def __init__(self, main: QMainWindow) -> None:
        super().__init__(main)
        self.main = main
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Keep the window open where the user says so."""
        if event is None or event.type() != QEvent.Type.Close or not closed_by_user(watched):
            return False
        if self.may_close():
            return False
        event.ignore()
        return True

    def may_close(self) -> bool:
        """Return whether the window may close, after a question where there is something to ask."""
        raise NotImplementedError

    def ask(self, title: str, text: str, proposed: str, other: str) -> str:
        """Ask with two buttons besides Cancel; return the title of the one that was pressed, "" for Cancel."""
        box = QMessageBox(self.main)
        box.setWindowTitle(title)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(text)
        buttons = {
            box.addButton(proposed, QMessageBox.ButtonRole.AcceptRole): proposed,
            box.addButton(other, QMessageBox.ButtonRole.DestructiveRole): other,
        }
        box.setDefaultButton(next(iter(buttons)))
        box.setEscapeButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        return next((words for button, words in buttons.items() if button is chosen), "")
