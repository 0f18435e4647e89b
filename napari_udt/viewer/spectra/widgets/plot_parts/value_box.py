"""The box of the curves: its value axis follows the curves, and not a single wild wavelength."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg

# How many times each axis is enlarged at the most. Near the precision of its numbers Qt takes minutes to draw a line,
# during which the window stands still; dragging with the right mouse button gets there.
_MOST_ENLARGED = 200.0


class ValueBox(pg.ViewBox):
    """Fits its value axis to a range that it is given, until the user zooms."""

    def __init__(self) -> None:
        super().__init__()
        self._values: tuple[float, float] | None = None

    def fit_values(self, limits: tuple[float, float] | None) -> None:
        """Fit the value axis to this range; None fits it to nothing in particular."""
        if limits != self._values:
            self._values = limits
            self.setLimits(minYRange=_least(limits))
            self.queueUpdateAutoRange()

    def fit_positions(self, limits: tuple[float, float]) -> None:
        """Show this range of wavelengths, times or depths, and let the user enlarge it so far."""
        self.setLimits(minXRange=_least(limits))
        self.setXRange(*limits)

    def childrenBounds(self, *args: Any, **options: Any) -> list[Any]:  # noqa: N802 - pyqtgraph's name
        """Return the wavelengths of the items, and the range of values that was given."""
        if self._values is None:
            return super().childrenBounds(*args, **options)
        return [None, list(self._values)]


def _least(limits: tuple[float, float] | None) -> float | None:
    """Return the smallest range that may be shown of one; None where it has no width."""
    width = 0.0 if limits is None else limits[1] - limits[0]
    return width / _MOST_ENLARGED if 0 < width < float("inf") else None
