"""Files of spectra that open in a window of napari-udt without napari's question which reader to use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari.utils.notifications import show_error
from npe2 import PluginManager
from qtpy.QtCore import QEvent, QMimeData, QObject, Qt
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication

from napari_udt.collection import is_collection
from napari_udt.errors import TransferCancelled
from napari_udt.io.registry import Sniffed
from napari_udt.models.importing import is_model
from napari_udt.viewer.files.opening import Ask, open_files, spectral_files
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.napari_adapter import OpenFiles, open_files_with
from napari_udt.viewer.state.session import Session

if TYPE_CHECKING:
    from napari.qt import QtViewer

_CHOOSING = (
    Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
)  # napari: as a stack, by which reader


class FileOpener(QObject):
    """Opens the files of spectra among those that are dropped, pasted or chosen in a window.

    napari's own reader claims ``*.h5`` too, so napari would ask for each file. Files of spectra are opened here, and files
    that no plugin reads are refused in a sentence; all others, and all for which the user chose a reader, go on to napari.

    Parameters
    ----------
    session : Session
        Where cubes are opened.
    viewer_widget : QtViewer
        Of the window; other windows and napari's settings stay as they are.
    ask : callable
        Asks for what files lack.
    import_models : callable
        Imports archives and folders of models.
    list_collections : callable
        Takes the files of collections.
    """

    def __init__(
        self,
        session: Session,
        viewer_widget: QtViewer,
        ask: Ask,
        import_models: Callable[..., None],
        list_collections: Callable[[list[Path]], None],
    ) -> None:
        super().__init__(viewer_widget)
        self._session, self._ask, self._import_models = session, ask, import_models
        self._list_collections = list_collections
        self._progress = OpeningProgress(parent=viewer_widget)
        viewer_widget.installEventFilter(self)
        open_files_with(viewer_widget, self._before)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Open the files of spectra that are dropped, and let napari have a drop of the others."""
        if not isinstance(event, QDropEvent) or event.type() != QEvent.Type.Drop:
            return False
        urls = event.mimeData().urls()
        if QGuiApplication.keyboardModifiers() & _CHOOSING:
            return False
        names = {str(Path(url.toLocalFile())) if url.isLocalFile() else url.toString(): url for url in urls}
        others = self._open(list(names))
        if len(others) == len(names):
            return False
        event.acceptProposedAction()
        if others:
            mime = QMimeData()  # an event does not keep it alive
            mime.setUrls([names[name] for name in others])
            how = (event.possibleActions(), mime, event.buttons(), event.modifiers())
            QApplication.sendEvent(watched, QDropEvent(event.position(), *how))
        return True

    def _before(self, napari_open: OpenFiles) -> OpenFiles:
        """Return a method that opens files of spectra here and all others by napari's."""

        def open_chosen(
            filenames: Sequence[str], stack: Any = False, choose_plugin: bool = False, **options: Any
        ) -> None:
            if not (stack or choose_plugin or options.get("plugin")):
                filenames = self._open(filenames)
            if filenames:
                napari_open(filenames, stack=stack, choose_plugin=choose_plugin, **options)

        return open_chosen

    def _open(self, filenames: Sequence[str]) -> list[str]:
        """Open files of spectra and import models; one notification names those that cannot be opened. Return all other files."""
        try:
            kinds = self._progress.wait_for(lambda _report: _kinds(filenames))
        except TransferCancelled as error:
            show_error(str(error))
            return []
        if kinds.models:
            self._import_models(*kinds.models)
        if kinds.collections:
            self._list_collections(kinds.collections)
        known = {file.path for file in kinds.ours}
        unread = [path for path in kinds.rest if path not in known and not _has_reader(path)]
        with self._progress.announced([file.path for file in kinds.ours]):
            problems = open_files(
                self._session, [*kinds.ours, *unread], self._progress, self._ask, self._progress.wait_for
            )
        problems += [f"{name}: there is no such file (any more)." for name in kinds.gone]
        if problems:
            show_error("\n".join(problems))
        taken = known.union(unread, kinds.models, kinds.collections)
        return [name for name in filenames if Path(name) not in taken and name not in kinds.gone]


class _Kinds(NamedTuple):
    """What dropped files are; all that must look at them, which may take long."""

    models: list[Path]
    collections: list[Path]
    gone: list[str]
    ours: list[Sniffed]
    rest: list[Path]  # files of which it is not known whether any plugin reads them


def _kinds(names: Sequence[str]) -> _Kinds:
    models = [Path(name) for name in names if "://" not in name and is_model(Path(name))]
    collections = [Path(name) for name in names if is_collection(Path(name)) and Path(name).is_file()]
    others = [name for name in names if Path(name) not in (*models, *collections)]
    gone = [name for name in others if "://" not in name and not Path(name).exists()]
    ours = spectral_files(map(Path, others))
    return _Kinds(models, collections, gone, ours, [p for p in map(Path, others) if p.is_file()])


def _has_reader(path: Path) -> bool:
    """Whether a plugin, napari's own among them, reads files of this name."""
    return any(PluginManager.instance().iter_compatible_readers([str(path)]))
