"""Spin boxes on napari's sliders: the wavelength in nm, time or depth, in place of indices of planes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QDoubleSpinBox, QWidget

from napari_udt.viewer.napari_adapter import viewer_widget
from napari_udt.viewer.series.pictures import series_of
from napari_udt.viewer.series.widgets.position_field import PositionField
from napari_udt.viewer.state.session import CubesChange, Session

if TYPE_CHECKING:
    from napari.components import ViewerModel

_PLANE_NUMBERS = ("slice_label", "slice_label_sep")  # napari's object names
_LEAST_SLIDER = 60  # pixels; napari keeps 150, which the picture lacks in a small window

_NM, _BAD = " nm", " nm, bad"
_TOOLTIP = "Wavelength of the picture; type one, and the nearest that the cube has is shown."
_LEFT_OUT = "the picture shows its values; curves, maps, statistics and transfers leave them out"

_LEAST_ROW = (
    260  # of name, slider and field: napari asks for up to 378 until it knows the window, which then grows
)


class WavelengthField(QDoubleSpinBox):
    """Spin box of the session's wavelength; it snaps to the nearest wavelength of the cube."""

    def __init__(self, session: Session, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setDecimals(1)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setAccessibleName("Wavelength of the picture")
        self.valueChanged.connect(self._typed)
        session.wavelength_changed.connect(self._show)
        session.cubes_changed.connect(self._cubes_changed)
        self._fit()

    def _cubes_changed(self, change: CubesChange) -> None:
        if isalive(self) and (change.opened or change.closed):
            self._fit()

    def _fit(self) -> None:
        """Take the range of the open cubes."""
        grids = [entry.cube.wavelengths_nm for entry in self._session]
        if grids:
            self.blockSignals(True)
            self.setRange(min(float(g[0]) for g in grids), max(float(g[-1]) for g in grids))
            self.blockSignals(False)
        self._show(self._session.wavelength_nm)

    def _show(self, wavelength_nm: float | None) -> None:
        if isalive(self) and wavelength_nm is not None:
            bad = [entry.key for entry in self._session if entry.cube.is_bad_at(wavelength_nm)]
            self.blockSignals(True)
            self.setSuffix(_BAD if bad else _NM)
            self.setValue(wavelength_nm)
            self.blockSignals(False)
            marked = f" Marked as a bad band in {escape(', '.join(bad))}: {_LEFT_OUT}." if bad else ""
            self.setToolTip(f"<qt>{_TOOLTIP}{marked}</qt>")

    def _typed(self, wavelength_nm: float) -> None:
        self._session.set_wavelength(wavelength_nm)
        self._show(self._session.wavelength_nm)


class SliderDress(QObject):
    """Puts fields on the sliders of wavelength and of time or depth, also when napari makes new sliders."""

    def __init__(self, session: Session, qt_dims: Any) -> None:
        super().__init__(qt_dims)
        self._session, self._qt_dims = session, qt_dims
        qt_dims.setMinimumWidth(_LEAST_ROW)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.dress)
        qt_dims.dims.events.ndim.connect(self._sliders_changed)
        session.cubes_changed.connect(self._sliders_changed)
        self.dress()

    def _sliders_changed(self, event: object = None) -> None:
        if isalive(self):
            self._later.start(0)

    def dress(self) -> None:
        """Show nm on the slider of the wavelength axis, s or mm on that of a series, and plane numbers on all others."""
        axis = self._qt_dims.dims.ndim - 3
        series = any(series_of(entry.cube) is not None for entry in self._session)
        for index, slider in enumerate(self._qt_dims.slider_widgets):
            in_nm = index == axis and len(self._session) > 0
            fields: dict[type[WavelengthField | PositionField], bool] = {
                WavelengthField: in_nm,
                PositionField: index == axis - 1 and series,
            }
            for kind, wanted in fields.items():
                field = slider.findChild(kind)
                if wanted and field is None:
                    field = kind(self._session, parent=slider)
                    slider.layout().addWidget(field)
                if field is not None:
                    field.setVisible(wanted)
            slider.slider.setMinimumWidth(_LEAST_SLIDER)
            for name in _PLANE_NUMBERS:
                for child in slider.findChildren(QWidget, name):
                    child.setVisible(not any(fields.values()))


def dress_slider(session: Session, viewer: ViewerModel) -> None:
    """Show nm on the sliders of a viewer's window from now on; once is enough."""
    sliders = getattr(viewer_widget(viewer), "dims", None)
    if sliders is not None and sliders.findChild(SliderDress) is None:
        SliderDress(session, sliders)
