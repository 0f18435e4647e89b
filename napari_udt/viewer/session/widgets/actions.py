"""Dialogs of the Session dock: save and open sessions, copy scripts."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_udt.cube import SpectralCube
from napari_udt.errors import TransferCancelled, UdtError
from napari_udt.viewer.files.session_file import add_session, question, read_session, save_session
from napari_udt.viewer.files.session_record import SUFFIX
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.session.script import transfer_script
from napari_udt.viewer.state.session import Session

_FILTER = f"Sessions (*{SUFFIX})"
SAVE_RESULTS, LEAVE_OUT = "Save them beside the session", "Leave them out"


def ask_and_save(session: Session, parent: QWidget) -> bool:
    """Ask the user where to save and what to do with unsaved results; return whether the session was saved."""
    name, _ = QFileDialog.getSaveFileName(parent, "Save session", f"session{SUFFIX}", _FILTER)
    if not name:
        return False
    save_results = _wants_results(session, parent)
    return save_results is not None and save_to(session, Path(name), parent, save_results=save_results)


def save_to(session: Session, path: Path, parent: QWidget, *, save_results: bool = True) -> bool:
    """Save a session, or show in one notification why it was not saved; return whether it was.

    Results are written in another thread, with a bar and a button to cancel: of a series, pictures may still be to transfer.
    """
    waiting = OpeningProgress(
        parent=parent,
        title="Saving results beside the session …",
        cancelled=f"Saving was cancelled; {path.name} was not written.",
    )
    try:
        written = save_session(session, path, save_results=save_results, wait_for=waiting.wait_for)
    except TransferCancelled as cancelled:
        show_info(str(cancelled))
        return False
    except UdtError as error:
        show_error(str(error))
        return False
    show_info(f"Saved the session as {written.name}")
    return True


def ask_and_open(session: Session, parent: QWidget) -> None:
    """Ask for a session file and open it."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open session", "", _FILTER)
    if name:
        open_from(session, Path(name), parent)


def open_from(session: Session, path: Path, parent: QWidget | None = None) -> None:
    """Open a session file, while the window of a widget lives; show all problems in one notification."""
    progress = OpeningProgress(parent=None if parent is None else parent.window())
    try:
        problems = add_session(session, progress.wait_for(partial(read_session, path)))
    except UdtError as error:
        problems = [str(error)]
    if problems:
        show_error("\n".join(problems))


def copy_script(*cubes: SpectralCube) -> bool:
    """Put the script of results, and of their figures, on the clipboard; whether there is one."""
    clipboard = QGuiApplication.clipboard()
    try:
        script = transfer_script(*cubes)
    except UdtError as error:
        show_error(str(error))
        return False
    if clipboard is not None:
        clipboard.setText(script)
    show_info(f"Copied the Python script of {cubes[0].name if len(cubes) == 1 else f'{len(cubes)} cubes'}")
    return True


def _wants_results(session: Session, parent: QWidget) -> bool | None:
    """Ask whether unsaved results are saved too; None when the user cancels."""
    text = question(session)
    if not text:
        return True
    box = QMessageBox(parent)
    box.setWindowTitle("Save session")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    save = box.addButton(SAVE_RESULTS, QMessageBox.ButtonRole.AcceptRole)
    leave = box.addButton(LEAVE_OUT, QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(save)
    box.exec()
    answer = {save: True, leave: False}.get(box.clickedButton())
    box.deleteLater()
    return answer
