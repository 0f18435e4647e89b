"""Files of spectra that open in a window of ours without napari's question which reader to use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error

from napari_udt.viewer.files.opening import Ask, open_files, spectral_files
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.state.session import Session

if TYPE_CHECKING:
    from napari._qt.qt_viewer import QtViewer


class FileOpener:
    """Stands in front of the one place where dropped, pasted and chosen files come together in napari.

    napari's own reader claims ``*.h5`` too, so napari would ask for each file. Files of spectra are opened here;
    all others, and all for which the user chose a reader, go on to napari.

    Parameters
    ----------
    session : Session
        Where cubes are opened.
    qt_viewer : QtViewer
        napari's viewer widget; other windows and napari's settings stay as they are.
    ask : callable
        Sees to what files lack.
    """

    def __init__(self, session: Session, qt_viewer: QtViewer, ask: Ask) -> None:
        self._session, self._ask = session, ask
        self._napari_open = qt_viewer._qt_open
        self._progress = OpeningProgress(parent=qt_viewer)
        qt_viewer._qt_open = self

    def __call__(
        self, filenames: Sequence[str], stack: Any = False, choose_plugin: bool = False, **options: Any
    ) -> None:
        """Open files; show in one notification what cannot be opened."""
        if stack or choose_plugin or options.get("plugin"):
            self._napari_open(filenames, stack=stack, choose_plugin=choose_plugin, **options)
            return
        gone = [name for name in filenames if "://" not in name and not Path(name).exists()]
        ours = spectral_files(map(Path, filenames))
        taken = {file.path for file in ours}
        others = [name for name in filenames if Path(name) not in taken and name not in gone]
        problems = open_files(self._session, ours, self._progress, self._ask)
        problems += [f"{name}: there is no such file (any more)." for name in gone]
        if problems:
            show_error("\n".join(problems))
        if others:
            self._napari_open(others, stack=stack, choose_plugin=choose_plugin, **options)
