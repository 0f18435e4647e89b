"""Ctrl+Z and Ctrl+Shift+Z on the canvas. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_udt.viewer.state.undo import History

if TYPE_CHECKING:
    from napari.components import ViewerModel


class UndoKeys:
    """Undoes and redoes steps by key and says in the status line what it did.

    napari binds these keys for painted labels only; there, a selected Labels layer keeps them.
    """

    def __init__(self, viewer: ViewerModel, history: History) -> None:
        self._history = history
        for keys, action in (("Control-Z", self.undo), ("Control-Shift-Z", self.redo)):
            try:
                viewer.bind_key(keys, action)
            except ValueError:  # the user gave this viewer's key another meaning
                continue

    def undo(self, viewer: Any) -> None:
        """Undo the last step."""
        title = self._history.undo()
        viewer.status = f"Undone: {title}" if title else "There is nothing to undo."

    def redo(self, viewer: Any) -> None:
        """Redo the step that was undone last."""
        title = self._history.redo()
        viewer.status = f"Redone: {title}" if title else "There is nothing to redo."
