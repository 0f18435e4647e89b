"""What is being opened, and how far that is; the window lives on while a file is slow, and gives it up on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import QEventLoop, QPoint, Qt
from qtpy.QtWidgets import QApplication, QLabel, QProgressDialog, QWidget

from napari_udt.errors import TransferCancelled
from napari_udt.viewer.napari_adapter import viewer_widget_in
from napari_udt.viewer.state.jobs import Job, Report

T = TypeVar("T")

_PREVIEW = "Making a preview of raw recordings ..."
_NOTHING_OPENED = "Opening was cancelled; nothing was opened."
_MOST_NAMES = 3
_MOST_STEPS = 2**30  # of a bar: bytes of large files may be more than it counts
_AT_ONCE_S = 0.05  # what is faster needs no look at the window
_STEP_S = 0.02  # between two looks at the window
_EVENTS = QEventLoop.ProcessEventsFlag
PATIENCE_MS = 400  # what is faster shows no progress bar


class OpeningProgress:
    """A line that names the files, and for slow ones a bar with a button to cancel: ``progress`` of ``napari_udt.io.open_cubes``.

    Parameters
    ----------
    parent : QWidget, optional
        Window that the bar belongs to.
    title, cancelled : str
        What is done, by default opening files, and the sentence once the user has cancelled it.
    """

    def __init__(
        self, *, parent: QWidget | None = None, title: str = "", cancelled: str = _NOTHING_OPENED
    ) -> None:
        self._parent, self._title, self._cancelled = parent, title or _PREVIEW, cancelled
        self._busy = title or "Opening …"  # what is done, before its first report
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
        paint = partial(QApplication.processEvents, _EVENTS.ExcludeUserInputEvents)
        paint()  # a window that has just been opened gets its layout
        label = QLabel(opening_text(files), canvas.window())
        label.setObjectName("opening")
        label.setTextFormat(Qt.TextFormat.PlainText)
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
        _show(dialog, done, total)
        if dialog.wasCanceled():
            self.close()
            raise TransferCancelled(self._cancelled)
        if done >= total:
            self.close()

    def wait_for(self, work: Callable[[Report], T]) -> T:
        """Do something with files in a thread while the window lives; return its result, or raise its error.

        The thread of work that hangs, such as on a folder of a network that is gone, ends with the program.

        Raises
        ------
        TransferCancelled
            Once the user cancels; what the work still brings is dropped.
        """
        job = Job(work)
        reports: list[tuple[int, int]] = []
        thread = threading.Thread(
            target=job.run, args=(lambda *at: reports.append(at),), name="opening", daemon=True
        )
        thread.start()
        thread.join(_AT_ONCE_S)
        try:
            self._live_during(thread, reports)
        except TransferCancelled:
            job.cancel()
            raise
        finally:
            self.close()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # there is one where there is no error

    def _live_during(self, thread: threading.Thread, reports: list[tuple[int, int]]) -> None:
        """Show a bar, where it takes long, until a thread has ended; before that the window takes no input."""
        start = monotonic()
        while thread.is_alive():
            if monotonic() - start > PATIENCE_MS / 1000 and self._dialog is None:
                self._dialog = self._new_dialog(self._busy)
                self._dialog.setMaximum(0)  # busy, until there is a report
                self._dialog.show()
            if self._dialog is not None and reports:
                _show(self._dialog, *reports[-1])
            QApplication.processEvents(
                _EVENTS.ExcludeUserInputEvents if self._dialog is None else _EVENTS.AllEvents
            )
            if self._dialog is not None and self._dialog.wasCanceled():
                raise TransferCancelled(self._cancelled)
            thread.join(_STEP_S)

    def close(self) -> None:
        """Close the bar."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    def _new_dialog(self, text: str = "") -> QProgressDialog:
        dialog = QProgressDialog(text or self._title, "Cancel", 0, 1, self._parent)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)  # then setValue processes events
        dialog.setMinimumDuration(PATIENCE_MS)
        dialog.setAutoReset(False)
        return dialog


def _show(dialog: QProgressDialog, done: int, total: int) -> None:
    shrunk = max(1.0, total / _MOST_STEPS)
    dialog.setMaximum(int(total / shrunk))
    dialog.setValue(int(done / shrunk))


def opening_text(files: list[Path | str]) -> str:
    """Return a line that names the files that are opened, or the first of many."""
    names = [Path(file).name for file in files]
    rest = len(names) - _MOST_NAMES
    shown = names if rest <= 0 else [*names[:_MOST_NAMES], f"{rest} more"]
    return f"Opening {', '.join(shown)} …"
