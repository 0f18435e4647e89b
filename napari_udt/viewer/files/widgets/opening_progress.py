"""Progress of opening a file that takes long."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QProgressDialog, QWidget

from napari_udt.errors import TransferCancelled

PATIENCE_MS = 400  # what is faster shows no progress bar


class OpeningProgress:
    """A bar with a button to cancel, for :func:`napari_udt.io.open_cubes` and its ``progress``.

    Parameters
    ----------
    parent : QWidget, optional
        Window that the bar belongs to.
    """

    def __init__(self, *, parent: QWidget | None = None) -> None:
        self._parent = parent
        self._dialog: QProgressDialog | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show the progress and keep the window responsive; raises ``TransferCancelled`` once the user cancels."""
        dialog = self._dialog = self._dialog or self._new_dialog()
        dialog.setMaximum(total)
        dialog.setValue(done)
        if dialog.wasCanceled():
            self.close()
            raise TransferCancelled("Opening was cancelled; nothing was opened.")
        if done >= total:
            self.close()

    def close(self) -> None:
        """Close the bar."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    def _new_dialog(self) -> QProgressDialog:
        dialog = QProgressDialog("Making a preview of raw recordings ...", "Cancel", 0, 1, self._parent)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)  # then setValue processes events
        dialog.setMinimumDuration(PATIENCE_MS)
        dialog.setAutoReset(False)
        return dialog
