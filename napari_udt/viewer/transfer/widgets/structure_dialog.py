"""The dialog that gives a cube's structures the names that the model and the reference know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_udt.cube import SpectralCube
from napari_udt.outgoing_text import without_markup
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.transfer.structures import StructureRow, name_choices, structure_rows

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_HEADINGS = ("Structure", "Pixels", "Transferred as", "In the reference", "Call it")
_SIZE = (640, 420)


class StructureDialog(QDialog):
    """Shows what a cube's structures are transferred as, and lets them be called otherwise.

    Parameters
    ----------
    key : str
        Name of the cube.
    cube : SpectralCube
    spec : ModelSpec, optional
        The chosen model.
    references : sequence of SpectralCube
        What the cube is compared with.
    parent : QWidget, optional
    """

    named = Signal(str, dict)  # key of the cube, new names by the present ones

    def __init__(
        self,
        key: str,
        cube: SpectralCube,
        spec: ModelSpec | None,
        references: Sequence[SpectralCube],
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key
        self.setWindowTitle(f"Structures of {key}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.boxes: dict[str, QComboBox] = {}
        inside = QWidget(self)
        grid = QGridLayout(inside)
        for column, heading in enumerate(_HEADINGS):
            grid.addWidget(QLabel(f"<b>{heading}</b>", inside), 0, column)
        for line, row in enumerate(structure_rows(cube, spec, references), start=1):
            self._add_row(grid, line, row, name_choices(row, spec, references))
        grid.setColumnStretch(len(_HEADINGS) - 1, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        hint = QLabel(
            "Names apply to this cube and its results in curves, tables, figures and transfers; the file stays as it is. Two "
            "structures of one name become one.",
            self,
        )
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(hint)
        layout.addWidget(VerticalScrollArea(inside, self), stretch=1)
        layout.addWidget(self.buttons)

    def _add_row(
        self, grid: QGridLayout, line: int, row: StructureRow, choices: list[tuple[str, str]]
    ) -> None:
        reference = {True: "yes", False: "no", None: "none open"}[row.in_reference]
        for column, text in enumerate((row.name, f"{row.pixels:,}", row.condition, reference)):
            label = QLabel(text, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            grid.addWidget(label, line, column)
        box = QComboBox(self)
        box.setObjectName(row.name)
        box.setAccessibleName(f"Name of {row.name}")
        box.setToolTip(without_markup(f"What {row.name} is called from now on"))
        for title, name in choices:
            box.addItem(title, name)
        grid.addWidget(box, line, len(_HEADINGS) - 1)
        self.boxes[row.name] = box

    def accept(self) -> None:
        """Tell the new names."""
        self.named.emit(self._key, {name: box.currentData() for name, box in self.boxes.items()})
        super().accept()
