"""Choices that all figures share: modality, structure, normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_udt.viewer.qt.fields import combo_box, fill, row_of

_NORMALISATIONS = {
    "paper": "Normalised as in the paper",
    "none": "Not normalised",
    "l1": "L1 norm",
    "l2": "L2 norm",
    "max": "Maximum",
}


class PopulationControls(QWidget):
    """Combo boxes in one row."""

    chosen = Signal(str, str)  # name of the option, value

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.modality = combo_box(
            "modality", "Modality", "Cubes of one modality are compared at a time.", self
        )
        self.structure = combo_box(
            "structure",
            "Structure",
            "The structure whose spectra are compared: the name of a label, or all spectra.",
            self,
        )
        self.normalisation = combo_box(
            "normalisation",
            "Normalisation",
            "Each spectrum is divided by this number first. In the paper it is the L2 norm (components, differences) "
            "and the L1 norm (mean spectra of structures).",
            self,
            _NORMALISATIONS,
        )
        boxes = (self.modality, self.structure, self.normalisation)
        for box in boxes:
            box.activated.connect(self._on_activated)
        fill(self, row_of(*boxes))

    def set_modalities(self, modalities: Sequence[str], shown: str) -> None:
        """Offer the modalities of the open cubes; a single one needs no box."""
        self._fill(self.modality, [(name, name) for name in modalities], shown)
        self.modality.setVisible(len(modalities) > 1)

    def set_structures(self, names: Sequence[str], shown: str) -> None:
        """Offer structures; no signal is emitted."""
        self._fill(self.structure, [(name.replace("_", " "), name) for name in names], shown)

    def set_normalisation(self, value: str) -> None:
        """Show a normalisation; no signal is emitted."""
        self.normalisation.setCurrentIndex(self.normalisation.findData(value))

    def _fill(self, box: QComboBox, items: Sequence[tuple[str, str]], shown: str) -> None:
        if [box.itemData(i) for i in range(box.count())] != [value for _, value in items]:
            box.clear()
            for text, value in items:
                box.addItem(text, value)
        box.setCurrentIndex(box.findData(shown))

    def _on_activated(self, index: int) -> None:
        box = self.sender()
        assert isinstance(box, QComboBox)
        self.chosen.emit(box.objectName(), box.itemData(index))
