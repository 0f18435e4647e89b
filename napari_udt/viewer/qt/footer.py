"""Footers of docks: a statement about what is shown, messages, and buttons for copying and export."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.qt.fields import push_button
from napari_udt.viewer.qt.save_dialog import ask_save_path


class ExportFooter(QWidget):
    """Buttons that copy and export what is shown; derived footers lay them out and show messages.

    Parameters
    ----------
    copy_button : tuple of (text, tooltip)
    export_tooltip : str
    dialog : tuple of (title, file name)
        Of the export.
    parent : QWidget, optional
    """

    copy_requested = Signal()
    export_requested = Signal(object)  # Path

    def __init__(
        self,
        copy_button: tuple[str, str],
        export_tooltip: str,
        dialog: tuple[str, str],
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._dialog = dialog
        self.copy_button = push_button(*copy_button, self)
        self.export_button = push_button("Export...", export_tooltip, self)
        self.copy_button.clicked.connect(self._on_copy)
        self.export_button.clicked.connect(self._on_export)

    def file_filters(self) -> str:
        """Return the kinds of files that can be exported now, as Qt takes them."""
        raise NotImplementedError

    def show_message(self, sentence: str) -> None:
        """Show a message."""
        raise NotImplementedError

    def _on_copy(self) -> None:
        self.copy_requested.emit()

    def _on_export(self) -> None:
        target = ask_save_path(self, *self._dialog, self.file_filters(), self.show_message)
        if target is not None:
            self.export_requested.emit(target)
