"""Questions about metadata that files lack: one non-modal dialog after the other."""

from __future__ import annotations

from collections import deque

from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from napari_udt.io.missing_metadata import StatedMetadata
from napari_udt.viewer.files.missing_metadata import Question
from napari_udt.viewer.files.opening import add_answered, open_files
from napari_udt.viewer.files.widgets.metadata_dialog import MetadataDialog
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.state.session import Session


class MetadataQuestions(QObject):
    """Shows one dialog at a time; further questions wait, and an answer may settle them.

    Parameters
    ----------
    session : Session
        Where files are opened with the answers, which it remembers.
    parent : QWidget
        Parent of the dialogs.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._window = session, parent
        self._waiting: deque[Question] = deque()
        self.dialog: MetadataDialog | None = None

    def __call__(self, question: Question) -> None:
        """Ask the user a question, now or after those that wait."""
        if question.path in [waiting.path for waiting in self._waiting]:
            return
        self._waiting.append(question)
        if self.dialog is None:
            self._ask_next()

    def _ask_next(self) -> None:
        self.dialog = None
        if not self._waiting or not isalive(self._window):
            return
        question = self._waiting[0]
        self.dialog = MetadataDialog(question, self._answered, parent=self._window.window())
        self.dialog.finished.connect(self._finished)
        self.dialog.show()

    def _answered(self, stated: StatedMetadata, for_format: bool) -> None:
        wait_for = OpeningProgress(parent=self._window.window()).wait_for
        add_answered(self._session, self._waiting[0], stated, for_format=for_format, wait_for=wait_for)

    def _finished(self, accepted: int) -> None:
        asked = self._waiting.popleft()
        if not accepted and asked.missing is None:
            # Not asked again.
            self._session.stated_metadata.remember(
                asked.path, asked.format, StatedMetadata(), for_format=True
            )
        if accepted and asked.format in self._session.stated_metadata.by_format:
            self._open_waiting_of(asked.format)
        self._ask_next()

    def _open_waiting_of(self, format: str) -> None:
        """Open the waiting files of a format; those that the answer does not fit wait again."""
        alike = [question for question in self._waiting if question.format == format]
        self._waiting = deque(question for question in self._waiting if question.format != format)
        unopened = [question.path for question in alike if question.missing is not None]
        wait_for = OpeningProgress(parent=self._window.window()).wait_for
        problems = open_files(self._session, unopened, ask=self._waiting.append, wait_for=wait_for)
        if problems:
            show_error("\n".join(problems))
