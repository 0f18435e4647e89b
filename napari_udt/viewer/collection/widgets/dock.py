"""The Collections dock: cubes of folders, listed, described, counted, and handed on to training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QMenu, QProgressBar, QTabWidget, QWidget
from superqt.utils import ensure_main_thread

from napari_udt.collection.inspecting import Inspection, Rules, inspect
from napari_udt.errors import CubeError
from napari_udt.io.missing_metadata import Wavelengths, parse_wavelengths
from napari_udt.viewer.collection.open_collection import OpenCollection, key_of
from napari_udt.viewer.collection.widgets.actions import CollectionActions
from napari_udt.viewer.collection.widgets.counts_plot import CountsPlot
from napari_udt.viewer.collection.widgets.cube_table import CubeTable
from napari_udt.viewer.collection.widgets.names_page import NamesPage
from napari_udt.viewer.qt.fields import fill, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.qt.visibility import bring_to_front
from napari_udt.viewer.state.jobs import error_text
from napari_udt.viewer.state.session import Session
from napari_udt.wording import counted

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_RULES = {
    "file": "each file is another",
    "folder": "name of the folder",
    "pattern:(P\\d+)": "part of the path",
}
_CUBES, _NAMES, _COUNTS = range(3)  # pages
_LEAST_ROWS = 6


class CollectionDock(QWidget):
    """The collection of a window.

    Parameters
    ----------
    session : Session
        Where a cube that is double-clicked is opened.
    collection : OpenCollection
    models : callable
        Lists the installed models.
    parent : QWidget, optional
    """

    def __init__(
        self,
        session: Session,
        collection: OpenCollection,
        models: Callable[[], Iterable[ModelSpec]] | None = None,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self.collection = session, collection
        self._reading = JobRunner(self)
        self._waiting: list[list[Path]] = []
        self.setAcceptDrops(True)
        self._make_buttons()
        self._make_pages(models or _installed)
        self._lay_out()
        self._connect()
        self._refresh()
        self._take_requests()

    @property
    def reading(self) -> bool:
        """Whether files are being read."""
        return self._reading.running

    def add_paths(self, paths: Iterable[Path], wavelengths: Wavelengths | None = None) -> None:
        """Read files, folders and collections in the background, after those that are being read.

        Parameters
        ----------
        paths : iterable of Path
        wavelengths : tuple of float or Span, optional
            Of files that lack them.
        """
        paths = [Path(path) for path in paths]
        if not paths:
            return
        if self._reading.running:
            self._waiting.append(paths)
            return
        rules = Rules(subject_from=self.subject.currentText().strip() or "file", wavelengths=wavelengths)
        self.bar.setRange(0, 0)
        self.status.setText(f"Reading {paths[0].name}{' ...' if len(paths) == 1 else ' and others ...'}")
        self._reading.start(partial(inspect, paths, rules), partial(self._found, paths))
        self._show_state()

    def cancel(self) -> None:
        """Stop reading, or what a button has started; what was listed before stays."""
        self._waiting.clear()
        self._reading.cancel()
        self.actions.job.cancel()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files and folders."""
        if event is not None and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files and folders."""
        if event is not None and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """List what is dropped."""
        if event is not None:
            paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
            if paths:
                event.acceptProposedAction()
                self.add_paths(paths)

    # -- building ---------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.add_button = push_button(
            "Add…", "List files, a folder with all below it, or a collection.", self, shrinks=True
        )
        menu = QMenu(self.add_button)
        menu.addAction("Files and collections…", self._choose_files)
        menu.addAction("Folder…", self._choose_folder)
        self.add_button.setMenu(menu)
        self.remove_button = push_button(
            "Take out", "Take the selected rows out of the list (Delete); files stay.", self, shrinks=True
        )
        self.cancel_button = push_button(
            "Cancel", "Stop reading; what was listed before stays.", self, shrinks=True
        )
        self.subject = QComboBox(self)
        self.subject.setObjectName("subject from")
        self.subject.setAccessibleName("Subject from")
        self.subject.setEditable(True)
        self.subject.addItems(list(_RULES))
        self.subject.setMinimumContentsLength(8)
        self.subject.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        rules = ", ".join(f"{rule} ({meaning})" for rule, meaning in _RULES.items())
        self.subject.setToolTip(
            f"<qt>Whom the cubes show that are added next: {rules}, or metadata:KEY. In the table it can be changed.</qt>"
        )
        self._subject_label = QLabel("Su&bject from", self)
        self._subject_label.setBuddy(self.subject)
        self.filter = QLineEdit(self)
        self.filter.setObjectName("filter")
        self.filter.setAccessibleName("Filter")
        self.filter.setPlaceholderText("Filter")
        self.filter.setToolTip("<qt>Show only rows that contain these words, in whatever column.</qt>")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAcceptDrops(False)  # files that are dropped here are for the dock
        self.wavelengths = QLineEdit(self)
        self.wavelengths.setObjectName("wavelengths")
        self.wavelengths.setAccessibleName("Wavelengths of files that lack them, in nm")
        self.wavelengths.setPlaceholderText("500-800, or 700, 730, 760; then Enter")
        self.wavelengths.setToolTip(
            "<qt>What the files that lack wavelengths have, in nm: the first and the last of evenly spaced ones, or all of them. "
            "Enter reads these files again.</qt>"
        )
        self.wavelengths.setAcceptDrops(False)
        self._wavelengths_label = QLabel("&Wavelengths of files that lack them [nm]", self)
        self._wavelengths_label.setBuddy(self.wavelengths)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress of reading")
        self.status = wrapping_label("status", self)

    def _make_pages(self, models: Callable[[], Iterable[ModelSpec]]) -> None:
        self.table = CubeTable(self.collection, parent=self)
        self.names = NamesPage(self.collection, models, parent=self)
        self.counts = CountsPlot(parent=self)
        self.actions = CollectionActions(
            self._session,
            self.collection,
            lambda: list(map(key_of, self.table.selected_rows())),
            parent=self,
        )
        self.statement = wrapping_label("statement", self)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        cubes = QWidget(self.pages)
        fill(cubes, self.filter, self.table, stretched=self.table)
        self.pages.addTab(cubes, "Cubes")
        self.pages.addTab(self.names, "Names")
        self.pages.addTab(self.counts, "Counts")
        self.pages.setTabToolTip(_CUBES, "The cubes, with what is said of them")
        self.pages.setTabToolTip(_NAMES, "What structures are called, with suggestions")
        self.pages.setTabToolTip(_COUNTS, "Pixels of each structure and subject, as a picture")
        self.pages.tabBar().setToolTip("Cubes, names of structures, and pixels of each structure and subject")
        self.table.setMinimumHeight(_LEAST_ROWS * self.table.verticalHeader().defaultSectionSize())

    def _lay_out(self) -> None:
        layout = scrolling_layout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(row_of(self.add_button, self._subject_label, self.subject, self.remove_button))
        layout.addWidget(self.statement)
        layout.addLayout(row_of(self._wavelengths_label, self.wavelengths))
        layout.addWidget(self.pages, stretch=1)
        layout.addLayout(row_of(self.bar, self.cancel_button))
        layout.addWidget(self.status)
        layout.addWidget(self.actions)
        set_tab_order(
            *(
                self.add_button,
                self.subject,
                self.remove_button,
                self.wavelengths,
                self.pages.tabBar(),
                self.filter,
                self.table,
            ),
            *(self.names.model, self.names.take_button, self.names.table, self.cancel_button),
            *self.actions.buttons,
        )

    def _connect(self) -> None:
        self.collection.changed.connect(self._refresh)
        self.collection.requested.connect(self._take_requests)
        self.remove_button.clicked.connect(self._take_out)
        self.table.delete_pressed.connect(self._take_out)
        self.table.selection_changed.connect(self._on_selected)
        self.table.open_requested.connect(self.actions.open_cubes)
        self.cancel_button.clicked.connect(self.cancel)
        self.wavelengths.returnPressed.connect(self._state_wavelengths)
        self.filter.textChanged.connect(self._filter_rows)
        self.pages.currentChanged.connect(self._show_page)
        self._reading.failed.connect(lambda error: self.status.setText(error_text(error)))
        self.actions.said.connect(self.status.setText)
        for ended in (self._reading.ended, self.actions.changed):
            ended.connect(self._show_state)
        for runner in (self._reading, self.actions.job):
            runner.progressed.connect(self._on_progressed)
        self._reading.ended.connect(self._read_next)
        self._reading.cancelled.connect(lambda: self.status.setText("Cancelled; nothing was added."))

    # -- what happens -----------------------------------------------------------------------------

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Cubes and collections")
        self.add_paths(map(Path, files))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of cubes")
        self.add_paths([Path(folder)] if folder else [])

    def _state_wavelengths(self) -> None:
        """Read the files that lack wavelengths again, with those that were typed."""
        if self.reading:
            return
        try:
            wavelengths = parse_wavelengths(self.wavelengths.text())
        except CubeError as error:
            self.status.setText(str(error))
            return
        self.add_paths(self.collection.without_wavelengths, wavelengths)

    def _take_out(self) -> None:
        self.collection.remove(set(map(key_of, self.table.selected_rows())))

    def _take_requests(self) -> None:
        if isalive(self) and (paths := self.collection.take_requests()):
            bring_to_front(self)
            self.add_paths(paths)

    def _found(self, paths: list[Path], found: Inspection) -> None:
        listed, opening = self._counts()
        problem = self.collection.add(found, paths)
        new, more = (after - before for after, before in zip(self._counts(), (listed, opening), strict=True))
        lacking = len(self.collection.without_wavelengths)
        hint = (
            f"{counted(lacking, 'file')} without wavelengths: type them above the table." if lacking else ""
        )
        said = f"{new:,} added." if new else f"{more:,} more can be opened." if more else ""
        self.status.setText(problem or " ".join(filter(None, (said, hint))) or "Nothing new was found.")

    def _counts(self) -> tuple[int, int]:
        """Return how many cubes are listed, and how many of them open."""
        return len(self.collection.cubes), sum(not cube.problem for cube in self.collection.cubes)

    def _read_next(self) -> None:
        if self._waiting:
            self.add_paths(self._waiting.pop(0))

    # -- what is shown ----------------------------------------------------------------------------

    @ensure_main_thread
    def _refresh(self) -> None:
        if isalive(self):
            self.statement.setText(self.collection.statement())
            self.table.refresh()
            self._show_page()
            self._show_state()

    def _show_page(self) -> None:
        if self.pages.currentIndex() == _NAMES:
            self.names.refresh()
        elif self.pages.currentIndex() == _COUNTS:
            self.counts.show_counts(self.collection.class_counts())

    def _filter_rows(self, text: str) -> None:
        self.table.filter_rows(text)
        self.status.setText(f"{self.table.shown:,} of {len(self.collection.cubes):,} shown." if text else "")

    def _on_progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(f"{done} of {total}")

    def _on_selected(self) -> None:
        """Say what is wrong with the selected rows: the column stands far to the right."""
        problems = [cube.problem for cube in self.table.selected_rows() if cube.problem]
        if problems:
            self.status.setText("\n".join(problems[:3]))
        self._show_state()

    def _show_state(self) -> None:
        if not isalive(self):
            return
        reading, selected = self._reading.running, bool(self.table.selected_rows())
        for widget in (self.bar, self.cancel_button):
            widget.setVisible(reading or self.actions.job.running)
        lacking = bool(self.collection.without_wavelengths)
        for widget in (self.wavelengths, self._wavelengths_label):
            widget.setVisible(lacking)
        self.remove_button.setEnabled(selected)
        self.actions.set_possible(some=bool(self.collection.cubes) and not reading, selected=selected)


def _installed() -> Iterable[ModelSpec]:
    from napari_udt.models import list_models

    return list_models()
