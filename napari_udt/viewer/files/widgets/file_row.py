"""Below the choice of a cube: the other cubes of its file, and a faster copy where it is slow to read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_udt.cube import SpectralCube
from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.files import choices as file_choices
from napari_udt.viewer.files.opening import add_cubes, open_candidate
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.state.session import Session

_CONVERT, _CANCEL = "Convert for fast spectra…", "Cancel conversion"
_STEPS = 1000


class FileRow(QWidget):
    """Opens another cube of the chosen cube's file, or converts that file.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    opened = Signal(str)  # key of the cube that came, or was there already
    converted = Signal(str)  # path of the faster copy

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cube: SpectralCube | None = None
        self._run = JobRunner(self)
        self._shown_warnings: set[str] = set()
        self.title = QLabel(self)
        self.box = QComboBox(self)
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.box.setMinimumContentsLength(12)
        self.button = QPushButton(_CONVERT, self)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, _STEPS)
        self.progress.setVisible(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.box, self.button, self.progress):
            row.addWidget(widget)
        self.box.activated.connect(self._chosen)
        self.button.clicked.connect(self._pressed)
        self._run.progressed.connect(self._progressed)
        self._run.ended.connect(self._ended)
        self._run.failed.connect(self._failed)
        self.set_cube(None)

    @property
    def busy(self) -> bool:
        """Whether a cube is being opened or a file converted."""
        return self._run.running

    @property
    def needed(self) -> bool:
        """Whether there is anything to choose or to convert."""
        return self.busy or self._cube is not None

    def set_cube(self, chosen: SpectralCube | None) -> None:
        """Say which cube is chosen; the row is about its file, or the newest one that has something to offer."""
        cube = self._cube = file_choices.offering_cube(self._session, chosen)
        self.title.setText("File" if cube is chosen else "Newest file")
        self.box.clear()
        self.box.addItems([] if cube is None else file_choices.titles_in_file(cube))
        self.box.setToolTip(without_markup(file_choices.invitation(cube)))
        self.button.setToolTip(without_markup(file_choices.slowness(cube)))
        self._show_state()
        for entry in self._session:
            self._warn(entry.cube)

    def _warn(self, cube: SpectralCube) -> None:
        """Show once what was left out of a file, and what is slow to read in it and what makes it fast."""
        left_out = file_choices.left_out(cube)
        if left_out and left_out not in self._shown_warnings:
            self._shown_warnings.add(left_out)
            show_info(left_out)
        slow = file_choices.slowness(cube)
        if slow and slow not in self._shown_warnings:
            self._shown_warnings.add(slow)
            offer = f" “{_CONVERT}” in the Transfer dock makes a file that is fast to read."
            show_info(slow + offer if file_choices.may_convert(cube) else slow)

    def _show_state(self) -> None:
        self.box.setVisible(self.box.count() > 1)
        self.box.setEnabled(not self.busy)
        self.button.setVisible(self.progress.isVisibleTo(self) or file_choices.may_convert(self._cube))
        for widget in (self, self.title):
            widget.setVisible(self.needed)

    # -- the other cubes of the file ---------------------------------------------------------------

    def _chosen(self, index: int) -> None:
        cube, title = self._cube, self.box.itemText(index)
        self.box.setCurrentIndex(0)  # the row shows what the chosen cube is; the other one comes beside it
        if cube is None or index == 0 or self.busy:
            return
        key = file_choices.open_already(self._session, cube, title)
        if key is not None:
            self.opened.emit(key)
            return
        self._run.start(partial(_open, self._session, cube, title), self._came)
        self._show_state()

    def _came(self, cube: SpectralCube) -> None:
        self.opened.emit(add_cubes(self._session, [cube])[0].key)

    # -- the faster copy ---------------------------------------------------------------------------

    def _pressed(self) -> None:
        if self.busy:
            self._run.cancel()
        elif self._cube is not None:
            suggested = file_choices.suggested_target(self._cube)
            name, _ = QFileDialog.getSaveFileName(self, "Converted file", suggested, "napari-udt (*.udt.h5)")
            if name:
                self.convert(Path(name))

    def convert(self, target: Path) -> None:
        """Write the faster copy of the chosen cube and open it."""
        if self._cube is None or self.busy:
            return
        self.progress.setValue(0)
        self.progress.setVisible(True)
        self.button.setText(_CANCEL)
        work = partial(file_choices.convert_file, self._session, self._cube, target)
        self._run.start(work, self._written)
        self._show_state()

    def _written(self, target: Path) -> None:
        self.converted.emit(str(target))

    # -- work in a thread --------------------------------------------------------------------------

    def _progressed(self, done: int, total: int) -> None:
        self.progress.setValue(round(_STEPS * done / max(total, 1)))

    def _failed(self, error: Exception) -> None:
        show_error(error_text(error, "The file could not be opened or converted"))

    def _ended(self) -> None:
        self.progress.setVisible(False)
        self.button.setText(_CONVERT)
        self._show_state()


def _open(session: Session, cube: SpectralCube, title: str, report: Report) -> SpectralCube:
    return open_candidate(session, cube, title, report)
