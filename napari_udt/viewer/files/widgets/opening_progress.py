"""What is being opened, and how far that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QEventLoop, QPoint, Qt
from qtpy.QtWidgets import QApplication, QLabel, QProgressDialog, QWidget

from napari_udt.errors import TransferCancelled
from napari_udt.viewer.napari_adapter import viewer_widget_in

_PREVIEW = "Making a preview of raw recordings ..."
_NOTHING_OPENED = "Opening was cancelled; nothing was opened."
_MOST_NAMES = 3
PATIENCE_MS = 400  # what is faster shows no progress bar


class OpeningProgress:
    """A line that names the files, and for slow ones a bar with a button to cancel: ``progress`` of ``napari_udt.io.open_cubes``.

    Parameters
    ----------
    parent : QWidget, optional
        Window that the bar belongs to.
    title, cancelled : str
        What is done, and the sentence once the user has cancelled it.
    """

    def __init__(
        self, *, parent: QWidget | None = None, title: str = _PREVIEW, cancelled: str = _NOTHING_OPENED
    ) -> None:
        self._parent, self._title, self._cancelled = parent, title, cancelled
        self._dialog: QProgressDialog | None = None

    @contextmanager
    def announced(self, files: Iterable[Path | str]) -> Iterator[list[Path | str]]:
        """Name the files over the canvas, in the place of napari's greeting, while they are opened; gives them as a list."""
        files = list(files)
        canvas = None if self._parent is None else viewer_widget_in(self._parent.window())
        if canvas is None or not files or not canvas.isVisible():
            yield files
            return
        greets, canvas.show_welcome_screen = canvas.show_welcome_screen, False
        paint = partial(QApplication.processEvents, QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        paint()  # a window that has just been opened gets its layout
        label = QLabel(opening_text(files), canvas.window())
        label.setObjectName("opening")
        label.setStyleSheet("font-size: 13pt; padding: 12px")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setWordWrap(True)
        label.setFixedWidth(canvas.width())
        label.adjustSize()
        middle = (canvas.height() - label.height()) // 2
        label.move(canvas.mapTo(canvas.window(), QPoint(0, middle)))
        label.show()
        paint()
        try:
            yield files
        finally:
            if isalive(canvas):
                label.hide()
                label.deleteLater()
                canvas.show_welcome_screen = greets

    def __call__(self, done: int, total: int) -> None:
        """Show the progress and keep the window responsive; raises ``TransferCancelled`` once the user cancels."""
        dialog = self._dialog = self._dialog or self._new_dialog()
        dialog.setMaximum(total)
        dialog.setValue(done)
        if dialog.wasCanceled():
            self.close()
            raise TransferCancelled(self._cancelled)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Close the bar."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    def _new_dialog(self) -> QProgressDialog:
        dialog = QProgressDialog(self._title, "Cancel", 0, 1, self._parent)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)  # then setValue processes events
        dialog.setMinimumDuration(PATIENCE_MS)
        dialog.setAutoReset(False)
        return dialog


def opening_text(files: list[Path | str]) -> str:
    """Return a line that names the files that are opened, or the first of many."""
    names = [Path(file).name for file in files]
    rest = len(names) - _MOST_NAMES
    shown = names if rest <= 0 else [*names[:_MOST_NAMES], f"{rest} more"]
    return f"Opening {', '.join(shown)} …"
