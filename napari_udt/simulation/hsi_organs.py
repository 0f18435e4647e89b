"""The ten organs of the hyperspectral experiment, and what was measured of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import SimulationError
from napari_udt.simulation.tables import SOURCES, Tables

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


@dataclass(frozen=True, eq=False)
class MeasuredOrgan:
    """Statistics of the L1-normalised reflectance of one organ at :data:`WAVELENGTHS_NM`.

    Parameters
    ----------
    mean, std : array, shape (100,)
        The mean sums to 1.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def measured_organ(tables: Tables, class_name: str) -> MeasuredOrgan:
    """Statistics of a class; the table's rounding is undone so that the mean sums to 1 again.

    Raises
    ------
    SimulationError
        When the table does not hold the organ.
    """
    organs = tables.organs
    name = TABLE_NAMES[class_name]
    if name not in organs.mean or name not in organs.std:
        raise SimulationError(
            f"{SOURCES['organs'].file} has no mean and std rows for {name!r}; use the whole table."
        )
    mean, std = (
        np.interp(WAVELENGTHS_NM, organs.wavelengths_nm, rows[name]) for rows in (organs.mean, organs.std)
    )
    return MeasuredOrgan(mean / mean.sum(), std / mean.sum())


def l1_normalised(spectra: NDArray[np.floating]) -> NDArray[np.floating]:
    """Spectra (..., channels) divided by their sums."""
    return spectra / spectra.sum(axis=-1, keepdims=True)
