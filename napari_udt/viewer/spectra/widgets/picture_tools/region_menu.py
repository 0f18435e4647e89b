"""A button with a menu: regions from files and into files, regions as structures and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_udt.errors import UdtError
from napari_udt.io.outlines import read_outlines
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.layers.overlays.regions import RegionLayers
from napari_udt.viewer.qt.export import ask_save_path
from napari_udt.viewer.spectra.regions import make_structures, regions_of, save_regions, structure_outlines
from napari_udt.viewer.state.session import Session
from napari_udt.wording import counted

_READ = "Regions (*.roi *.zip *.geojson *.json *.iannotation *.hdf5 *.h5);;All files (*)"
_WRITE = "ImageJ regions (*.zip);;GeoJSON (*.geojson)"
NO_PICTURE = "Open a cube first, and make its picture visible."


class RegionMenu(QPushButton):
    """What can be done with regions besides drawing them, on the topmost picture."""

    message = Signal(str)  # one sentence for the dock

    def __init__(self, session: Session, regions: RegionLayers, *, parent: QWidget | None = None) -> None:
        super().__init__("Regions", parent)
        self._session, self._regions = session, regions
        self.setObjectName("Regions")
        self.setToolTip(
            "<qt>Open regions (ImageJ, GeoJSON, of PATATO and iThera scans) or save them (ImageJ, GeoJSON), make structures of them, or draw the structures' outlines as regions."
        )
        menu = QMenu(self)
        for text, action in (
            ("Open regions...", self._open),
            ("Save regions...", self._save),
            ("Make structures of the regions", self._to_structures),
            ("Draw the structures as regions", self._from_structures),
        ):
            menu.addAction(text).triggered.connect(self._said(action))
        self.setMenu(menu)

    def _said(self, action: Callable[[str], str]) -> Callable[[], None]:
        """Return what a menu entry does: the action on the topmost picture, and its sentence or error for the dock."""

        def run() -> None:
            key = self._regions.picture
            try:
                sentence = NO_PICTURE if key is None else action(key)
            except (UdtError, OSError) as error:
                sentence = str(error)
            if sentence:
                self.message.emit(sentence)

        return run

    def _open(self, key: str) -> str:
        path, _ = QFileDialog.getOpenFileName(self, "Open regions", "", _READ)
        if not path:
            return ""
        cube = self._session[key].cube
        outlines = OpeningProgress(parent=self.window()).wait_for(lambda _report: read_outlines(path, cube))
        if key not in self._session:  # closed while a slow file was read
            return ""
        self._regions.add(key, outlines)
        return f"{counted(len(outlines), 'region')} of {Path(path).name} on {key}."

    def _save(self, key: str) -> str:
        regions_of(self._session, key)
        path = ask_save_path(self, "Save regions", f"{key} regions.zip", _WRITE, self.message.emit)
        return "" if path is None else save_regions(self._session, key, path)

    def _to_structures(self, key: str) -> str:
        return make_structures(self._session, key)

    def _from_structures(self, key: str) -> str:
        outlines = structure_outlines(self._session, key)
        self._regions.add(key, outlines)
        return f"{counted(len(outlines), 'region')} on {key}, drawn after its structures."
