"""Compressions of intensities that span decades: linear below a scale and logarithmic above it.

Photoacoustic pressures span three decades from the coupling medium to the skin. Standardised as they are, the dark
tissue is a narrow line beside a bright tail; compressed, every structure gets its share.

* "asinh": y = asinh(x / scale). Invertible for all values, also those below zero.
* "softplus": y = asinh(t), x / scale = ln(1 + exp(8 t)) / 8. The same, but every y belongs to a positive x, as envelopes are. Pictures with
  values at or below zero are read as if these were a hundred-thousandth of the scale.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_udt.models.spec import Intensity

Array = TypeVar("Array", Tensor, NDArray[Any])

_SHARPNESS = 8.0
_SMALLEST = 1e-5


def compress(x: Array, scale: float, kind: Intensity = "asinh") -> Array:
    """Compress values element by element, see the module."""
    values: Any = x / scale
    if kind == "softplus":
        values = _below_softplus(values)
    return torch.asinh(values) if isinstance(values, Tensor) else np.arcsinh(values)  # type: ignore[return-value]


def expand(y: Array, scale: float, kind: Intensity = "asinh") -> Array:
    """Undo `compress`."""
    if isinstance(y, Tensor):
        values = torch.sinh(y)
        return scale * (
            torch.nn.functional.softplus(values, beta=_SHARPNESS) if kind == "softplus" else values
        )
    values = np.sinh(y)
    return scale * (np.logaddexp(0, _SHARPNESS * values) / _SHARPNESS if kind == "softplus" else values)


def log_slope(y: Tensor, kind: Intensity = "asinh") -> Tensor:
    """Logarithm of the derivative of the compressed value by x / scale, where it is y; without overflow."""
    size = y.abs()
    slope = math.log(2.0) - size - torch.log1p(torch.exp(-2.0 * size))
    if kind == "softplus":
        slope = slope + torch.nn.functional.softplus(-_SHARPNESS * torch.sinh(y))
    return slope


def _below_softplus(values: Any) -> Any:
    """Return t with values = ln(1 + exp(8 t)) / 8."""
    if isinstance(values, Tensor):
        positive = _SHARPNESS * values.clamp_min(_SMALLEST)
        return (positive + torch.log(-torch.expm1(-positive))) / _SHARPNESS
    above = _SHARPNESS * np.maximum(values, np.asarray(_SMALLEST, values.dtype))
    return (above + np.log(-np.expm1(-above))) / _SHARPNESS
