"""What is asked before a window with a running transfer closes."""

from __future__ import annotations

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMessageBox, QWidget

CANCEL, KEEP = "Cancel the transfer and close", "Keep running"


def closed_by_user(window: QObject | None) -> bool:
    """Whether it is a person who closes a napari window.

    A program (``viewer.close()``) closes what is inside first; it shall not wait for an answer.
    """
    inside = getattr(window, "_qt_viewer", None)
    return isinstance(inside, QWidget) and inside.isVisible()


def agrees_to_cancel(name: str, parent: QWidget) -> bool:
    """Ask whether the transfer of a cube may be cancelled for closing."""
    box = QMessageBox(parent)
    box.setWindowTitle("A transfer is running")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(f"{name} is still being transferred. A cancelled transfer leaves nothing behind.")
    cancel = box.addButton(CANCEL, QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(KEEP, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    agreed = box.clickedButton() is cancel
    box.deleteLater()
    return agreed
