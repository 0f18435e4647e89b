"""A compression of intensities that span decades: asinh, linear below a scale and logarithmic above it.

Photoacoustic pressures span three decades from the coupling medium to the skin. Standardised as they are, the dark
tissue is a narrow line beside a bright tail; compressed, every structure gets its share, and values stay invertible,
also those below zero.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = TypeVar("Array", Tensor, NDArray[Any])


def compress(x: Array, scale: float) -> Array:
    """asinh(x / scale), element by element."""
    return torch.asinh(x / scale) if isinstance(x, Tensor) else np.arcsinh(x / scale)


def expand(y: Array, scale: float) -> Array:
    """Undo `compress`: scale sinh(y)."""
    return scale * (torch.sinh(y) if isinstance(y, Tensor) else np.sinh(y))


def log_slope(y: Tensor) -> Tensor:
    """Logarithm of the derivative of asinh(t) where its value is y: -ln cosh y, without overflow."""
    size = y.abs()
    return math.log(2.0) - size - torch.log1p(torch.exp(-2.0 * size))
