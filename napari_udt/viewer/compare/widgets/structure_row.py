"""Part of the Compare dock: names of structures on the picture, and a legend of their colours."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_udt.viewer.layers.overlays.structure_names import StructureNames
from napari_udt.viewer.qt.fields import check_box, row_of, set_tab_order


class StructureRow(QWidget):
    """Check boxes for what is written on the outlines of structures."""

    chosen = Signal(bool, bool)  # names, legend

    def __init__(self, structures: StructureNames, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._structures = structures
        self.names = check_box("Names", "Names of the structures on their outlines in the picture.", self)
        self.legend = check_box(
            "Legend", "Colours and names of the structures in the lower right corner of the picture.", self
        )
        row_of(self.names, self.legend, parent=self)
        set_tab_order(self.names, self.legend)
        self.names.clicked.connect(self._on_clicked)
        self.legend.clicked.connect(self._on_clicked)
        structures.changed.connect(self._follow)
        self._follow()

    def _on_clicked(self) -> None:
        self._structures.show(names=self.names.isChecked(), legend=self.legend.isChecked())

    def _follow(self) -> None:
        """Show what a command or a session file has chosen."""
        if isalive(self):
            self.names.setChecked(self._structures.names)
            self.legend.setChecked(self._structures.legend)
            self.chosen.emit(self._structures.names, self._structures.legend)
