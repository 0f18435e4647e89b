"""Files dropped on the window, opened by this plugin without napari's question which reader to use."""

from __future__ import annotations

from pathlib import Path

from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QMimeData, QObject, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_udt.viewer.opening import open_files, spectral_files
from napari_udt.viewer.session import Session


class DropOpener(QObject):
    """Takes files of spectra out of the drops on napari's canvas.

    Other files go on to napari.

    Parameters
    ----------
    session : Session
    targets : QWidget
        The widgets that receive drops; the first one owns this object.
    """

    def __init__(self, session: Session, *targets: QWidget) -> None:
        super().__init__(targets[0])
        self._session = session
        for target in targets:
            target.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt\'s name
        """Open what is ours; the rest goes on to napari."""
        if event is None or event.type() != QEvent.Type.Drop:
            return False
        return isinstance(event, QDropEvent) and self._dropped(event)

    def _dropped(self, event: QDropEvent) -> bool:
        urls = event.mimeData().urls()
        ours = spectral_files([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
        if not ours:
            return False
        event.acceptProposedAction()
        self._pass_on(event, [url for url in urls if Path(url.toLocalFile()) not in ours])
        problems = open_files(self._session, ours)
        if problems:
            show_error("\n".join(problems))
        return True

    def _pass_on(self, event: QDropEvent, urls: list[QUrl]) -> None:
        """Drop the other files again, without ours."""
        if urls:
            mime = QMimeData()
            mime.setUrls(urls)
            rest = QDropEvent(
                event.position(), event.possibleActions(), mime, event.buttons(), event.modifiers()
            )
            QApplication.sendEvent(self.parent(), rest)
