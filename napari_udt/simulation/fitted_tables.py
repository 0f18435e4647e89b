"""Optical coefficients and statistics of tissue from the package's own parameters.

Absorption is the fit that the viewer draws and unmixes with too (``chromophores.csv``). The rest lies in the folder
``parameters``; each file names its formula, the source that it was fitted to, and how far it lies from it.
:mod:`napari_udt.simulation.fit_parameters` makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.fit_curves import spline_basis
from napari_udt.simulation.hsi_organs import WAVELENGTHS_NM
from napari_udt.simulation.tables_contract import ArteryStatistics, OrganStatistics, require_inside
from napari_udt.spectral.chromophores import absorption

Array = NDArray[np.float64]

FOLDER = Path(__file__).with_name("parameters")
REFERENCE_NM = 500.0  # of the law of scattering
_CHROMOPHORES = {"oxyhemoglobin": "HbO2", "deoxyhemoglobin": "Hb"}


@lru_cache(maxsize=8)
def parameters(name: str) -> dict[str, Any]:
    """Read one of the package's parameter files, such as "organs"."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class FittedTables:
    """The package's own parameters, evaluated; the methods are those of :class:`napari_udt.simulation.tables_contract.Tables`."""

    name = "fits of the package"

    def absorption_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Absorption [1/cm], 460-1000 nm, by cubic spline."""
        table = absorption()
        low, high = table.wavelengths_nm[[0, -1]]
        require_inside(substance, wavelengths_nm, low, high)
        return table.at(_CHROMOPHORES.get(substance, substance), wavelengths_nm)

    def scattering_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Scattering [1/cm], not reduced, see :func:`scattering_law`."""
        law = parameters("scattering")["substances"][substance]
        return scattering_law(wavelengths_nm, law["a_per_cm"], law["rayleigh_fraction"], law["b_mie"])

    def organ(self, class_name: str) -> OrganStatistics:
        """Statistics of an organ: exponentials of splines; the mean is scaled to sum to 1."""
        mean, std = (self._organ_curves[kind][class_name] for kind in ("mean", "std"))
        return OrganStatistics(mean / mean.sum(), std / mean.sum())

    @cached_property
    def radial_artery(self) -> ArteryStatistics:
        """Mean and standard deviation over recorded arteries."""
        found = parameters("radial_artery")
        wavelengths, mean, std = (np.array(found[key]) for key in ("wavelengths_nm", "mean", "std"))
        return ArteryStatistics(wavelengths, mean, std, found["count"])

    @cached_property
    def _organ_curves(self) -> dict[str, dict[str, Array]]:
        organs = parameters("organs")
        return {kind: _exponentials(organs[kind]) for kind in ("mean", "std")}


def scattering_law(wavelengths_nm: Array, a_per_cm: float, rayleigh_fraction: float, b_mie: float) -> Array:
    """Scattering ``a (f x^-4 + (1 - f) x^-b)`` [1/cm] with x the wavelength over 500 nm (Jacques 2013, equation 2)."""
    x = wavelengths_nm / REFERENCE_NM
    return a_per_cm * (rayleigh_fraction * x**-4.0 + (1 - rayleigh_fraction) * x**-b_mie)


def _splines(model: dict[str, Any]) -> Array:
    return spline_basis(WAVELENGTHS_NM, np.array(model["breakpoints_nm"]))


def _exponentials(model: dict[str, Any]) -> dict[str, Array]:
    basis = _splines(model)
    return {name: np.exp(basis @ np.array(row)) for name, row in model["coefficients"].items()}
