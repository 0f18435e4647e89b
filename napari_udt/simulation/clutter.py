"""What a picture shows besides the tissue in the imaging plane: clutter.

A linear array hears sources beside the plane, and echoes of sound on fascia and bone; both land in the picture where
nothing absorbs. They are drawn as sources of their own before the sound travels, so they get the array's limited view,
its band and its speckle like everything else:

* *sheets*: long, gently bent lines across the picture, as fascia, periosteum and their echoes look;
* *arcs*: short lines, tilted and bent, as vessels and septa beside the plane look;
* *grains*: unresolved sources, which become speckle.

How many and how strong is fitted to measured pictures (``parameters/pat_device.json``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field

Array = NDArray[np.float64]

DEEPEST_MM = 19.0  # sources below the picture still reach into it
LEAST_DEPTH_MM = 0.45  # none in the skin of the imaging plane
COARSE_PIXELS = (2.0, 5.0)  # of coarse grains: standard deviation down and across, pixels
LINE_WIDTH_MM = (0.05, 0.15)  # standard deviation across
SHEET_LENGTH_MM = (12.0, 45.0)


@dataclass(frozen=True)
class Clutter:
    """How much clutter a picture has.

    Parameters
    ----------
    strength : float
        Of everything, over the absorbed light of tissue in the plane (median over 1-6 mm).
    sheets, arcs : float
        Mean number of each.
    lines : float
        Strength of sheets and arcs.
    grains : float
        Strength of grains.
    grain_pixels : (float, float)
        Size of fine grains down and across: standard deviation in pixels.
    coarse : float
        Share of coarse grains, 0-1.
    patchiness : float
        Standard deviation of the logarithm of the grains' strength over the picture.
    tilt : float
        Standard deviation of the arcs' slope.
    decay_mm : float
        Depth over which clutter falls to 1/e.
    """

    strength: float
    sheets: float
    arcs: float
    lines: float
    grains: float
    grain_pixels: tuple[float, float]
    coarse: float
    patchiness: float
    tilt: float
    decay_mm: float


def draw_clutter(rng: np.random.Generator, grid: PixelGrid, clutter: Clutter) -> tuple[Array, Array]:
    """Draw sources with the spectrum of tissue and with that of skin.

    Returns
    -------
    tissue, skin : array, shape (rows, columns)
        Absorbed light over that of tissue in the plane; grains go below 0, their mean is what the plane has already.
    """
    lines = np.zeros((2, *grid.shape))
    for draw, mean in ((_sheet, clutter.sheets), (_arc, clutter.arcs)):
        for _ in range(rng.poisson(mean)):
            of_skin = rng.random()
            line = clutter.lines * draw(rng, grid, clutter)
            lines += np.array([1 - of_skin, of_skin])[:, None, None] * line
    lines[0] += clutter.grains * _grains(rng, grid, clutter)
    depths = grid.depths_mm
    fading = np.exp(-np.maximum(depths, 0) / clutter.decay_mm) * (depths > LEAST_DEPTH_MM)
    tissue, skin = clutter.strength * fading[:, None] * lines
    return tissue, skin


def _sheet(rng: np.random.Generator, grid: PixelGrid, _clutter: Clutter) -> Array:
    strength = rng.lognormal(0, 0.6) * np.exp(0.5 * smooth_field(rng, (grid.columns,), 12))
    waves = rng.uniform(0.05, 0.6) * smooth_field(rng, (grid.columns,), rng.uniform(10, 30))
    lateral = grid.laterals_mm - rng.uniform(-18, 18)
    depth = rng.uniform(1.5, DEEPEST_MM) + rng.normal(0, 0.08) * lateral
    depth += rng.normal(0.002, 0.008) * lateral**2 + waves
    length = rng.uniform(*SHEET_LENGTH_MM)
    return _line(grid, lateral, depth, length, strength, rng.uniform(*LINE_WIDTH_MM))


def _arc(rng: np.random.Generator, grid: PixelGrid, clutter: Clutter) -> Array:
    lateral = grid.laterals_mm - rng.uniform(-25, 25)
    depth = rng.uniform(1, DEEPEST_MM) + rng.normal(0, clutter.tilt) * lateral
    depth += rng.normal(0.02, 0.06) * lateral**2
    length = 0.5 + rng.gamma(2, 1.5)
    return _line(
        grid, lateral, depth, length, np.float64(rng.lognormal(-0.3, 0.7)), rng.uniform(*LINE_WIDTH_MM)
    )


def _line(
    grid: PixelGrid,
    lateral_mm: Array,
    depth_mm: Array,
    length_mm: float,
    strength: Array | float,
    width_mm: float,
) -> Array:
    """Draw a line at a depth for each column, with soft ends; its width is a standard deviation."""
    along = strength * np.exp(-0.5 * (2 * np.abs(lateral_mm) / length_mm) ** 4)
    across = (grid.depths_mm[:, None] - depth_mm) / width_mm
    return np.asarray(along * np.exp(-0.5 * across**2))


def _grains(rng: np.random.Generator, grid: PixelGrid, clutter: Clutter) -> Array:
    patches = np.exp(clutter.patchiness * smooth_field(rng, grid.shape, 12))
    fine, coarse = (
        _unit(gaussian_filter(rng.standard_normal(grid.shape), size))
        for size in (clutter.grain_pixels, COARSE_PIXELS)
    )
    return patches * ((1 - clutter.coarse) * fine + clutter.coarse * coarse)


def _unit(field: Array) -> Array:
    return field / field.std()
