"""A slider for the bound of the random code that a picture from labels is made with."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

_PER_UNIT = 10
_OFF = 31  # one step beyond the largest bound, 3 standard deviations


class TruncationSlider(QWidget):
    """From 0 to 3 standard deviations in steps of 0.1, and "off" at the right end."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("truncation")
        self.slider.setAccessibleName("Truncation of the random code")
        self.slider.setToolTip(
            "<qt>How far the random code may lie from its mean, in standard deviations. At 0 the picture is the most typical one for its "
            "labels, and every seed gives the same; farther out pictures differ more. Off: no bound, as in training.</qt>"
        )
        self.slider.setRange(0, _OFF)
        self.slider.setPageStep(5)
        self.slider.setValue(_OFF)
        self._text = QLabel(self)
        self._text.setMinimumWidth(self.fontMetrics().horizontalAdvance("off   "))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, stretch=1)
        layout.addWidget(self._text)
        self.slider.valueChanged.connect(self._show)
        self._show()

    @property
    def value(self) -> float | None:
        """The bound; None for none."""
        place = self.slider.value()
        return None if place == _OFF else place / _PER_UNIT

    @value.setter
    def value(self, value: float | None) -> None:
        most = (_OFF - 1) / _PER_UNIT
        self.slider.setValue(_OFF if value is None else round(min(max(value, 0), most) * _PER_UNIT))

    def _show(self) -> None:
        self._text.setText("off" if self.value is None else f"{self.value:.1f}")
        self.changed.emit()
