"""What the simulations ask of tables: optical coefficients and statistics of tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import SimulationError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OrganStatistics:
    """Statistics of the L1-normalised reflectance of one organ at the 100 wavelengths of ``hsi_organs``.

    Parameters
    ----------
    mean, std : array, shape (100,)
        The mean sums to 1.
    """

    mean: Array
    std: Array


@dataclass(frozen=True, eq=False)
class ArteryStatistics:
    """Statistics of measured photoacoustic spectra of radial arteries, each divided by its mean over the wavelengths.

    Parameters
    ----------
    wavelengths_nm, mean, std : array, shape (k,)
    count : int
        Spectra that were measured.
    """

    wavelengths_nm: Array
    mean: Array
    std: Array
    count: int


class Tables(Protocol):
    """What the simulations ask for."""

    def __hash__(self) -> int:
        """Tables never change: what is computed from them is kept."""

    @property
    def name(self) -> str:
        """What these tables are, for the records of data sets."""

    def absorption_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Absorption [1/cm] of "oxyhemoglobin", "deoxyhemoglobin" (whole blood, 150 g/l), "water", "fat", "melanin".

        Raises
        ------
        SimulationError
            At wavelengths for which nothing is known.
        """

    def scattering_per_cm(self, substance: str, wavelengths_nm: Array) -> Array:
        """Scattering [1/cm], not reduced, of "blood", "fat", "muscle"."""

    def organ(self, class_name: str) -> OrganStatistics:
        """Statistics of an organ, by the names of the classes in ``hsi_organs``."""

    @property
    def radial_artery(self) -> ArteryStatistics:
        """Statistics of radial arteries, 700-850 nm."""


def require_inside(substance: str, wavelengths_nm: Array, low: float, high: float) -> None:
    """Raise ``SimulationError`` where a wavelength lies outside the range of known coefficients [nm]."""
    if np.min(wavelengths_nm) < low or np.max(wavelengths_nm) > high:
        raise SimulationError(
            f"{substance}: coefficients are known from {low:g} to {high:g} nm, asked for "
            f"{np.min(wavelengths_nm):g} to {np.max(wavelengths_nm):g} nm; stay inside."
        )
