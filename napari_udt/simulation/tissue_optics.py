"""Optical coefficients of mixed tissue: volume fractions times the coefficients of what is mixed.

Units are 1/cm. Absorption of the chromophores comes from the package's fit; the rest is literature:

* epidermis and dermis without blood and melanin absorb ``0.244 + 85.3 exp(-(l - 154) / 66.2)`` with the
  wavelength l in nm (bloodless rat skin; Jacques, "Skin Optics", Oregon Medical Laser Center News, January 1998);
* reduced scattering ``a (l / 500)^-b`` of skin a = 46.0, b = 1.421 (Jacques, Phys. Med. Biol. 58 R37, 2013);
* reduced scattering of fat, muscle and blood: the scattering law of each times 1 - g with g = 0.9 for fat and
  muscle and 0.98 for blood (the anisotropies that SIMPA uses: Groehl et al., J. Biomed. Opt. 27, 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.tables_contract import Tables

Array = NDArray[np.float64]

CHROMOPHORES = ("oxyhemoglobin", "deoxyhemoglobin", "water", "fat", "melanin")
ABSORBERS = (*CHROMOPHORES, "bloodless_skin")
SCATTERERS = ("skin", "fat", "muscle", "blood")
ANISOTROPY = {"fat": 0.9, "muscle": 0.9, "blood": 0.98}
SKIN_SCATTERING_AT_500_NM_PER_CM = 46.0
SKIN_SCATTERING_POWER = 1.421


@dataclass(frozen=True, eq=False)
class OpticalSpectra:
    """Coefficients of pure substances at the simulated wavelengths.

    Parameters
    ----------
    wavelengths_nm : array, shape (C,)
    absorption_per_cm : array, shape (absorbers, C)
        In the order of :data:`ABSORBERS`.
    reduced_scattering_per_cm : array, shape (scatterers, C)
        In the order of :data:`SCATTERERS`.
    """

    wavelengths_nm: Array
    absorption_per_cm: Array
    reduced_scattering_per_cm: Array


def optical_spectra(tables: Tables, wavelengths_nm: Array) -> OpticalSpectra:
    """Read the coefficients of all substances at ``wavelengths_nm`` [nm], shape (C,)."""
    absorption = [tables.absorption_per_cm(name, wavelengths_nm) for name in CHROMOPHORES]
    scattering = {
        name: tables.scattering_per_cm(name, wavelengths_nm) * (1 - g) for name, g in ANISOTROPY.items()
    }
    scattering["skin"] = SKIN_SCATTERING_AT_500_NM_PER_CM * (wavelengths_nm / 500) ** -SKIN_SCATTERING_POWER
    return OpticalSpectra(
        wavelengths_nm,
        np.stack([*absorption, bloodless_skin_absorption_per_cm(wavelengths_nm)]),
        np.stack([scattering[name] for name in SCATTERERS]),
    )


def bloodless_skin_absorption_per_cm(wavelengths_nm: Array) -> Array:
    """Absorption of skin without blood and melanin (Jacques 1998, section 1.1)."""
    return 0.244 + 85.3 * np.exp(-(wavelengths_nm - 154) / 66.2)


def mixed(fractions: Mapping[str, Array], names: tuple[str, ...], coefficients: Array) -> Array:
    """Coefficients of a mixture.

    Parameters
    ----------
    fractions : mapping of substance to array, shape (rows, columns)
        Volume fractions; substances that are left out are absent.
    names : tuple of str
        Substances in the order of ``coefficients``.
    coefficients : array, shape (substances, C)

    Returns
    -------
    array, shape (C, rows, columns)
    """
    present = [i for i, name in enumerate(names) if name in fractions]
    maps = np.stack([fractions[names[i]] for i in present])
    return np.tensordot(coefficients[present].T, maps, axes=1)
