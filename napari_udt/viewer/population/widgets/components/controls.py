"""Controls of the tab "Components"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QPushButton, QWidget

from napari_udt.viewer.population.widgets.components.brush_box import Brush
from napari_udt.viewer.qt.fields import check_box, push_button, row_of

_BRUSHES: dict[Brush, tuple[str, str]] = {
    "none": ("Move", "Drag to move the plot, turn the wheel to zoom."),
    "rectangle": (
        "Rectangle",
        "Drag a rectangle: spectra inside it are shown below, and where they lie in the picture. Arrow keys move it, "
        "with Shift they size it, Return draws one, Escape deletes it.",
    ),
    "lasso": (
        "Lasso",
        "Draw around points with the mouse: their spectra are shown below and in the picture.",
    ),
}


class ComponentControls(QWidget):
    """Check boxes for contours and points, and the choice of the brush."""

    changed = Signal()
    clear_wanted = Signal()

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contours = check_box(
            "Contours",
            "Smallest regions that hold 25, 50, 75 and 95 % of each domain's density.",
            self,
            checked=True,
        )
        self._points = check_box("Points", "Single spectra; of many, an even pick.", self)
        self._group = QButtonGroup(self)
        self._brushes = {brush: self._toggle(brush, *texts) for brush, texts in _BRUSHES.items()}
        self._brushes["rectangle"].setChecked(True)
        clear = push_button("Clear", "Delete the outline, here and in the picture (Escape).", self)
        clear.setObjectName("clear brush")
        clear.clicked.connect(self._on_clear)
        for box in (self._contours, self._points):
            box.toggled.connect(self._on_toggled)
        boxes = (self._contours, self._points)
        row_of(*boxes, *self._brushes.values(), clear, equal=False, parent=self).insertStretch(2)

    @property
    def contours(self) -> bool:
        """Whether densities are drawn."""
        return self._contours.isChecked()

    @property
    def points(self) -> bool:
        """Whether single spectra are drawn."""
        return self._points.isChecked()

    @property
    def brush(self) -> Brush:
        """The chosen brush."""
        return next(brush for brush, button in self._brushes.items() if button.isChecked())

    def settings(self) -> dict[str, Any]:
        """Return the choices as plain JSON."""
        return {"contours": self.contours, "points": self.points, "brush": self.brush}

    def set_settings(self, settings: Mapping[str, Any]) -> None:
        """Show these choices; no signal is emitted."""
        self.blockSignals(True)
        self._contours.setChecked(settings.get("contours") is not False)
        self._points.setChecked(settings.get("points") is True)
        wanted = settings.get("brush")
        for brush, button in self._brushes.items():
            if brush == wanted:
                button.setChecked(True)
        self.blockSignals(False)

    def _toggle(self, brush: Brush, text: str, tip: str) -> QPushButton:
        button = push_button(text, tip, self, checkable=True)
        button.setObjectName(f"brush {brush}")
        button.clicked.connect(self._on_toggled)
        self._group.addButton(button)
        return button

    def _on_toggled(self, _on: bool) -> None:
        self.changed.emit()

    def _on_clear(self) -> None:
        self.clear_wanted.emit()
