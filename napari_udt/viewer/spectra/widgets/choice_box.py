"""Choices among the values of one display option each: their titles, tooltips and texts."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.qt.elided_combo_box import ElidedComboBox

# Option of the session -> title, tooltip, and the texts of its values.
_CHOICES: Mapping[str, tuple[str, str, Mapping[object, str]]] = {
    "mode": (
        "Show",
        "The spectrum of the pixel under the mouse, or mean and spread of structures: the one it belongs to and "
        "those that are ticked.",
        {"pixel": "Pixel", "structure": "Structure"},
    ),
    "over": (
        "Axis",
        "The curves over wavelength, of the picture that is shown; or followed over the time or depth of a series: the value at "
        "the wavelength of the picture, as it is in the cube, or oxygen saturation, an estimate by linear unmixing (see "
        "“Oxygenation”).",
        {
            "wavelength": "Over wavelength",
            "value": "Over time: value at the picture's wavelength",
            "oxygenation": "Over time: oxygen saturation (estimate)",
        },
    ),
    "normalisation": (
        "Normalisation",
        "Each spectrum is divided by this number, before any mean is taken. “At a wavelength” means its value "
        "where the wavelength line stands now. Automatic: photoacoustic spectra stay as they are, as their level "
        "counts; others are divided by their L2 norm.",
        {
            "auto": "Automatic",
            "none": "Not normalised",
            "l1": "L1 norm",
            "l2": "L2 norm",
            "max": "Maximum",
            "wavelength": "At a wavelength",
        },
    ),
    "window": (
        "Window",
        "Side of the square of pixels that is averaged around the mouse, in pixels.",
        {1: "1 × 1", 3: "3 × 3", 5: "5 × 5", 7: "7 × 7"},
    ),
    "centre": ("Centre", "What stands for a group of spectra.", {"mean": "Mean", "median": "Median"}),
    "spread": (
        "Spread",
        "The band: one standard deviation (SD) around the centre, or between two quantiles of the spectra. Over trainings: only around "
        "transferred curves, what the installed trainings of the model with other seeds make of the same spectra; few of them "
        "underestimate what the seed decides.",
        {
            "std": "± 1 SD",
            "quantiles": "5–95 %",
            "quartiles": "25–75 %",
            "none": "No band",
            "trainings": "Over trainings: ± 1 SD",
            "trainings_range": "Over trainings: range",
        },
    ),
    "absorbance": (
        "Logarithm",
        "The negative natural logarithm of each normalised spectrum: for reflectance the absorbance.",
        {False: "Linear", True: "Absorbance −ln"},
    ),
    "derivative": (
        "Derivative",
        "Of each spectrum over the wavelength, by Savitzky and Golay's local parabolas; taken after "
        "normalisation and logarithm, before any mean.",
        {0: "No derivative", 1: "First derivative", 2: "Second derivative"},
    ),
    "derivative_window": (
        "Derivative window",
        "How many neighbouring wavelengths each parabola is fitted to: more are smoother. The width in nm is "
        "shown below the plot.",
        {
            5: "5 wavelengths",
            7: "7 wavelengths",
            9: "9 wavelengths",
            15: "15 wavelengths",
            25: "25 wavelengths",
        },
    ),
    "comparison": (
        "Compare",
        "Draw the curves, their difference to the reference curve, or their ratio with it; taken last. The "
        "table compares the curves before that.",
        {"none": "Curves", "difference": "Difference to", "ratio": "Ratio with"},
    ),
}


class OptionBox(ElidedComboBox):
    """A choice among the values of one option of the session."""

    chosen = Signal(str, object)  # name of the option, value
    elision = Qt.TextElideMode.ElideRight

    def __init__(self, option: str, *, parent: QWidget | None = None) -> None:
        title, tooltip, texts = _CHOICES[option]
        super().__init__(option, title, tooltip, parent=parent)
        self._tooltip = self.toolTip()
        self.option = option
        for value, text in texts.items():
            self.addItem(text, value)
        self.activated.connect(self._on_activated)

    def set_value(self, value: object) -> None:
        """Show a value; no signal is emitted."""
        self.setCurrentIndex(self.findData(value))

    def name(self, value: object, text: str) -> None:
        """Show another text for a value; an empty one restores its own."""
        self.setItemText(self.findData(value), text or _CHOICES[self.option][2][value])

    def forbid(self, value: object, reason: str) -> None:
        """Let a value be chosen no more, and say why; an empty reason allows it again."""
        index, model = self.findData(value), self.model()
        if isinstance(model, QStandardItemModel) and (item := model.item(index)) is not None:
            item.setEnabled(not reason)
            item.setToolTip(f"<qt>{reason}</qt>" if reason else "")
        self.setToolTip(self._tooltip.replace("</qt>", f" <b>{reason}</b></qt>") if reason else self._tooltip)

    def _on_activated(self, index: int) -> None:
        self.chosen.emit(self.option, self.itemData(index))
