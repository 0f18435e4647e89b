"""The compact rows of choices above the plot of spectra."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QSizePolicy, QWidget

from napari_udt.viewer.session import DisplayOptions

# Option of the session -> what is asked, the tooltip, and the answers as people read them.
_CHOICES: Mapping[str, tuple[str, str, Mapping[object, str]]] = {
    "mode": (
        "Show",
        "The spectrum of the pixel under the mouse, or mean and spread of the structure it belongs to.",
        {"pixel": "Pixel", "structure": "Structure"},
    ),
    "normalisation": (
        "Normalisation",
        "Each spectrum is divided by this number, before any mean is taken.",
        {"none": "Not normalised", "l1": "L1 norm", "l2": "L2 norm", "max": "Maximum"},
    ),
    "window": (
        "Window",
        "Side of the square of pixels that is averaged around the mouse.",
        {1: "1 × 1 pixel", 3: "3 × 3 pixels", 5: "5 × 5 pixels", 7: "7 × 7 pixels"},
    ),
    "centre": ("Centre", "What stands for a group of spectra.", {"mean": "Mean", "median": "Median"}),
    "spread": (
        "Spread",
        "The band: one standard deviation around the centre, or from the 5 % to the 95 % quantile.",
        {"std": "± 1 std. dev.", "quantiles": "5–95 %", "none": "No band"},
    ),
}
_PLACES = {"mode": (0, 0), "normalisation": (0, 1), "window": (1, 0), "centre": (1, 1), "spread": (1, 2)}


class OptionBox(QComboBox):
    """A choice among the values of one option of the session."""

    chosen = Signal(str, object)  # name of the option, value

    def __init__(self, option: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        question, tooltip, answers = _CHOICES[option]
        for value, text in answers.items():
            self.addItem(text, value)
        self.setObjectName(option)
        self.setAccessibleName(question)
        self.setToolTip(f"{question}: {tooltip}")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.activated.connect(self._on_activated)

    def set_value(self, value: object) -> None:
        """Show a value; nobody is told."""
        self.setCurrentIndex(self.findData(value))

    def _on_activated(self, index: int) -> None:
        self.chosen.emit(self.option, self.itemData(index))


class SpectraControls(QWidget):
    """Mode, normalisation, window, centre, spread, and whether curves follow the mouse."""

    chosen = Signal(str, object)  # name of the option, value

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._boxes = {option: OptionBox(option, parent=self) for option in _PLACES}
        for option, box in self._boxes.items():
            box.chosen.connect(self.chosen)
            layout.addWidget(box, *_PLACES[option])
        self._hover = QCheckBox("Follow mouse", parent=self)
        self._hover.setObjectName("hover")
        self._hover.setToolTip("Draw the spectra under the mouse while it moves; if not, only the pins.")
        self._hover.toggled.connect(self._on_hover_toggled)
        layout.addWidget(self._hover, 0, 2)
        for column in range(3):
            layout.setColumnStretch(column, 1)

    def set_options(self, options: DisplayOptions) -> None:
        """Show the options; nobody is told."""
        for option, box in self._boxes.items():
            box.set_value(getattr(options, option))
        self._boxes["window"].setEnabled(options.mode == "pixel")
        self._hover.blockSignals(True)
        self._hover.setChecked(options.hover)
        self._hover.blockSignals(False)

    def _on_hover_toggled(self, checked: bool) -> None:
        self.chosen.emit("hover", checked)
