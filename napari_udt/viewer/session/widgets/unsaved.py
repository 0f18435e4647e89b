"""The question before a window with results that are in no file closes."""

from __future__ import annotations

from qtpy.QtWidgets import QMainWindow

from napari_udt.viewer.files.session_file import unsaved
from napari_udt.viewer.session.widgets.actions import ask_and_save
from napari_udt.viewer.session.widgets.close_guard import CloseGuard
from napari_udt.viewer.state.session import Session
from napari_udt.wording import counted

SAVE, LOSE = "Save the session…", "Close without saving"
_MOST_NAMES = 6


class UnsavedGuard(CloseGuard):
    """Asks the person who closes a window whether results that are in no file shall be lost.

    Parameters
    ----------
    session : Session
    main : QMainWindow
    """

    def __init__(self, session: Session, main: QMainWindow) -> None:
        super().__init__(main)
        self._session = session

    def may_close(self) -> bool:
        """Ask where transferred cubes are in no file."""
        names = lost_results(self._session)
        if not names:
            return True
        chosen = self.ask("Results are in no file", question(names), SAVE, LOSE)
        return chosen == LOSE or (chosen == SAVE and ask_and_save(self._session, self.main))


def lost_results(session: Session) -> list[str]:
    """Return the names of transferred cubes that no file holds."""
    return [entry.key for entry in unsaved(session) if entry.cube.domain == "transferred"]


def question(names: list[str]) -> str:
    """Return the question about results that closing would lose."""
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    verb = "is" if len(names) == 1 else "are"
    return f"{counted(len(names), 'result')} {verb} in no file yet: {listed}."
