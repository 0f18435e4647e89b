"""Drawing regions, and maps of the pictures that are compared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.layers.overlays.maps import MapLayers
from napari_udt.viewer.layers.overlays.regions import RegionLayers
from napari_udt.viewer.qt.fields import combo_box, push_button, row_of
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.spectra.maps import MAP_TITLES, CubeMaps, MapChoice, MapKind, maps_of, shown_text
from napari_udt.viewer.spectra.widgets.picture_tools.region_menu import NO_PICTURE, RegionMenu
from napari_udt.viewer.state.jobs import Work
from napari_udt.viewer.state.session import Session

_DRAW_TIP = (
    "Draw a shape on the topmost picture: its mean spectrum is drawn. It is drawn freehand; the tools "
    "for rectangles, ellipses, moving and deleting are above the list of layers."
)
_MAP_TIP = (
    "A map over the topmost picture, side by side over all of them on one scale: oxygen saturation and total haemoglobin by "
    "linear unmixing (an estimate for the eye, see “Oxygenation”), the saturation that the file records, the mean over the "
    "range of wavelengths, or which spectrum of the library that was opened last each pixel is nearest to, and how far."
)
_REST_MS = 150


class PictureTools(QWidget):
    """A button that draws regions, and the choice of a map; one kind is made at a time."""

    message = Signal(str)  # one sentence for the dock

    def __init__(
        self, session: Session, regions: RegionLayers, maps: MapLayers, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._regions, self._maps = session, regions, maps
        self._run = JobRunner(self)
        self._draw = push_button("Draw region", _DRAW_TIP, self, shrinks=True)
        self._menu = RegionMenu(session, regions, parent=self)
        self._menu.message.connect(self.message)
        self._map = combo_box("map", "Map", _MAP_TIP, self, {"": "no map", **MAP_TITLES})
        self._cancel = push_button("Cancel", "Stop making maps; nothing is added.", self, shrinks=True)
        row_of(self._draw, self._menu, self._map, self._cancel, parent=self)
        self._draw.clicked.connect(self._on_draw)
        self._map.activated.connect(self._on_map)
        self._cancel.clicked.connect(self._on_cancel)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._on_rest)
        session.pictures_changed.connect(self._on_pictures_changed)
        self._run.progressed.connect(self._on_progressed)
        self._run.failed.connect(self._on_failed)
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether a map is being made."""
        return self._run.running

    def _show_state(self) -> None:
        self._map.setVisible(not self.running)
        self._cancel.setVisible(self.running)
        self._cancel.setText("Cancel")

    def _on_draw(self) -> None:
        self.message.emit(
            "Draw a region on the picture, freehand; then clicks pin pixels again. After other tools choose “pan/zoom”."
            if self._regions.draw()
            else NO_PICTURE
        )

    def _on_map(self, index: int) -> None:
        kind, cubes = self._map.itemData(index), self._maps.compared()
        if not kind:
            self._maps.hide()
        elif cubes:
            self.start(partial(maps_of, cubes, self._choice(kind)))
        else:
            self._finish(NO_PICTURE, made=False)

    def _on_pictures_changed(self) -> None:
        """Make the map anew once the slider along time or depth rests; that of the former pictures is hidden."""
        if isalive(self) and self._map.currentData():
            self._run.drop()
            self._again.start(_REST_MS)

    def _on_rest(self) -> None:
        self._on_map(self._map.currentIndex())

    def _choice(self, kind: MapKind) -> MapChoice:
        options, libraries = self._session.options, self._session.libraries
        return MapChoice(kind, options.band_nm, libraries[-1] if libraries else None, options.library_measure)

    def start(self, work: Work[CubeMaps]) -> None:
        """Make maps in another thread and show them."""
        self._run.start(work, self._on_made)
        self._show_state()

    def _on_cancel(self) -> None:
        self._run.drop()
        self._finish("Cancelled: no map was added.", made=False)

    def _on_progressed(self, done: int, total: int) -> None:
        self._cancel.setText(f"Cancel ({100 * done // max(total, 1)} %)")

    def _on_made(self, found: CubeMaps) -> None:
        shown = [pair for pair in found.maps if self._maps.show(*pair) is not None]
        if shown:
            self._finish(shown_text(replace(found, maps=tuple(shown))))
        else:
            self._finish("The pictures were closed meanwhile.", made=False)

    def _on_failed(self, error: Exception) -> None:
        self._finish(f"No map was made: {error}", made=False)

    def _finish(self, sentence: str, *, made: bool = True) -> None:
        if not made:
            self._map.setCurrentIndex(0)
        self._show_state()
        self.message.emit(sentence)
