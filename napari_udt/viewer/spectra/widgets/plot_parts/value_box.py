"""The box of the curves: its value axis follows the curves, and not a single wild wavelength."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg


class ValueBox(pg.ViewBox):
    """Fits its value axis to a range that it is given, until the user zooms."""

    def __init__(self) -> None:
        super().__init__()
        self._values: tuple[float, float] | None = None

    def fit_values(self, limits: tuple[float, float] | None) -> None:
        """Fit the value axis to this range; None fits it to nothing in particular."""
        if limits != self._values:
            self._values = limits
            self.queueUpdateAutoRange()

    def childrenBounds(self, *args: Any, **options: Any) -> list[Any]:  # noqa: N802 - pyqtgraph's name
        """Return the wavelengths of the items, and the range of values that was given."""
        if self._values is None:
            return super().childrenBounds(*args, **options)
        return [None, list(self._values)]
