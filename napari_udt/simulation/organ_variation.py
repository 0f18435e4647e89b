r"""How the reflectance of an organ varies: with its blood, oxygenation, water, fat and scattering, and a small smooth rest.

Published statistics of organs give a mean and a standard deviation at each wavelength and say nothing of how wavelengths
vary together. Physics does. A homogeneous half space whose reflectance resembles the organ's mean has derivatives
:math:`\partial \ln R / \partial c_k` with respect to seven coordinates, the logarithms or logits of what it consists of.
With an eighth for the far end of the camera, where published spreads grow steeply, they span what an organ does; a covariance
of these coordinates, fitted by :mod:`napari_udt.simulation.fit_variation`, says how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.fitted_tables import parameters
from napari_udt.simulation.hsi_organs import WAVELENGTHS_NM
from napari_udt.simulation.layered_reflectance import LayeredTissue, solve
from napari_udt.simulation.tables_contract import OrganStatistics, Tables

Array = NDArray[np.float64]

# What a half space consists of: volume fractions of whole blood, of oxygenated haemoglobin in it, of water and fat, reduced
# scattering at 500 nm [1/cm] and the power of its decrease, and the volume fraction of melanin.
TISSUE = (
    "blood_volume",
    "oxygenation",
    "water",
    "fat",
    "reduced_scattering_per_cm",
    "scattering_power",
    "melanin",
)
COORDINATES = (*TISSUE, "far end of the camera")
REST_MODES = 8
MODES = len(COORDINATES) + REST_MODES

_LOGITS = np.array([name in ("oxygenation", "water", "fat") for name in TISSUE])
_LOGARITHMS = np.array([name in ("blood_volume", "reduced_scattering_per_cm", "melanin") for name in TISSUE])
_ABSORBERS = ("oxyhemoglobin", "deoxyhemoglobin", "water", "fat", "melanin")
_ANISOTROPY, _REFRACTIVE_INDEX, _DEPTH_MM = 0.9, 1.4, 200.0
_STREAMS = (9, 6)
_CLEAR_PER_CM = 1e-3  # absorption that is always there, so that no medium is lossless
_STEP = 1e-3
_FAR_END_NM = 900.0
_REST_LENGTH_NM = 70.0
# Over this length the modelled spread is brought to the measured one: longer than haemoglobin's bands, which stay physics.
_GAIN_LENGTH_NM = 30.0
_LARGEST_EXCESS = np.log(1.2)


@dataclass(frozen=True, eq=False)
class OrganVariation:
    """How one organ varies.

    Parameters
    ----------
    tissue : array, shape (7,)
        The half space that resembles its mean, in the order of :data:`TISSUE`.
    loadings : array, shape (8, 8)
        Lower triangular; times a standard normal vector they are the deviations of :data:`COORDINATES`.
    rest : float
        Standard deviation of the smooth rest, of ln R.
    """

    tissue: Array
    loadings: Array
    rest: float


@lru_cache(maxsize=1)
def organ_variations() -> dict[str, OrganVariation]:
    """Variation of each organ, from the package's fit."""
    found = parameters("organ_variation")["organs"]
    return {
        name: OrganVariation(
            np.array([organ["tissue"][key] for key in TISSUE]), np.array(organ["loadings"]), organ["rest"]
        )
        for name, organ in found.items()
    }


def absorption_table(tables: Tables) -> Array:
    """Absorption [1/cm] of HbO2, Hb, water, fat and melanin at the camera's wavelengths, shape (5, 100)."""
    return np.array([tables.absorption_per_cm(name, WAVELENGTHS_NM) for name in _ABSORBERS])


