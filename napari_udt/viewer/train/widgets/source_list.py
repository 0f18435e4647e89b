"""The cubes of one domain that a model is trained on: open ones, files, folders and collections."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QLabel, QListWidget, QMenu, QWidget

from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.qt.fields import fill, push_button, row_of
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.plan import Source, open_sources, without

_LINES = 3  # of the list


class SourceList(QWidget):
    """A list with buttons that add open cubes, files or a folder, and take entries out; files can be dropped on it.

    Parameters
    ----------
    session : Session
    side : {"simulated", "target"}
    title, tooltip : str
    parent : QWidget, optional
    """

    changed = Signal()

    def __init__(
        self, session: Session, side: str, title: str, tooltip: str, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._side = session, side
        self.sources: tuple[Source, ...] = ()
        self.title = QLabel(title, self)
        self.list = _LowList(self)
        self.list.setObjectName(f"{side} cubes")
        self.list.setAccessibleName(title)
        self.list.setToolTip(f"<qt>{tooltip}</qt>")
        self.list.dropped.connect(self._add_paths)
        self.title.setBuddy(self.list)
        self.add_button = push_button("Add…", f"Add {tooltip[0].lower()}{tooltip[1:]}", self, shrinks=True)
        self.menu = QMenu(self.add_button)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.add_button.setMenu(self.menu)
        self.remove_button = push_button(
            "Take out", "Take the marked entries out of the list (Delete); files stay.", self, shrinks=True
        )
        for widget, kind in ((self.add_button, "add"), (self.remove_button, "remove")):
            widget.setObjectName(f"{kind} {side}")
        self.remove_button.clicked.connect(self._take_out)
        self.list.taken_out.connect(self._take_out)
        self.list.itemSelectionChanged.connect(self._show_state)
        session.cubes_changed.connect(self._cubes_changed)
        fill(self, self.title, row_of(self.add_button, self.remove_button), self.list)
        self._show_state()

    def add(self, sources: Iterable[Source]) -> None:
        """Add sources that are not in the list yet."""
        self._set(tuple(dict.fromkeys((*self.sources, *sources))))

    def _set(self, sources: tuple[Source, ...]) -> None:
        if sources != self.sources:
            self.sources = sources
            self.list.clear()
            self.list.addItems([source.title for source in sources])
            for row, source in enumerate(sources):
                self.list.item(row).setToolTip(without_markup(str(source.path or source.key)))
            self._show_state()
            self.changed.emit()

    def _fill_menu(self) -> None:
        self.menu.clear()
        offered = without(open_sources(self._session, self._side), self.sources)
        for source in offered:
            self.menu.addAction(source.title, lambda source=source: self.add([source]))
        if len(offered) > 1:
            self.menu.addAction("All open cubes", lambda: self.add(offered))
        if offered:
            self.menu.addSeparator()
        self.menu.addAction("Files and collections…", self._choose_files)
        self.menu.addAction("Folder…", self._choose_folder)

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, self.title.text().replace("&", ""))
        self._add_paths(map(Path, files))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.title.text().replace("&", ""))
        self._add_paths([Path(folder)] if folder else [])

    def _add_paths(self, paths: Iterable[Path]) -> None:
        self.add(Source(path=path) for path in paths)

    def _take_out(self) -> None:
        marked = {index.row() for index in self.list.selectedIndexes()}
        self._set(tuple(source for row, source in enumerate(self.sources) if row not in marked))

    def _cubes_changed(self) -> None:
        if isalive(self):
            self._set(tuple(s for s in self.sources if s.path is not None or s.key in self._session))

    def _show_state(self) -> None:
        self.remove_button.setEnabled(bool(self.list.selectedIndexes()))


class _LowList(QListWidget):
    """A list of few lines that takes files."""

    dropped = Signal(object)  # list of Path
    taken_out = Signal()  # Delete was pressed

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Take the marked entries out with Delete."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.taken_out.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return room for a few lines."""
        return QSize(120, round((_LINES + 0.5) * (self.fontMetrics().height() + 4)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the same height."""
        return self.sizeHint()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files."""
        self.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Add the files that are dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)
