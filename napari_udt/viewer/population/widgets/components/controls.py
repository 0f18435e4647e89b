"""Controls of the tab "Components"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QPushButton, QWidget

from napari_udt.viewer.population.widgets.components.brush_box import Brush

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
        self._contours = self._tick(
            "Contours", "Smallest regions that hold 25, 50, 75 and 95 % of each domain's density.", True
        )
        self._points = self._tick("Points", "Single spectra; of many, an even pick.", False)
        self._group = QButtonGroup(self)
        self._brushes = {brush: self._toggle(brush, *texts) for brush, texts in _BRUSHES.items()}
        self._brushes["rectangle"].setChecked(True)
        self._clear = QPushButton("Clear", self)
        self._clear.setObjectName("clear brush")
        self._clear.setToolTip("Delete the outline, here and in the picture (Escape).")
        self._clear.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._clear.clicked.connect(self._on_clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self._contours, self._points):
            row.addWidget(widget)
        row.addStretch()
        for button in (*self._brushes.values(), self._clear):
            row.addWidget(button)

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

    def _tick(self, text: str, tip: str, on: bool) -> QCheckBox:
        box = QCheckBox(text, self)
        box.setObjectName(text.lower())
        box.setToolTip(tip)
        box.setChecked(on)
        box.toggled.connect(self._on_toggled)
        return box

    def _toggle(self, brush: Brush, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"brush {brush}")
        button.setToolTip(f"<qt>{tip}</qt>")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(self._on_toggled)
        self._group.addButton(button)
        return button

    def _on_toggled(self, _on: bool) -> None:
        self.changed.emit()

    def _on_clear(self) -> None:
        self.clear_wanted.emit()
