"""The question before a window with a running transfer closes, and when its dock is removed."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QMessageBox, QWidget

CANCEL, KEEP = "Cancel the transfer and close", "Keep running"
STOP = "Cancel the transfer"


def agrees_to_cancel(name: str, parent: QWidget, title: str = CANCEL, over: Any = None) -> bool:
    """Ask whether the transfer of a cube may be cancelled; ``over``, a signal, takes the question back."""
    box = QMessageBox(parent)
    box.setWindowTitle("A transfer is running")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(f"{name} is still being transferred. A cancelled transfer leaves nothing behind.")
    cancel = box.addButton(title, QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(KEEP, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    if over is not None:
        over.connect(box.reject)
    box.exec()
    agreed = box.clickedButton() is cancel
    box.deleteLater()
    return agreed


class RemovedDock(QObject):
    """Asks whether to cancel a run whose dock was removed; the dock lives on, hidden, until the run has ended.

    Parameters
    ----------
    page : QWidget
        What is in the dock. napari takes it out when the dock's cross is pressed, and does not ask before.
    running : callable
        Returns the name of the cube that is being transferred, None when there is none.
    cancel : callable
    """

    _over = Signal()

    def __init__(
        self, page: QWidget, running: Callable[[], str | None], cancel: Callable[[], object]
    ) -> None:
        super().__init__(page)
        self._running, self._cancel = running, cancel
        self._home = weakref.ref(page.window())
        page.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """See the page leave its dock."""
        if event is not None and event.type() == QEvent.Type.ParentAboutToChange:
            self._home = weakref.ref(self.parent().window())
        if event is not None and event.type() == QEvent.Type.ParentChange and self._alone():
            page = self.parent()
            _remaining.add(page)
            QTimer.singleShot(0, lambda: self._ask(page))
        return False

    def run_ended(self) -> None:
        """Release a page that only its run kept, once all slots have been called."""
        page = self.parent()
        QTimer.singleShot(0, lambda: _remaining.discard(page))
        self._over.emit()

    def _alone(self) -> bool:
        return self._running() is not None and self.parent().parent() is None

    def _ask(self, page: QWidget) -> None:
        name = self._running() if isalive(page) else None
        if name is not None and agrees_to_cancel(name, self._home() or page, STOP, self._over):
            self._cancel()


_remaining: set[QObject] = set()
