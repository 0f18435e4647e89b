"""Buttons that draw regions and make maps of the topmost cube."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_udt.cube import SpectralCube
from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.layers.overlays.regions import RegionLayers
from napari_udt.viewer.qt.fields import push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.spectra.maps import SpectralMap, band_map, blood_maps
from napari_udt.viewer.state.jobs import Work
from napari_udt.viewer.state.session import Session

NO_PICTURE = "Open a cube first, and make its picture visible."

_BUTTONS = {
    "Draw region": "Draw a shape on the topmost picture: its mean spectrum is drawn. It is drawn freehand; the tools "
    "for rectangles, ellipses, moving and deleting are above the list of layers.",
    "Oxygenation maps": "Oxygen saturation and total haemoglobin of the topmost cube by linear unmixing, as layers: an "
    "estimate for the eye, see “Oxygenation”.",
    "Range picture": "The mean over the range of wavelengths, of the topmost cube, as a layer.",
    "Cancel": "Stop making maps; nothing is added.",
}


class PictureTools(QWidget):
    """Three buttons: draw regions, maps of oxygenation, picture of the range; one map is made at a time."""

    message = Signal(str)  # one sentence for the dock

    def __init__(
        self, session: Session, regions: RegionLayers, maps: MapLayers, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._regions, self._maps = session, regions, maps
        self._run = JobRunner(self)
        self._draw, self._blood, self._band, self._cancel = (
            push_button(text, tooltip, self, shrinks=True) for text, tooltip in _BUTTONS.items()
        )
        row_of(self._draw, self._blood, self._band, self._cancel, parent=self)
        self._draw.clicked.connect(self._on_draw)
        self._blood.clicked.connect(self._on_blood)
        self._band.clicked.connect(self._on_band)
        self._cancel.clicked.connect(self._on_cancel)
        self._run.progressed.connect(self._on_progressed)
        self._run.failed.connect(self._on_failed)
        session.options_changed.connect(self._show_state)
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether a map is being made."""
        return self._run.running

    def _show_state(self, _options: object = None) -> None:
        self._blood.setVisible(not self.running)
        self._band.setVisible(not self.running)
        self._cancel.setVisible(self.running)
        self._cancel.setText("Cancel")
        self._band.setEnabled(self._session.options.band_nm is not None)

    def _on_draw(self) -> None:
        self.message.emit(
            "Draw a region on the picture, freehand; then clicks pin pixels again. After other tools choose “pan/zoom”."
            if self._regions.draw()
            else NO_PICTURE
        )

    def _on_blood(self) -> None:
        if (cube := self._top_cube()) is not None:
            self.start(cube, partial(blood_maps, cube))

    def _on_band(self) -> None:
        cube, band_nm = self._top_cube(), self._session.options.band_nm
        if cube is not None and band_nm is not None:
            self.start(cube, partial(band_map, cube, band_nm))

    def _top_cube(self) -> SpectralCube | None:
        cube = self._maps.top_cube()
        if cube is None:
            self.message.emit(NO_PICTURE)
        return cube

    def start(self, cube: SpectralCube, work: Work[tuple[SpectralMap, ...]]) -> None:
        """Make maps of a cube in another thread and add them as layers."""
        self._run.start(work, partial(self._on_made, cube))
        self._show_state()

    def _on_cancel(self) -> None:
        self._run.drop()
        self._finish("Cancelled: no map was added.")

    def _on_progressed(self, done: int, total: int) -> None:
        self._cancel.setText(f"Cancel ({100 * done // max(total, 1)} %)")

    def _on_made(self, cube: SpectralCube, found: tuple[SpectralMap, ...]) -> None:
        shown = [layer.name for each in found if (layer := self._maps.show(cube, each)) is not None]
        self._finish(f"Added {' and '.join(shown)}." if shown else f"{cube.name} was closed meanwhile.")

    def _on_failed(self, error: Exception) -> None:
        self._finish(f"No map was made: {error}")

    def _finish(self, sentence: str) -> None:
        self._show_state()
        self.message.emit(sentence)
