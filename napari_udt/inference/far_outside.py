"""How many spectra of a transfer lie outside what the model can use: far outside what it saw, or below zero where it knows envelopes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_udt.models.spec import ModelSpec

KEY = "spectra_far_outside"  # in the provenance
NEGATIVE_KEY = "spectra_below_zero"
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
    """Return a sentence or two on a transferred cube of so many spectra; empty where nothing lies outside."""
    far, negative = (_share(provenance.get(key, 0), spectra) for key in (KEY, NEGATIVE_KEY))
    found = []
    if far:
        found.append(
            f"{far} of the spectra came out far outside all values that the model saw: do not use them."
        )
    if negative:
        found.append(
            f"{negative} of the spectra held values below zero, which this model reads as dark: give it envelopes."
        )
    return " ".join(found)


def count_below_zero(spectra: NDArray[np.floating[Any]]) -> int:
    """Return how many spectra (..., channels) hold a value below zero."""
    return int(np.count_nonzero((spectra < 0).any(axis=-1)))


def _share(count: object, spectra: int) -> str:
    if not isinstance(count, int) or count <= 0 or spectra <= 0:
        return ""
    share = 100 * count / spectra
    return f"{share:.0f} %" if share >= 1 else "Less than 1 %"
