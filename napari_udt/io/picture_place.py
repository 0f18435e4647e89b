"""Where a picture lies in the coordinates of its scanner, in mm: what regions that are kept in lengths are placed by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Extent = tuple[float, float]

KEY = "picture_mm"  # in the metadata of a cube


@dataclass(frozen=True)
class PicturePlace:
    """The rectangle between the middles of the outermost pixels.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the picture.
    extent_mm : ((float, float), (float, float)), optional
        Lowest and highest coordinate along rows and columns; None where the file lacks it.
    up : {1, -1}
        Whether the coordinate along the rows grows upwards in the picture.
    """

    shape: tuple[int, int]
    extent_mm: tuple[Extent, Extent] | None
    up: int = 1

    @classmethod
    def of(cls, shape: tuple[int, int], metadata: Mapping[str, Any]) -> PicturePlace | None:
        """Return what :meth:`to_metadata` has put into the metadata of a cube; None where there is nothing of use."""
        said = metadata.get(KEY)
        try:
            rows, columns = (tuple(map(float, said[name])) for name in ("rows", "columns"))  # type: ignore[index]
            up = -1 if said["up"] == -1 else 1  # type: ignore[index]
        except (TypeError, KeyError, ValueError):
            return None
        usable = all(
            len(ends) == 2 and np.all(np.isfinite(ends)) and ends[0] < ends[1] for ends in (rows, columns)
        )
        return cls(shape, ((rows[0], rows[1]), (columns[0], columns[1])), up) if usable else None

    @property
    def pixel_size_mm(self) -> tuple[float, float] | None:
        """Height and width of a pixel."""
        if self.extent_mm is None or min(self.shape) < 2:
            return None
        heights, widths = self.extent_mm
        return (heights[1] - heights[0]) / (self.shape[0] - 1), (widths[1] - widths[0]) / (self.shape[1] - 1)

    def pixels(self, points_mm: Points) -> Points:
        """Return rows and columns, shape (n, 2), of points (horizontal, vertical); none where the place is not known."""
        size = self.pixel_size_mm
        if size is None or self.extent_mm is None:
            return np.empty((0, 2))
        (bottom, top), (left, _) = self.extent_mm
        down = top - points_mm[:, 1] if self.up > 0 else points_mm[:, 1] - bottom
        return np.stack([down / size[0], (points_mm[:, 0] - left) / size[1]], axis=1)

    def to_metadata(self) -> dict[str, Any]:
        """Return it for the metadata of a cube, JSON-serialisable; empty where it is not known."""
        if self.pixel_size_mm is None or self.extent_mm is None:
            return {}
        rows, columns = self.extent_mm
        return {KEY: {"rows": list(rows), "columns": list(columns), "up": self.up}}
