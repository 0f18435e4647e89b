"""Export from docks: the dialog for a file name, and footers with buttons that copy and export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_udt.viewer.qt.fields import push_button


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

    def name_export(self, title: str, name: str) -> None:
        """Give the dialog of the export another title, and the file name that it offers."""
        self._dialog = title, name

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


def ask_save_path(
    parent: QWidget, title: str, name: str, filters: str, refuse: Callable[[str], object]
) -> Path | None:
    """Return the file name that the user chooses; None where the user cancels.

    Parameters
    ----------
    parent : QWidget
    title, name : str
        Of the dialog, and the name that it offers.
    filters : str
        As Qt takes them: "Table (*.csv);;Picture (*.png)".
    refuse : callable
        Called with a sentence when a suffix from ``filters`` completes the name of a file that exists: the dialog did not
        ask whether to replace that one.
    """
    path, chosen = QFileDialog.getSaveFileName(parent, title, name, filters)
    if not path:
        return None
    target = with_suffix(path, chosen)
    if target != Path(path) and target.exists():
        refuse(f"{target.name} exists already: give its full name to replace it.")
        return None
    return target


def with_suffix(path: str, name_filter: str) -> Path:
    """Return the path with the suffix of the chosen filter, "Table (*.csv)", where it has none of its own."""
    suffix = name_filter[name_filter.rfind("*") + 1 :].rstrip(")")
    return Path(path) if Path(path).suffix else Path(path + suffix)
