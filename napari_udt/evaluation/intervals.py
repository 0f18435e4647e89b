"""Percentile intervals of bootstrap replicates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95


def percentile_interval(replicates: ArrayLike, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Percentile interval (Efron and Tibshirani 1993, ch. 13) of the finite replicates; NaN where there are none.

    Parameters
    ----------
    replicates : array, shape (n,)
    confidence : float
    """
    values: NDArray[Any] = np.asarray(replicates, np.float64)
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
