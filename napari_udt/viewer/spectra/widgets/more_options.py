"""The rarely used choices about curves, folded away: logarithm, derivative, comparison, chromophores, range."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QGridLayout, QWidget

from napari_udt.spectral.chromophores import TITLES
from napari_udt.viewer.qt.elided_combo_box import ElidedComboBox
from napari_udt.viewer.qt.fields import set_tab_order
from napari_udt.viewer.spectra.curves import CurveSet
from napari_udt.viewer.spectra.widgets.choice_box import OptionBox
from napari_udt.viewer.spectra.widgets.curve_items import title
from napari_udt.viewer.spectra.widgets.picker import Pick, PickButton
from napari_udt.viewer.state.session import CurveId, DisplayOptions
from napari_udt.viewer.style import CHROMOPHORE_COLOURS

_PLACES = {
    "absorbance": (0, 0),
    "derivative": (0, 1),
    "derivative_window": (0, 2),
    "comparison": (1, 0),
}
_AUTOMATIC = "automatic: reference cube, else simulated"


class MoreControls(QWidget):
    """Options of the curves beyond their averages."""

    chosen = Signal(str, object)  # name of the option, value
    band_wanted = Signal(bool)  # whether to show a range of wavelengths

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes = {option: OptionBox(option, parent=self) for option in _PLACES}
        self._reference = ReferenceBox(parent=self)
        self._chromophores = PickButton(
            "chromophores",
            "Chromophores",
            "Absorption coefficients of haemoglobin, water, fat and melanin, as dashed lines on the axis at the right.",
            parent=self,
        )
        self._chromophores.set_picks([Pick(k, t, CHROMOPHORE_COLOURS[k]) for k, t in TITLES.items()])
        self._blood = _check_box(
            "blood",
            "Oxygenation",
            "Estimate oxygen saturation and total haemoglobin of each curve by linear unmixing. Reflectance: "
            "−ln R by HbO₂, Hb, water, fat, offset and scattering slope, 700–900 nm where known. Photoacoustics: "
            "the pressure by HbO₂ and Hb; the fluence is ignored, so deep vessels are coloured by what lies above.",
            self,
        )
        self._band = _check_box(
            "band",
            "Range",
            "Show the mean over a range of wavelengths in the table. Drag the range or its edges; with the plot "
            "in focus, Shift and the arrow keys move it (left, right) and size it (up, down).",
            self,
        )
        self._arrange()
        for box in self._boxes.values():
            box.chosen.connect(self.chosen)
        self._reference.chosen.connect(self.chosen)
        self._chromophores.chosen.connect(self.chosen)
        self._blood.toggled.connect(self._on_blood_toggled)
        self._band.toggled.connect(self.band_wanted)
        self._last: QWidget = self._band  # that Tab reaches

    def set_options(self, options: DisplayOptions) -> None:
        """Show the options; no signal is emitted."""
        for option, box in self._boxes.items():
            box.set_value(getattr(options, option))
        self._boxes["derivative_window"].setEnabled(options.derivative > 0)
        self._reference.set_value(options.reference)
        self._chromophores.set_ticked(options.chromophores)
        for box, checked in ((self._blood, options.blood), (self._band, options.band_nm is not None)):
            box.blockSignals(True)
            box.setChecked(checked)
            box.blockSignals(False)

    def set_curves(self, curves: CurveSet) -> None:
        """Offer these curves as a reference."""
        self._reference.set_curves(curves)

    def add_row(self, widget: QWidget) -> None:
        """Put a widget below the choices."""
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 3)
        kinds = QAbstractButton | QComboBox
        controls = [each for each in widget.findChildren(QWidget) if isinstance(each, kinds)]
        set_tab_order(self._last, *controls)
        self._last = (self._last, *controls)[-1]

    def _arrange(self) -> None:
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        for option, box in self._boxes.items():
            self._grid.addWidget(box, *_PLACES[option])
        self._grid.addWidget(self._reference, 1, 1, 1, 2)
        for column, widget in enumerate((self._chromophores, self._blood, self._band)):
            self._grid.addWidget(widget, 2, column)
            self._grid.setColumnStretch(column, 1)

    def _on_blood_toggled(self, checked: bool) -> None:
        self.chosen.emit("blood", checked)


class ReferenceBox(ElidedComboBox):
    """The curve that all others are compared with."""

    chosen = Signal(str, object)  # "reference", CurveId | None

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(
            "reference",
            "Reference curve",
            "angle, RMSE, difference and ratio of every curve are taken against it.",
            parent=parent,
        )
        self._known: list[tuple[CurveId | None, str]] = []
        self._value: CurveId | None = None
        self.setMaxVisibleItems(20)
        self.set_curves(CurveSet())
        self.activated.connect(self._on_activated)

    def set_curves(self, curves: CurveSet) -> None:
        """Offer these curves."""
        known = [(None, _AUTOMATIC), *((curve.id, title(curve)) for curve in curves.curves)]
        if known != self._known:
            self._known = known
            self.clear()
            self.addItems([text for _, text in known])
            self.set_value(self._value)

    def set_value(self, value: CurveId | None) -> None:
        """Show a choice; no signal is emitted."""
        self._value = value
        ids = [curve for curve, _ in self._known]
        self.setCurrentIndex(ids.index(value) if value in ids else 0)

    def _on_activated(self, index: int) -> None:
        self.chosen.emit("reference", self._known[index][0])


def _check_box(name: str, text: str, tooltip: str, parent: QWidget) -> QCheckBox:
    box = QCheckBox(text, parent)
    box.setObjectName(name)
    box.setToolTip(tooltip)
    return box
