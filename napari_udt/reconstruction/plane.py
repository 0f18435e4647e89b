"""Where the pixels of a preview lie among the detectors, and which side of the picture is up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError

Array = NDArray[np.float64]

MAX_PIXELS = 2000  # along a side
_FLAT = 1e-3  # an axis along which the detectors spread less than this, relative to the widest, is no axis of theirs
_ASIDE = 0.05  # a centroid nearer to the middle than this part of the array's extent is on no side of it
_FILLED = 0.75  # of an arc's radius is shown by default: for a ring of 40 mm a field of 30 mm


@dataclass(frozen=True)
class ImagePlane:
    """A rectangle of square pixels in space.

    Parameters
    ----------
    axes : (int, int)
        Which of the axes x, y, z (0, 1, 2) runs along the picture's columns, and which along its rows.
    up : {1, -1}
        Whether the coordinate of the vertical axis grows towards the top of the picture (1) or its bottom (-1).
    centre_mm : (float, float, float)
        Middle of the picture.
    size_mm : (float, float)
        Wanted width and height; the shape is that of the pixels which fill it best.
    pixel_mm : float
    """

    axes: tuple[int, int]
    up: int
    centre_mm: tuple[float, float, float]
    size_mm: tuple[float, float]
    pixel_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        width, height = self.size_mm
        return max(1, round(height / self.pixel_mm)), max(1, round(width / self.pixel_mm))

    @property
    def lower_corner_mm(self) -> Array:
        """Smallest coordinates (x, y, z) that belong to the picture."""
        corner = np.array(self.centre_mm, dtype=np.float64)
        rows, columns = self.shape
        corner[list(self.axes)] -= np.array([columns, rows]) * self.pixel_mm / 2
        return corner

    def pixels_mm(self) -> Array:
        """Return the centres of the pixels, shape (rows, columns, 3); row 0 is the top."""
        rows, columns = self.shape
        pixels = np.empty((rows, columns, 3))
        pixels[:] = self.centre_mm
        across, along = ((np.arange(n) - (n - 1) / 2) * self.pixel_mm for n in (columns, rows))
        pixels[:, :, self.axes[0]] += across[None, :]
        pixels[:, :, self.axes[1]] -= self.up * along[:, None]
        return pixels


def picture_plane(
    detectors_mm: Array,
    *,
    pixel_mm: float,
    size_mm: tuple[float, float] | None = None,
    bounds_mm: Array | None = None,
    up: int = 1,
) -> ImagePlane:
    """Return the plane that an array of detectors sees, with the array at the top of the picture.

    Parameters
    ----------
    detectors_mm : array, shape (detectors, 3)
        Positions (x, y, z).
    pixel_mm : float
    size_mm : (float, float), optional
        Width and height; by default those of ``bounds_mm``, else what the array surrounds.
    bounds_mm : array, shape (3, 2), optional
        Lowest and highest x, y and z of the field of view, where it is known.
    up : {1, -1}
        Direction of the vertical axis that is up when the detectors lie on all sides.

    Raises
    ------
    CubeError
        When the detectors are fewer than two or in one place, or the picture would be too large.
    """
    axes, linear = _axes(detectors_mm)
    centre, size = _middle(detectors_mm), None
    if (
        bounds_mm is not None
        and np.all(np.isfinite(bounds_mm))
        and np.all(np.ptp(bounds_mm[list(axes)], axis=1) > 0)
    ):
        centre[list(axes)] = bounds_mm[list(axes)].mean(axis=1)
        size = tuple(float(v) for v in np.ptp(bounds_mm[list(axes)], axis=1))
    elif not linear:
        centre[list(axes)], radius = _circle(detectors_mm[:, axes])
        size = (_FILLED * radius, _FILLED * radius)
    width, height = size_mm or size or (float(np.ptp(detectors_mm[:, axes[0]])),) * 2
    if size is None:  # nothing but a straight array: the picture begins at it
        up = -1
        centre[axes[1]] += height / 2
    else:
        up = _side_of_detectors(detectors_mm[:, axes[1]], centre[axes[1]], max(size)) or up
    if max(width, height) / pixel_mm > MAX_PIXELS:
        raise CubeError(
            f"a picture of {width:g} x {height:g} mm with pixels of {pixel_mm:g} mm has more than {MAX_PIXELS} pixels "
            "along a side; choose a smaller field of view or larger pixels."
        )
    x, y, z = (float(v) for v in centre)
    return ImagePlane(axes, up, (x, y, z), (float(width), float(height)), pixel_mm)


def _axes(detectors_mm: Array) -> tuple[tuple[int, int], bool]:
    """Return the horizontal and the vertical axis, and whether the array is a straight line.

    Depth is z by the conventions of all formats; only an array in the plane of x and y is shown in that plane.
    """
    spread = np.ptp(detectors_mm, axis=0)
    if len(detectors_mm) < 2 or not np.all(np.isfinite(spread)) or spread.max() <= 0:
        raise CubeError("the detectors have no usable positions; expected at least two different ones.")
    active = spread > _FLAT * spread.max()
    if active.sum() == 2 and not active[2]:
        return (0, 1), False
    horizontal = int(np.argmax(spread[:2]))
    if active.sum() == 1 and active[2]:
        raise CubeError("all detectors lie on a line along z, the depth; expected them side by side.")
    return (horizontal, 2), bool(active.sum() == 1)


def _middle(detectors_mm: Array) -> Array:
    return np.array(detectors_mm.mean(axis=0), dtype=np.float64)


def _circle(points: Array) -> tuple[Array, float]:
    """Return centre and radius of the circle that fits points best (least squares after Kasa, 1976)."""
    matrix = np.column_stack([2 * points, np.ones(len(points))])
    (x, y, c), *_ = np.linalg.lstsq(matrix, np.sum(points**2, axis=1), rcond=None)
    return np.array([x, y]), float(np.sqrt(max(c + x * x + y * y, 0.0)))


def _side_of_detectors(heights_mm: Array, middle_mm: float, extent_mm: float) -> int:
    """Return on which side of the picture the detectors lie: 1 or -1, 0 when on both."""
    away = float(np.mean(heights_mm)) - middle_mm
    return 0 if abs(away) < _ASIDE * extent_mm else int(np.sign(away))
