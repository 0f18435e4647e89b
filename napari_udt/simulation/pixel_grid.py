"""The grid on which photoacoustic images are simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PixelGrid:
    """Square pixels in the imaging plane: rows go down into the body, columns along the array.

    Depth 0 is the membrane of the probe; lateral position 0 is the middle of the picture.

    Parameters
    ----------
    rows, columns : int
    pixel_mm : float
        Edge of a pixel.
    top_mm : float
        Depth of the upper edge of row 0.
    """

    rows: int = 128
    columns: int = 256
    pixel_mm: float = 0.15625
    top_mm: float = -3.0

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def pixel_cm(self) -> float:
        """Edge of a pixel in centimetres, the unit of tissue optics."""
        return self.pixel_mm / 10

    @property
    def depths_mm(self) -> Array:
        """Depth of the pixel centres, shape (rows,)."""
        return np.asarray(self.top_mm + (np.arange(self.rows) + 0.5) * self.pixel_mm, dtype=np.float64)

    @property
    def laterals_mm(self) -> Array:
        """Lateral position of the pixel centres, shape (columns,)."""
        centred = np.arange(self.columns) + 0.5 - self.columns / 2
        return np.asarray(centred * self.pixel_mm, dtype=np.float64)

    def widened(self, margin: int) -> PixelGrid:
        """Return the same grid with ``margin`` more columns on either side."""
        return replace(self, columns=self.columns + 2 * margin)

    def refined(self, factor: int) -> PixelGrid:
        """Return a grid over the same area whose pixels are ``factor`` times smaller."""
        return replace(
            self, rows=self.rows * factor, columns=self.columns * factor, pixel_mm=self.pixel_mm / factor
        )


MARGIN = 48  # columns: 7.5 mm; light and sound from beside the picture reach into it
IMAGE_GRID = PixelGrid()
TISSUE_GRID = IMAGE_GRID.widened(MARGIN)


def crop(tissue_map: NDArray) -> NDArray:
    """Cut the picture out of a map over the tissue grid; the first two axes are (rows, columns)."""
    return tissue_map[:, MARGIN:-MARGIN]
