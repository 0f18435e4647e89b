"""Shapes of vessels in a cross-section, as a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.fit_curves import cosine_basis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outline:
    """A shape between an upper and a lower edge, in a box from -1 to 1 both ways.

    Parameters
    ----------
    centre, half_height : tuple of float
        Coefficients of cosine series along the box, left to right: where the middle between the edges lies
        (downwards) and how far both are from it.
    half_width_mm, half_height_mm : float
        Half the size of the box, as it was found.
    """

    centre: tuple[float, ...]
    half_height: tuple[float, ...]
    half_width_mm: float
    half_height_mm: float

    def covers(self, u: Array, v: Array) -> NDArray[np.bool_]:
        """Whether positions to the right (u) and downwards (v), broadcast together, lie inside."""
        inside = np.clip(u, -1, 1)
        away = np.abs(v - _series(self.centre, inside))
        return (np.abs(u) < 1) & (np.abs(v) < 1) & (away < _series(self.half_height, inside))

    def mirrored(self) -> Outline:
        """Swap left and right."""
        return replace(self, centre=_mirrored(self.centre), half_height=_mirrored(self.half_height))


def _series(coefficients: Sequence[float], u: Array) -> Array:
    return cosine_basis(u, len(coefficients)) @ np.array(coefficients)


def _mirrored(coefficients: Sequence[float]) -> tuple[float, ...]:
    return tuple(value if k % 2 == 0 else -value for k, value in enumerate(coefficients))
