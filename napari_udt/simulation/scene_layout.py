"""Where the organs of an invented surgical scene lie: a wound, its layers, and the organs inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_udt.simulation.hsi_organs import CLASS_NAMES

Array = NDArray[np.float64]

BACKGROUND = "background drape"

# Labels of a scene: 0 is the background, the organs follow in the order of the classes.
LABEL_NAMES = {0: BACKGROUND, **dict(enumerate(CLASS_NAMES, start=1))}


@dataclass(frozen=True)
class Shape:
    """A thick line: one point makes a disc, two a rounded rod, more a tube.

    Parameters
    ----------
    organ : str
        Class name.
    radius : float
        In units of the picture's height, as are the points.
    points : tuple of (x, y)
        x to the right, y downwards.
    flat : bool
        Lies flat instead of bulging towards the camera.
    """

    organ: str
    radius: float
    points: tuple[tuple[float, float], ...]
    flat: bool = False

    def depth(self, x: Array, y: Array) -> Array:
        """How far inside the shape each position is: 1 on the middle line, 0 on the edge, negative outside."""
        starts, ends = self.points, self.points[1:] or self.points
        distances = [_to_segment(x, y, a, b) for a, b in zip(starts, ends, strict=False)]
        return 1 - np.min(distances, axis=0) / self.radius


# From below to above: what comes later covers what came before. Pictures are 4 units wide by 3 high.
ABDOMEN = (
    Shape("skin", 0.66, ((0.55, 0.5), (0.78, 0.5)), flat=True),
    Shape("fat", 0.515, ((0.52, 0.5), (0.81, 0.5)), flat=True),
    Shape("peritoneum", 0.445, ((0.50, 0.5), (0.83, 0.5)), flat=True),
    Shape("colon", 0.060, ((0.24, 0.74), (0.21, 0.55), (0.24, 0.42), (0.5, 0.36))),
    Shape("colon", 0.060, ((1.08, 0.66), (1.1, 0.76), (0.95, 0.8))),
    Shape("omentum", 0.150, ((0.52, 0.50), (0.70, 0.48), (0.86, 0.52))),
    Shape("spleen", 0.085, ((1.08, 0.38), (1.10, 0.48))),
    Shape("stomach", 0.115, ((0.72, 0.20), (0.88, 0.24), (0.96, 0.34))),
    Shape("liver", 0.150, ((0.34, 0.27), (0.46, 0.2), (0.6, 0.17))),
    Shape(
        "small_bowel",
        0.052,
        ((0.40, 0.62), (0.55, 0.64), (0.68, 0.62), (0.82, 0.66), (0.90, 0.70), (0.78, 0.76), (0.60, 0.74)),
    ),
    Shape("small_bowel", 0.050, ((0.60, 0.745), (0.46, 0.74), (0.36, 0.78))),
    Shape("bladder", 0.085, ((0.64, 0.87), (0.69, 0.87))),
)


@dataclass(frozen=True, eq=False)
class Layout:
    """A picture of labels and of how much each place faces the camera.

    Parameters
    ----------
    labels : integer array, shape (rows, columns)
        Keys of :data:`LABEL_NAMES`.
    relief : array, shape (rows, columns)
        1 where the surface faces the camera, falling towards the edges of bulging organs.
    """

    labels: NDArray[np.int32]
    relief: Array


def draw_layout(shape: tuple[int, int], rng: np.random.Generator, *, mirrored: bool = False) -> Layout:
    """Draw an abdomen: shapes shifted a little, edges bent by a smooth random field."""
    rows, columns = shape
    y, x = (np.mgrid[:rows, :columns] + 0.5) / rows
    bend = 0.014
    x = x + bend * smooth_field(shape, rows / 12, rng)
    y = y + bend * smooth_field(shape, rows / 12, rng)
    if mirrored:
        x = columns / rows - x
    labels, relief = np.zeros(shape, dtype=np.int32), np.ones(shape)
    for organ in ABDOMEN:
        right, down, larger = np.multiply((0.012, 0.012, 0.05), rng.standard_normal(3)) * (not organ.flat)
        depth = organ.depth(x - right, y - down) + larger
        inside = depth > 0
        labels[inside] = 1 + CLASS_NAMES.index(organ.organ)
        relief[inside] = 1.0 if organ.flat else _dome(depth[inside])
    return Layout(labels, relief)


def smooth_field(shape: tuple[int, int], length: float, rng: np.random.Generator) -> Array:
    """Gaussian random field of mean 0 and variance 1 whose features are about ``length`` pixels wide."""
    field = gaussian_filter(rng.standard_normal(shape), length, mode="reflect")
    return (field - field.mean()) / field.std()


def _dome(depth: Array) -> Array:
    """Cosine between surface and camera of a round body, never quite dark."""
    return 0.6 + 0.4 * np.sqrt(1 - (1 - np.clip(depth, 0, 1)) ** 2)


def _to_segment(x: Array, y: Array, a: tuple[float, float], b: tuple[float, float]) -> Array:
    """Distance of each position from the line between two points."""
    along, up = b[0] - a[0], b[1] - a[1]
    length = along**2 + up**2
    share = np.clip(((x - a[0]) * along + (y - a[1]) * up) / length, 0, 1) if length else 0.0
    return np.hypot(x - a[0] - share * along, y - a[1] - share * up)
