"""The question before a window with a collection that is in no file closes."""

from __future__ import annotations

from napari.utils.notifications import show_info
from qtpy.QtWidgets import QMainWindow

from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.collection.widgets.actions import ask_and_save
from napari_udt.viewer.session.widgets.close_guard import CloseGuard
from napari_udt.wording import counted

SAVE, LOSE = "Save the collection…", "Close without saving"


class CollectionGuard(CloseGuard):
    """Asks the person who closes a window whether the list of cubes, and what was said about them, shall be lost.

    Parameters
    ----------
    collection : OpenCollection
    main : QMainWindow
    """

    def __init__(self, collection: OpenCollection, main: QMainWindow) -> None:
        super().__init__(main)
        self._collection = collection

    def may_close(self) -> bool:
        """Ask where the collection has changes that are in no file."""
        cubes = self._collection.cubes
        if not cubes or self._collection.saved:
            return True
        text = (
            f"The collection of {counted(len(cubes), 'cube')} has changes that are in no file. The cubes themselves "
            "stay where they are."
        )
        chosen = self.ask("The collection is not saved", text, SAVE, LOSE)
        if chosen == SAVE:
            return ask_and_save(self._collection, self.main, show_info) is not None
        return chosen == LOSE
