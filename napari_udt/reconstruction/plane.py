"""Where the pixels of a preview lie among the detectors, and which side of the picture is up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError

Array = NDArray[np.float64]

MAX_PIXELS = 2000  # along a side
_ROUND = 0.05  # of its radius an array may lie off the circle and count as an arc or ring
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
    turned: bool = True,
) -> ImagePlane:
    """Return the plane that an array of detectors sees, with the array at the top of the picture.

    It goes through the middle of the field of view also in the direction that the picture does not show.

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
    turned : bool
        Whether ``up`` gives way to the side on which the detectors lie.

    Raises
    ------
    CubeError
        When the detectors are fewer than two or in one place, or the picture would be too large.
    """
    if bounds_mm is not None and not np.all(np.isfinite(bounds_mm)):
        bounds_mm = None
    axes = _axes(detectors_mm, bounds_mm)
    spread = np.ptp(detectors_mm, axis=0)
    active = spread > _FLAT * spread.max()
    centre, size = detectors_mm.mean(axis=0).astype(np.float64), None
    if bounds_mm is not None and np.all(np.ptp(bounds_mm[list(axes)], axis=1) > 0):
        known = active | (np.ptp(bounds_mm, axis=1) > 0)
        known[list(axes)] = True
        centre[known] = bounds_mm[known].mean(axis=1)
        size = tuple(float(v) for v in np.ptp(bounds_mm[list(axes)], axis=1))
    elif active[axes[1]]:
        centre[active], radius, _ = _circle(detectors_mm[:, active])
        size = (_FILLED * radius, _FILLED * radius)
    width, height = size_mm or size or (float(spread[axes[0]]),) * 2
    if size is None:  # nothing but a flat array: the picture begins at it
        up = -1
        centre[axes[1]] += height / 2
    elif turned:
        up = _side_of_detectors(detectors_mm[:, axes[1]], centre[axes[1]], max(size)) or up
    if max(width, height) / pixel_mm > MAX_PIXELS:
        raise CubeError(
            f"a picture of {width:g} x {height:g} mm with pixels of {pixel_mm:g} mm has more than {MAX_PIXELS} pixels "
            "along a side; choose a smaller field of view or larger pixels."
        )
    x, y, z = (float(v) for v in centre)
    return ImagePlane(axes, up, (x, y, z), (float(width), float(height)), pixel_mm)


def _axes(detectors_mm: Array, bounds_mm: Array | None) -> tuple[int, int]:
    """Return the horizontal and the vertical axis of the picture.

    Depth is z by the conventions of all formats. Only a ring or an arc in the plane of x and y is shown in that plane; a
    flat array that covers an area, or looks at a field of view away from its plane, is shown with its depth.
    """
    spread = np.ptp(detectors_mm, axis=0)
    if len(detectors_mm) < 2 or not np.all(np.isfinite(spread)) or spread.max() <= 0:
        raise CubeError("the detectors have no usable positions; expected at least two different ones.")
    active = spread > _FLAT * spread.max()
    if active.sum() == 1 and active[2]:
        raise CubeError("all detectors lie on a line along z, the depth; expected them side by side.")
    if active.sum() == 2 and not active[2] and not _looks_away(detectors_mm[:, 2].mean(), spread, bounds_mm):
        _, radius, off = _circle(detectors_mm[:, :2])
        if off <= _ROUND * radius:
            return 0, 1
    return int(np.argmax(spread[:2])), 2


def _looks_away(z_mm: float, spread_mm: Array, bounds_mm: Array | None) -> bool:
    """Whether the field of view lies away from the plane of a flat array."""
    if bounds_mm is None or np.ptp(bounds_mm[2]) <= 0:
        return False
    away = max(bounds_mm[2].min() - z_mm, z_mm - bounds_mm[2].max())
    return bool(away > -_FLAT * spread_mm.max())


def _circle(points: Array) -> tuple[Array, float, float]:
    """Return centre and radius of the circle or sphere that fits points best, and how far off it they lie at most.

    Least squares after Kasa (1976).
    """
    matrix = np.column_stack([2 * points, np.ones(len(points))])
    *centre, c = np.linalg.lstsq(matrix, np.sum(points**2, axis=1), rcond=None)[0]
    middle = np.array(centre)
    radius = float(np.sqrt(max(c + np.sum(middle**2), 0.0)))
    return middle, radius, float(np.abs(np.linalg.norm(points - middle, axis=1) - radius).max())


def _side_of_detectors(heights_mm: Array, middle_mm: float, extent_mm: float) -> int:
    """Return on which side of the picture the detectors lie: 1 or -1, 0 when on both."""
    away = float(np.mean(heights_mm)) - middle_mm
    return 0 if abs(away) < _ASIDE * extent_mm else int(np.sign(away))
