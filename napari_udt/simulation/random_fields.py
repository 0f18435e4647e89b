"""Smooth random fields: what makes tissue uneven."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float64]


def smooth_field(rng: np.random.Generator, shape: tuple[int, ...], smoothness: float) -> Array:
    """Gaussian random field with mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    smoothness : float
        Standard deviation of the Gaussian that smooths white noise, in pixels.
    """
    field = gaussian_filter(rng.standard_normal(shape), smoothness, mode="reflect")
    return (field - field.mean()) / field.std()
