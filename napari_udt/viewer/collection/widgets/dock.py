"""The Collections dock: cubes of folders, listed, described, counted, and handed on to training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QMenu, QProgressBar, QTabWidget, QWidget
from superqt.utils import ensure_main_thread

from napari_udt.collection import ENDING
from napari_udt.collection.inspecting import Inspection, Rules, inspect
from napari_udt.collection.reading import open_member
from napari_udt.cube import SpectralCube
from napari_udt.viewer.collection.open_collection import Key, OpenCollection, key_of, save_as
from napari_udt.viewer.collection.widgets.counts_plot import CountsPlot
from napari_udt.viewer.collection.widgets.cube_table import CubeTable
from napari_udt.viewer.collection.widgets.names_page import NamesPage
from napari_udt.viewer.files.opening import add_cubes
from napari_udt.viewer.qt.fields import fill, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.qt.scroll_area import scrolling_layout
from napari_udt.viewer.qt.stable_label import wrapping_label
from napari_udt.viewer.qt.visibility import bring_to_front
from napari_udt.viewer.state.jobs import Report, error_text
from napari_udt.viewer.state.session import Session

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_FILTER = f"Collections (*{ENDING})"
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
        self._reading, self._opening = JobRunner(self), JobRunner(self)
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

    def add_paths(self, paths: Iterable[Path]) -> None:
        """Read files, folders and collections in the background, after those that are being read."""
        paths = [Path(path) for path in paths]
        if not paths:
            return
        if self._reading.running:
            self._waiting.append(paths)
            return
        rules = Rules(subject_from=self.subject.currentText().strip() or "file")
        self.bar.setRange(0, 0)
        self.status.setText(f"Reading {paths[0].name}{' ...' if len(paths) == 1 else ' and others ...'}")
        self._reading.start(partial(inspect, paths, rules), partial(self._found, paths))
        self._show_state()

    def cancel(self) -> None:
        """Stop reading; what was listed before stays."""
        self._waiting.clear()
        self._reading.cancel()

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
        self.open_button = push_button(
            "Open", "Open the selected cubes in the window, under the collection's names.", self, shrinks=True
        )
        self.save_button = push_button(
            "Save…", f"Write the collection as one small text file, NAME{ENDING}.", self, shrinks=True
        )
        self.train_button = push_button(
            "Train with this",
            "Hand the collection to the Train dock, as simulated and as target cubes; it is saved first.",
            self,
            shrinks=True,
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
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress of reading")
        self.status = wrapping_label("status", self)

    def _make_pages(self, models: Callable[[], Iterable[ModelSpec]]) -> None:
        self.table = CubeTable(self.collection, parent=self)
        self.names = NamesPage(self.collection, models, parent=self)
        self.counts = CountsPlot(parent=self)
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
        layout.addWidget(self.pages, stretch=1)
        layout.addLayout(row_of(self.bar, self.cancel_button))
        layout.addWidget(self.status)
        layout.addLayout(row_of(self.open_button, self.save_button, self.train_button))
        set_tab_order(
            *(
                self.add_button,
                self.subject,
                self.remove_button,
                self.pages.tabBar(),
                self.filter,
                self.table,
            ),
            *(self.names.model, self.names.take_button, self.names.table, self.cancel_button),
            *(self.open_button, self.save_button, self.train_button),
        )

    def _connect(self) -> None:
        self.collection.changed.connect(self._refresh)
        self.collection.requested.connect(self._take_requests)
        self.remove_button.clicked.connect(self._take_out)
        self.table.delete_pressed.connect(self._take_out)
        self.table.selection_changed.connect(self._show_state)
        self.table.open_requested.connect(self.open_cubes)
        self.open_button.clicked.connect(
            lambda: self.open_cubes(list(map(key_of, self.table.selected_rows())))
        )
        self.save_button.clicked.connect(self.save)
        self.train_button.clicked.connect(self._train)
        self.cancel_button.clicked.connect(self.cancel)
        self.filter.textChanged.connect(self._filter_rows)
        self.pages.currentChanged.connect(self._show_page)
        for runner in (self._reading, self._opening):
            runner.ended.connect(self._show_state)
            runner.failed.connect(lambda error: self.status.setText(error_text(error)))
        self._reading.progressed.connect(self._on_progressed)
        self._reading.ended.connect(self._read_next)
        self._reading.cancelled.connect(lambda: self.status.setText("Cancelled; nothing was added."))
        self._opening.cancelled.connect(lambda: self.status.setText("Cancelled; nothing was opened."))

    # -- what happens -----------------------------------------------------------------------------

    def open_cubes(self, keys: Sequence[Key]) -> None:
        """Open cubes in the window, under the names and in the domains of the collection."""
        whole = {key_of(cube) for cube in self.collection.cubes if not cube.problem}
        wanted = [key for key in keys if key in whole]
        if not wanted:
            self.status.setText("Select cubes that can be opened.")
            return
        if self._opening.start(partial(_opened, self.collection, wanted), self._show_cubes):
            self.status.setText(
                f"Opening {wanted[0][0].name}{' ...' if len(wanted) == 1 else ' and others ...'}"
            )
            self._show_state()

    def save(self) -> Path | None:
        """Ask for a file name and write the collection; the file, or None where nothing was written."""
        start = self.collection.path or Path(f"cubes{ENDING}")
        name, _ = QFileDialog.getSaveFileName(self, "Save the collection", str(start), _FILTER)
        if not name:
            return None
        path = Path(name)
        if not path.name.endswith(ENDING):
            path = path.with_name(
                f"{path.name.removesuffix('.toml').removesuffix('.udt-collection')}{ENDING}"
            )
        return path if save_as(self.collection, path, self.status.setText) else None

    def _train(self) -> None:
        path = self.collection.path if self.collection.saved else self.save()
        if path is not None:
            self.collection.train_requested.emit(path)

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Cubes and collections")
        self.add_paths(map(Path, files))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of cubes")
        self.add_paths([Path(folder)] if folder else [])

    def _take_out(self) -> None:
        self.collection.remove(set(map(key_of, self.table.selected_rows())))

    def _take_requests(self) -> None:
        if isalive(self) and (paths := self.collection.take_requests()):
            bring_to_front(self)
            self.add_paths(paths)

    def _found(self, paths: list[Path], found: Inspection) -> None:
        before = len(self.collection.cubes)
        problem = self.collection.add(found, paths)
        new = len(self.collection.cubes) - before
        self.status.setText(problem or (f"{new:,} added." if new else "Nothing new was found."))

    def _read_next(self) -> None:
        if self._waiting:
            self.add_paths(self._waiting.pop(0))

    def _show_cubes(self, cubes: list[SpectralCube]) -> None:
        add_cubes(self._session, cubes)
        self.status.setText(
            f"Opened {', '.join(cube.name for cube in cubes[:4])}{' ...' if len(cubes) > 4 else ''}"
        )

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

    def _show_state(self) -> None:
        if not isalive(self):
            return
        busy, some = self._reading.running, bool(self.collection.cubes)
        self.bar.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.remove_button.setEnabled(bool(self.table.selected_rows()))
        self.open_button.setEnabled(bool(self.table.selected_rows()) and not self._opening.running)
        self.save_button.setEnabled(some and not busy)
        self.train_button.setEnabled(some and not busy)


def _opened(collection: OpenCollection, keys: Sequence[Key], report: Report) -> list[SpectralCube]:
    """Open cubes under the collection's names, in another thread."""
    cubes = []
    for number, key in enumerate(keys):
        report(number, len(keys))
        cubes.append(open_member(collection.member(key)).with_structures_named(collection.structures))
    return cubes


def _installed() -> Iterable[ModelSpec]:
    from napari_udt.models import list_models

    return list_models()
