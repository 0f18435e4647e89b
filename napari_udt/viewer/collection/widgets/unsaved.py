"""The question before a window with a collection that is in no file closes."""

from __future__ import annotations

from napari.utils.notifications import show_info
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox

from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.collection.widgets.actions import ask_and_save
from napari_udt.viewer.transfer.widgets.closing import closed_by_user
from napari_udt.wording import counted

SAVE, LOSE = "Save the collection…", "Close without saving"


class CollectionGuard(QObject):
    """Asks the person who closes a window whether the list of cubes, and what was said about them, shall be lost.

    Parameters
    ----------
    collection : OpenCollection
    main : QMainWindow
    """

    def __init__(self, collection: OpenCollection, main: QMainWindow) -> None:
        super().__init__(main)
        self._collection, self._main = collection, main
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Keep the window open where the user says so."""
        if event is None or event.type() != QEvent.Type.Close or not closed_by_user(watched):
            return False
        if self._collection.cubes and not self._collection.saved and not self._may_close():
            event.ignore()
            return True
        return False

    def _may_close(self) -> bool:
        box = QMessageBox(self._main)
        box.setWindowTitle("The collection is not saved")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(
            f"The collection of {counted(len(self._collection.cubes), 'cube')} has changes that are in no file. The cubes themselves "
            "stay where they are."
        )
        save = box.addButton(SAVE, QMessageBox.ButtonRole.AcceptRole)
        lose = box.addButton(LOSE, QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.setEscapeButton(stay)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        return chosen is lose or (
            chosen is save and ask_and_save(self._collection, self._main, show_info) is not None
        )
