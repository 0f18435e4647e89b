"""Mouse, clicks and wavelength slider of a napari viewer, connected with the session. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_udt.viewer.series.pictures import PICTURE_WORDS, place_text
from napari_udt.viewer.state.comparable_cubes import same_scene, ticked_name
from napari_udt.viewer.state.pin_table import pin_at
from napari_udt.viewer.state.session import PixelRef

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube
    from napari_udt.viewer.layers.adapter import LayerAdapter
    from napari_udt.viewer.layers.arrangements.volume_view import VolumeView
    from napari_udt.viewer.series.reader import PictureReader
    from napari_udt.viewer.series.volume import VolumeReader
    from napari_udt.viewer.series.whole_picture import WholePictures
    from napari_udt.viewer.state.session import CubesChange, Pin

# A press and release within so many screen pixels is a click, not a drag.
_CLICK_RADIUS = 4.0
IN_3D = "3-D: the docks follow\nthe mouse in 2-D"  # on the canvas, where the wavelength stands else
# In three dimensions: the cosine of the largest angle between view direction and wavelength axis.
_STRAIGHT = 0.99999


class Pointer:
    """Cursor and clicks: the pixel under the mouse, a pin (or a ticked structure) where the user clicks, pins that are dragged.

    In a volume in 3-D a click on a structure goes to its slice and counts there.
    Only the plain left button in pan/zoom mode counts, so that drawing and zooming tools keep their clicks.
    """

    def __init__(self, adapter: LayerAdapter, volumes: VolumeView) -> None:
        self._adapter, self._volumes = adapter, volumes
        adapter.viewer.mouse_move_callbacks.append(self.moved)
        adapter.viewer.mouse_drag_callbacks.append(self.pressed)

    def moved(self, viewer: Any, event: Any) -> None:
        """Set the session's cursor to the pixel under the mouse."""
        self._adapter.session.set_cursor(self._pixel(event))

    def pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Pin the pixel when the button is released where it was pressed; a pin that is dragged moves."""
        if event.button != 1 or event.modifiers or event.handled or not self._adapter.pans():
            return
        start = np.asarray(event.pos, dtype=float)
        pixel, there = self._pixel(event), self._volumes.place_at(event)
        pin = None if pixel is None else pin_at(self._adapter.session, pixel)
        camera = viewer.scene.camera
        panned = camera.mouse_pan
        camera.mouse_pan = panned and pin is None
        yield
        while event.type == "mouse_move":
            if pin is not None:
                self.moved(viewer, event)  # the curves show what would be pinned
            yield
        camera.mouse_pan = panned
        clicked = np.hypot(*(np.asarray(event.pos) - start)) <= _CLICK_RADIUS
        if there is not None and clicked:
            pixel, position = there
            self._adapter.session.set_position(position)
            self._picked(pixel)
        elif pixel is not None and clicked:
            self._picked(pixel)
        elif pin is not None:
            self._drop(pin, self._pixel(event))

    def _drop(self, pin: Pin, pixel: PixelRef | None) -> None:
        """Move a pin to a pixel of any picture of its scene."""
        session = self._adapter.session
        if pixel is not None and pixel.key in {e.key for e in same_scene(session, session[pin.pixel.key])}:
            session.move_pins({pin.number: PixelRef(pin.pixel.key, pixel.row, pixel.column)})

    def _pixel(self, event: Any) -> PixelRef | None:
        """Return the pixel under the mouse; None in a tilted 3D view, where one position covers many pixels, and across slices."""
        direction = getattr(event, "view_direction", None)
        if self._volumes.active or (direction is not None and abs(direction[-3]) < _STRAIGHT):
            return None
        return self._adapter.pixel_at(event.position, event.viewbox)

    def _picked(self, pixel: PixelRef) -> None:
        """Pin a pixel, or tick the structure under it where structures are compared."""
        session = self._adapter.session
        name = ticked_name(session, pixel) if session.options.mode == "structure" else None
        if name is None:
            session.pin(pixel)
        else:
            session.toggle_structure(name)


class WavelengthSlider:
    """The slider and the wavelength of the session, tied both ways; on the canvas stands what the picture shows."""

    def __init__(
        self, adapter: LayerAdapter, reader: PictureReader, volumes: VolumeReader, whole: WholePictures
    ) -> None:
        self._adapter, self._reader, self._volumes, self._whole = adapter, reader, volumes, whole
        # The viewer's own events must not keep the session alive after its window, nor the other way round.
        self._dims = weakref.proxy(adapter.viewer.dims)
        for event in ("point", "order", "ndisplay"):
            getattr(adapter.viewer.dims.events, event).connect(self._slider_moved)
        session = adapter.session
        session.wavelength_changed.connect(self._session_moved)
        session.cubes_changed.connect(self._cubes_changed)
        session.pictures_changed.connect(self._slider_moved)
        reader.changed.connect(self._slider_moved)
        volumes.changed.connect(self._slider_moved)
        whole.changed.connect(self._slider_moved)
        adapter.covered_changed.connect(self._slider_moved)
        overlay = adapter.viewer.canvas.overlays.text
        overlay.font_size = 14
        overlay.position = "bottom_left"
        self._slider_moved()

    @property
    def _axis(self) -> int:
        return int(self._dims.ndim) - 3

    def _slider_moved(self, event: Any = None) -> None:
        """Set the session's wavelength to the one that the topmost cube shows."""
        key = self._adapter.top_key()
        if key is None or self._axis < 0:
            self._write("")
            return
        cube = self._adapter[key].cube
        shown = float(cube.wavelengths_nm[cube.nearest_channel(self._dims.point[self._axis])])
        self._adapter.session.set_wavelength(shown)
        drawn = self._axis in self._dims.displayed  # then the picture shows all of them
        if drawn:
            self._write(IN_3D)
        else:
            bad = " (bad band)" if cube.is_bad_at(shown) else ""
            wavelength = "" if self._adapter.all_covered() else f"{round(shown, 1):g} nm{bad}"
            self._write("\n".join(filter(None, (self._place(cube), wavelength, self._coarseness(cube)))))

    def _coarseness(self, cube: SpectralCube) -> str:
        """Return how far the whole picture of a cube is read, while a coarse one is shown."""
        rows = None if self._adapter.all_covered() else self._whole.rows_read(cube.data)
        return "" if rows is None else f"coarse, reading {100 * rows // cube.shape[0]} %"

    def _place(self, cube: SpectralCube) -> str:
        """Return which picture of its series is shown, or which one is on its way; of a volume in 3-D all are."""
        if cube.series is not None and self._axis - 1 in self._dims.displayed:
            done, count = self._volumes.being_read(cube.series), len(cube.series)
            return f"{count} slices" if done is None else f"reading\nslice {done + 1} of {count} ..."
        coming = self._reader.waited_for(cube)
        if coming is None or cube.series is None:
            return place_text(cube, "\n")
        doing = "transferring" if cube.domain == "transferred" else "reading"
        return f"{doing}\n{PICTURE_WORDS[cube.series.axis]} {coming + 1} ..."

    def _cubes_changed(self, change: CubesChange) -> None:
        if change.opened or change.closed:
            self._slider_moved()

    def _session_moved(self, wavelength_nm: float) -> None:
        key = self._adapter.top_key()
        if key is None or self._axis < 0:
            return
        cube = self._adapter[key].cube
        if cube.nearest_channel(self._dims.point[self._axis]) != cube.nearest_channel(wavelength_nm):
            self._dims.set_point(self._axis, wavelength_nm)
        else:
            self._slider_moved()  # to the wavelength that is shown, not one between two

    def _write(self, text: str) -> None:
        overlay = self._adapter.viewer.canvas.overlays.text
        overlay.text = text
        overlay.visible = bool(text)
