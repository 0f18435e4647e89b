"""Part of the Compare dock: pictures in colours, in daylight or of three wavelengths."""

from __future__ import annotations

from functools import partial

from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QDoubleSpinBox, QSizePolicy, QWidget

from napari_udt.cube import SpectralCube
from napari_udt.viewer.compare.colour_pictures import (
    ColourPicture,
    daylight_obstacle,
    daylight_picture,
    fitting_rgb_nm,
    wavelengths_picture,
)
from napari_udt.viewer.layers.overlays.colours import ColourLayers
from napari_udt.viewer.qt.fields import double_spin_box, fill, push_button, row_of, set_tab_order
from napari_udt.viewer.qt.jobs import JobRunner
from napari_udt.viewer.state.jobs import Work, error_text

NO_PICTURE = "Open a cube first, and make its picture visible."

_REST_MS = 150
_FRAME = 12  # pixels at both ends of a field


class ColourRow(QWidget):
    """Buttons and fields for colours of the shown pictures, computed in a thread, one cube after the other."""

    message = Signal(str)  # one sentence for the dock
    rgb_chosen = Signal(float, float, float)  # nm

    def __init__(self, colours: ColourLayers, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._waiting: list[tuple[SpectralCube, Work[ColourPicture]]] = []
        self._run = JobRunner(self)
        self._daylight = push_button(
            "Daylight",
            "Colour of the shown pictures as a person would see it: CIE 1931 (fit of Wyman, Sloan and Shirley, "
            "2013) under daylight D65, as sRGB. Reflectance only. What lies below the first measured wavelength "
            "counts as at that one; blue is a guess then.",
            self,
            shrinks=True,
        )
        self._fields = [_field(name, self) for name in ("red", "green", "blue")]
        self._false = push_button(
            "False colours",
            "The shown pictures at three wavelengths as red, green and blue, each between its own 1st and 99th "
            "percentile. Wavelengths that a cube lacks are replaced by three from its range.",
            self,
            shrinks=True,
        )
        fill(self, row_of(self._daylight, self._false), row_of(*self._fields))
        set_tab_order(self._daylight, self._false, *self._fields)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._on_rest)
        self._last = self.show_daylight
        colours.outdated.connect(self._on_outdated)
        self._daylight.clicked.connect(self.show_daylight)
        self._false.clicked.connect(self.show_false_colours)
        self._run.failed.connect(self._on_failed)
        for field in self._fields:
            field.valueChanged.connect(self._on_value_changed)

    @property
    def running(self) -> bool:
        """Whether colours are being computed."""
        return self._run.running

    @property
    def rgb_nm(self) -> tuple[float, float, float]:
        """The wavelengths shown as red, green and blue."""
        red, green, blue = (field.value() for field in self._fields)
        return red, green, blue

    def set_rgb_nm(self, rgb_nm: tuple[float, float, float]) -> None:
        """Show these wavelengths; no signal is emitted."""
        for field, nm in zip(self._fields, rgb_nm, strict=True):
            field.blockSignals(True)
            field.setValue(nm)
            field.blockSignals(False)

    def show_daylight(self) -> None:
        """Show daylight colours over the shown pictures."""
        self._last = self.show_daylight
        cubes = self._colours.visible_cubes()
        refused = next((sentence for cube in cubes if (sentence := daylight_obstacle(cube))), "")
        if refused:
            self.message.emit(refused)
        else:
            self._start([(cube, partial(daylight_picture, cube)) for cube in cubes])

    def show_false_colours(self) -> None:
        """Show the three wavelengths as colours over the shown pictures."""
        self._last = self.show_false_colours
        cubes = self._colours.visible_cubes()
        if cubes:
            self.set_rgb_nm(fitting_rgb_nm(cubes[0], self.rgb_nm))
        self._start([(cube, partial(wavelengths_picture, cube, self.rgb_nm)) for cube in cubes])

    def _on_value_changed(self, _value: float) -> None:
        self.rgb_chosen.emit(*self.rgb_nm)

    def _on_outdated(self) -> None:
        if isalive(self):
            self._again.start(_REST_MS)

    def _on_rest(self) -> None:
        """Compute the colours anew now that the slider along time or depth rests."""
        self._last()

    def _start(self, waiting: list[tuple[SpectralCube, Work[ColourPicture]]]) -> None:
        self._run.drop()
        self._waiting = waiting
        if waiting:
            self._start_next()
        else:
            self.message.emit(NO_PICTURE)

    def _start_next(self) -> None:
        cube, work = self._waiting.pop(0)
        self.message.emit(f"Computing colours of {cube.name} …")
        self._run.start(work, partial(self._on_made, cube))

    def _on_made(self, cube: SpectralCube, found: ColourPicture) -> None:
        shown = self._colours.show(cube, found)
        self.message.emit(f"{found.title}. {found.remark}" if shown else f"{cube.name} was closed meanwhile.")
        if self._waiting:
            self._start_next()

    def _on_failed(self, error: Exception) -> None:
        self._waiting = []
        self.message.emit(error_text(error))


def _field(name: str, parent: QWidget) -> QDoubleSpinBox:
    field = double_spin_box(
        name,
        f"Wavelength of {name}",
        f"The wavelength that is shown as {name}; the nearest one of the cube is taken.",
        parent,
        (200.0, 3000.0),
        step=5.0,
        decimals=0,
        unit="nm",
    )
    field.setPrefix(f"{name[0].upper()} ")
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    field.setKeyboardTracking(False)
    field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    field.setMinimumWidth(field.fontMetrics().horizontalAdvance("R 1000 nm") + _FRAME)
    return field
