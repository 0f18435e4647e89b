"""What all figures of a population have in common: modality, structure, normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

_NORMALISATIONS = {
    "paper": "Normalised as in the paper",
    "none": "Not normalised",
    "l1": "L1 norm",
    "l2": "L2 norm",
    "max": "Maximum",
}


class PopulationControls(QWidget):
    """Boxes in one row; they tell what was chosen."""

    chosen = Signal(str, str)  # name of the option, value

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.modality = self._box("modality", "Modality", "Cubes of one modality are compared at a time.")
        self.structure = self._box(
            "structure",
            "Structure",
            "The structure whose spectra are compared: the name of a label, or all spectra.",
        )
        self.normalisation = self._box(
            "normalisation",
            "Normalisation",
            "Each spectrum is divided by this number first. In the paper it is the L2 norm (components, differences) "
            "and the L1 norm (mean spectra of structures).",
        )
        for value, text in _NORMALISATIONS.items():
            self.normalisation.addItem(text, value)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for box in (self.modality, self.structure, self.normalisation):
            row.addWidget(box, stretch=1)

    def set_modalities(self, modalities: Sequence[str], shown: str) -> None:
        """Offer the modalities that are open; a single one is no question."""
        self._fill(self.modality, [(name, name) for name in modalities], shown)
        self.modality.setVisible(len(modalities) > 1)

    def set_structures(self, names: Sequence[str], shown: str) -> None:
        """Offer structures; nobody is told."""
        self._fill(self.structure, [(name.replace("_", " "), name) for name in names], shown)

    def set_normalisation(self, value: str) -> None:
        """Show a normalisation; nobody is told."""
        self.normalisation.setCurrentIndex(self.normalisation.findData(value))

    def _fill(self, box: QComboBox, items: Sequence[tuple[str, str]], shown: str) -> None:
        if [box.itemData(i) for i in range(box.count())] != [value for _, value in items]:
            box.clear()
            for text, value in items:
                box.addItem(text, value)
        box.setCurrentIndex(box.findData(shown))

    def _box(self, option: str, question: str, tip: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(option)
        box.setAccessibleName(question)
        box.setToolTip(f"<qt>{question}: {tip}</qt>")
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.activated.connect(self._on_activated)
        return box

    def _on_activated(self, index: int) -> None:
        box = self.sender()
        assert isinstance(box, QComboBox)
        self.chosen.emit(box.objectName(), box.itemData(index))
