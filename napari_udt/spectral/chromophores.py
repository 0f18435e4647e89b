"""Absorption of the chromophores that give tissue its spectrum: for the eye, for unmixing and for simulations.

The table ships with the package. It is derived, by :mod:`napari_udt.simulation.chromophore_table`, from the spectra
library of SIMPA (github.com/IMSY-DKFZ/simpa, MIT licence), which goes back to Prahl, Jacques and others.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TABLE = Path(__file__).with_name("chromophores.csv")
CHROMOPHORES = ("HbO2", "Hb", "water", "fat", "melanin")
TITLES: Mapping[str, str] = {
    "HbO2": "HbO₂ (oxygenated blood, 150 g/l)",
    "Hb": "Hb (deoxygenated blood, 150 g/l)",
    "water": "Water",
    "fat": "Fat",
    "melanin": "Melanin (melanosome)",
}
BLOOD_G_PER_L = 150.0  # haemoglobin in the whole blood that the coefficients of HbO2 and Hb are for


@dataclass(frozen=True, eq=False)
class Absorption:
    """Absorption coefficients over wavelengths.

    Parameters
    ----------
    wavelengths_nm : array, shape (L,)
    per_cm : mapping of chromophore to array, shape (L,)
        Coefficients in 1/cm; haemoglobin as whole blood of 150 g/l.
    """

    wavelengths_nm: Array
    per_cm: Mapping[str, Array]

    def at(self, chromophore: str, wavelengths_nm: Array) -> Array:
        """Coefficient [1/cm] by cubic spline interpolation; NaN outside the table."""
        return np.asarray(self._splines[chromophore](wavelengths_nm))

    @cached_property
    def _splines(self) -> dict[str, Any]:
        from scipy.interpolate import CubicSpline

        return {
            name: CubicSpline(self.wavelengths_nm, values, extrapolate=False)
            for name, values in self.per_cm.items()
        }


@lru_cache(maxsize=1)
def absorption() -> Absorption:
    """Return the table of the package, 460-1000 nm in steps of 5 nm."""
    with open(TABLE, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(line for line in file if not line.startswith("#"))
    columns = np.array(rows, dtype=np.float64).T
    return Absorption(columns[0], dict(zip(header[1:], columns[1:], strict=True)))
