"""The question before a window with results that are in no file closes."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox

from napari_udt.viewer.files.session_file import unsaved
from napari_udt.viewer.session.widgets.actions import ask_and_save
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer.widgets.closing import closed_by_user
from napari_udt.wording import counted

SAVE, LOSE = "Save the session…", "Close without saving"
_MOST_NAMES = 6


class UnsavedGuard(QObject):
    """Asks the person who closes a window whether results that are in no file shall be lost.

    Parameters
    ----------
    session : Session
    main : QMainWindow
    """

    def __init__(self, session: Session, main: QMainWindow) -> None:
        super().__init__(main)
        self._session, self._main = session, main
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Keep the window open where the user says so."""
        if event is None or event.type() != QEvent.Type.Close or not closed_by_user(watched):
            return False
        names = lost_results(self._session)
        if names and not self._may_close(names):
            event.ignore()
            return True
        return False

    def _may_close(self, names: list[str]) -> bool:
        box = QMessageBox(self._main)
        box.setWindowTitle("Results are in no file")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(question(names))
        save = box.addButton(SAVE, QMessageBox.ButtonRole.AcceptRole)
        lose = box.addButton(LOSE, QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.setEscapeButton(stay)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        return chosen is lose or (chosen is save and ask_and_save(self._session, self._main))


def lost_results(session: Session) -> list[str]:
    """Return the names of transferred cubes that no file holds."""
    return [entry.key for entry in unsaved(session) if entry.cube.domain == "transferred"]


def question(names: list[str]) -> str:
    """Return the question about results that closing would lose."""
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    verb = "is" if len(names) == 1 else "are"
    return f"{counted(len(names), 'result')} {verb} in no file yet: {listed}."