def to_coordinates(tissue: Array) -> Array:
    """Turn tissues (..., 7) into coordinates: logarithms of amounts, logits of fractions, the scattering power itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        amounts = np.where(_LOGARITHMS, np.log(tissue), tissue)
        return np.where(_LOGITS, np.log(tissue / (1 - tissue)), amounts)


def to_tissue(coordinates: Array) -> Array:
    """Undo `to_coordinates`."""
    with np.errstate(over="ignore"):
        amounts = np.where(_LOGARITHMS, np.exp(coordinates), coordinates)
        return np.where(_LOGITS, 1 / (1 + np.exp(-coordinates)), amounts)


def half_space_reflectance(tissue: Array, absorption: Array) -> Array:
    """Diffuse reflectance (n, 100) of homogeneous tissues (n, 7); absorption as of `absorption_table`."""
    blood, saturation, water, fat, scattering, power, melanin = tissue.T[:, :, None]
    oxy, deoxy, of_water, of_fat, of_melanin = absorption
    absorbed = (
        blood * (saturation * oxy + (1 - saturation) * deoxy)
        + water * of_water
        + fat * of_fat
        + melanin * of_melanin
    )
    scattered = scattering * (WAVELENGTHS_NM / WAVELENGTHS_NM[0]) ** -power / (1 - _ANISOTROPY)
    one = np.ones((len(tissue), 1))
    medium = LayeredTissue(
        absorption_per_cm=absorbed[..., None] + _CLEAR_PER_CM,
        scattering_per_cm=scattered[..., None],
        anisotropy=_ANISOTROPY * one,
        refractive_index=_REFRACTIVE_INDEX * one,
        thickness_mm=_DEPTH_MM * one,
    )
    return solve(medium, _STREAMS).diffuse_reflectance


def directions(tissue: Array, mean: Array, absorption: Array) -> Array:
    """Change of the logarithm of an L1-normalised spectrum of this ``mean`` with each coordinate, shape (100, 8).

    The far end rises linearly from 900 nm, by 1 at 1000 nm. Deviations keep the sum of the spectrum, to first order.
    """
    here = to_coordinates(tissue)
    around = np.concatenate([here[None], here + _STEP * np.eye(len(TISSUE))])
    logarithm = np.log(half_space_reflectance(to_tissue(around), absorption))
    physics = (logarithm[1:] - logarithm[0]).T / _STEP
    far_end = np.clip((WAVELENGTHS_NM - _FAR_END_NM) / (WAVELENGTHS_NM[-1] - _FAR_END_NM), 0, None)
    return keeping_the_sum(np.column_stack([physics, far_end]), mean)


def keeping_the_sum(deviations: Array, mean: Array) -> Array:
    """Take out of logarithmic deviations (100, k) what would change the sum of a spectrum of this mean."""
    return deviations - mean @ deviations


def rest_modes(mean: Array) -> Array:
    """Leading modes (100, 8) of a smooth field of about unit variance that keeps the spectrum's sum."""
    distance = (WAVELENGTHS_NM[:, None] - WAVELENGTHS_NM) / _REST_LENGTH_NM
    kept = keeping_the_sum(np.eye(len(mean)), mean)
    values, vectors = np.linalg.eigh(kept @ np.exp(-(distance**2) / 2) @ kept.T)
    modes = (vectors * np.sqrt(np.maximum(values, 0)))[:, : -REST_MODES - 1 : -1]
    return modes * np.where(modes[0] < 0, -1, 1)


def modes_of(loadings: Array, rest: float, along: Array, rest_along: Array, log_std: Array) -> Array:
    """Modes (100, 16): a standard normal vector times these deviates the logarithm of a spectrum.

    Parameters
    ----------
    loadings, rest
        See :class:`OrganVariation`.
    along, rest_along : array, shape (100, 8)
        Of `directions` and of `rest_modes`.
    log_std : array, shape (100,)
        Wanted standard deviation of the logarithm; met on average over 30 nm, and within 20 % everywhere.
    """
    modes = np.column_stack([along @ loadings, rest * rest_along])
    excess = np.log(np.sqrt((modes**2).sum(axis=1)) / log_std)
    left = excess - _smoothing() @ excess
    return modes * np.exp(np.clip(left, -_LARGEST_EXCESS, _LARGEST_EXCESS) - excess)[:, None]


def organ_modes(
    variation: OrganVariation, organ: OrganStatistics, log_std: Array, absorption: Array
) -> Array:
    """Modes (100, 16) of an organ, see `modes_of`."""
    along = directions(variation.tissue, organ.mean, absorption)
    return modes_of(variation.loadings, variation.rest, along, rest_modes(organ.mean), log_std)


@lru_cache(maxsize=1)
def _smoothing() -> Array:
    """Matrix (100, 100) of running Gaussian means."""
    distance = (WAVELENGTHS_NM[:, None] - WAVELENGTHS_NM) / _GAIN_LENGTH_NM
    weights = np.exp(-(distance**2) / 2)
    return weights / weights.sum(axis=1, keepdims=True)
