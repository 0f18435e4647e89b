"""How many transferred spectra lie absurdly far outside what the model saw, as when an input fits neither domain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_udt.models.spec import ModelSpec

KEY = "spectra_far_outside"  # in the provenance
TIMES = 1000  # the largest absolute value that the model is likely to have seen
_DEVIATIONS = 6  # from the mean: about what training data reach


def largest_accepted(spec: ModelSpec, domain: str) -> float:
    """Return the absolute value in raw units above which a spectrum of a domain is far outside.

    It is ``TIMES`` the value that lies six standard deviations of the model's standardisation from the mean. Spectra of unit norm
    get their input's norm back and cannot leave its range: infinity.
    """
    if spec.spectrum_norm == "l2":
        return math.inf
    mean, std = spec.statistics[domain]
    reach = abs(mean) + _DEVIATIONS * std
    if spec.intensity != "linear":
        reach = spec.intensity_scales[domain] * math.sinh(reach)
    return TIMES * reach


def is_far_outside(spectra: NDArray[np.floating[Any]], largest: float) -> NDArray[np.bool_]:
    """Return which spectra (..., channels) hold a value that is not finite or larger than accepted."""
    size, largest = np.abs(spectra), min(largest, float(np.finfo(spectra.dtype).max))
    inside: NDArray[np.bool_] = (np.isfinite(size) & (size <= largest)).all(axis=-1)
    return ~inside


def warning(provenance: Mapping[str, Any], spectra: int) -> str:
    """Return one sentence on a transferred cube of so many spectra; empty where nothing lies far outside."""
    count = provenance.get(KEY, 0)
    if not isinstance(count, int) or count <= 0 or spectra <= 0:
        return ""
    share = 100 * count / spectra
    text = f"{share:.0f} %" if share >= 1 else "Less than 1 %"
    return f"{text} of the spectra came out far outside all values that the model saw: do not use them."
