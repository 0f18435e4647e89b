"""The ten organs of the hyperspectral experiment and the wavelengths of their spectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WAVELENGTHS_NM = np.linspace(500, 1000, 100)
WAVELENGTHS_NM.setflags(write=False)

# Class names in the order of the one-hot condition, with the names that the measured table gives them.
TABLE_NAMES = {
    "bladder": "bladder",
    "colon": "colon",
    "fat": "subcutaneous fat",
    "liver": "liver",
    "peritoneum": "peritoneum",
    "skin": "skin",
    "small_bowel": "small intestine",
    "spleen": "spleen",
    "stomach": "stomach",
    "omentum": "omentum",
}
CLASS_NAMES = tuple(TABLE_NAMES)


def l1_normalised(spectra: NDArray[np.floating]) -> NDArray[np.floating]:
    """Spectra (..., channels) divided by their sums."""
    return spectra / spectra.sum(axis=-1, keepdims=True)
