r"""Hyperspectral target: spectra drawn from measured statistics.

Not pixels of a recording. For each organ the drawn L1-normalised spectra have the measured mean and, averaged over 30 nm, the
measured standard deviation (Tivita, pig organs). How they vary together over wavelengths is physics, fitted to these
statistics and, for skin, to recordings (:mod:`napari_udt.simulation.organ_variation`). A spectrum is log-normal,

.. math:: x = m \exp(F z - \sigma^2 / 2), \qquad \sigma_i^2 = \sum_k F_{ik}^2,

with the organ's modes :math:`F` and a standard normal :math:`z`: it is never negative, and its mean is :math:`m`.

Spectra belong to animals. Of each coordinate's variance 30 % lies between animals, half of it the same in all organs of an
animal. These shares are assumed: published statistics do not tell them. A brightness and the noise of a camera come on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.organ_variation import MODES, absorption_table, organ_modes, organ_variations
from napari_udt.simulation.parallel import block_rng
from napari_udt.simulation.tables_contract import OrganStatistics, Tables

Array = NDArray[np.float64]

ORIGIN = "drawn from measured statistics"

# Shares of the variance, assumed: between animals, and of that what all organs of an animal have in common.
ANIMAL_SHARE = 0.3
SYSTEMIC_SHARE = 0.5
SPECTRA_PER_ANIMAL = 200  # twenty of each organ

# Nominal brightness (mean reflectance over wavelengths): the measured spectra are normalised and tell nothing.
LEVEL_MEDIAN = 0.35
LEVEL_SPREAD = 0.25

# Camera: relative noise at full response, steps of a 10-bit converter, response falling off at both ends.
NOISE = 0.0035
STEPS = 1023
_RESPONSE_NM = (500.0, 520.0, 950.0, 1000.0)
_RESPONSE = (0.4, 1.0, 1.0, 0.4)


@dataclass(frozen=True, eq=False)
class OrganField:
    """What an organ's L1-normalised spectra are drawn from.

    Parameters
    ----------
    log_mean : array, shape (100,)
        Mean of the logarithm.
    modes : array, shape (100, 16)
        A standard normal vector times these deviates the logarithm: eight coordinates of tissue and camera, then a smooth rest.
    """

    log_mean: Array
    modes: Array

    def spectra(self, latent: NDArray[np.floating]) -> Array:
        """Spectra (..., 100), summing to about 1, of standard normal ``latent`` vectors (..., 16)."""
        return np.exp(self.log_mean + latent @ self.modes.T)


@lru_cache(maxsize=2)
def organ_fields(tables: Tables) -> dict[str, OrganField]:
    """Return what the spectra of each of the ten organs are drawn from."""
    absorption = absorption_table(tables)
    fields = {}
    for name in CLASS_NAMES:
        organ = tables.organ(name)
        modes = organ_modes(organ_variations()[name], organ, log_std_without_noise(organ), absorption)
        fields[name] = OrganField(np.log(organ.mean) - (modes**2).sum(axis=1) / 2, modes)
    return fields


def log_std_without_noise(organ: OrganStatistics) -> Array:
    """Return the standard deviation (100,) of the logarithm of an organ's spectra, with room left for the camera's noise."""
    variance = (organ.std / organ.mean) ** 2 - (NOISE / camera_response()) ** 2
    return np.sqrt(np.log1p(np.maximum(variance, 0)))


def camera_response() -> Array:
    """Relative response (100,) of the camera: 1 from 520 to 950 nm, less outside."""
    return np.interp(WAVELENGTHS_NM, _RESPONSE_NM, _RESPONSE)


def seen_by_camera(reflectance: NDArray[np.floating], rng: np.random.Generator) -> Array:
    """Reflectance (..., 100) with sensor noise, cut into the steps of a 10-bit converter.

    Noise is 0.35 % of the signal (divided by the response); a step is 1/1023 of a white reference's signal.
    """
    response = camera_response()
    noisy = reflectance * (1 + NOISE / response * rng.standard_normal(reflectance.shape))
    return np.clip(np.round(noisy * response * STEPS), 0, STEPS) / (response * STEPS)


def simulate_hsi_target(n: int, seed: int, tables: Tables) -> Dataset:
    """Draw spectra from measured statistics, the ten organs in equal shares, animal by animal.

    Parameters
    ----------
    n : int
        Number of spectra, at least ten; an animal gives 200.
    seed : int
        Two seeds are two groups of animals; with one seed, a larger data set begins with the smaller one's animals.
    tables : Tables

    Returns
    -------
    Dataset
        Reflectance spectra with labels; parameters ``animal`` (N,), ``level`` (N,) and ``latent`` (N, 16).

    Raises
    ------
    SimulationError
        When ``n`` is less than the number of organs.
    """
    if n < len(CLASS_NAMES):
        raise SimulationError(f"{n} spectra for {len(CLASS_NAMES)} organs; draw at least one each.")
    labels = np.arange(n, dtype=np.int16) % len(CLASS_NAMES)
    animals = np.arange(n, dtype=np.int32) // SPECTRA_PER_ANIMAL
    samples, latents, levels = [], [], []
    for animal in range(animals[-1] + 1):
        own, rng = labels[animals == animal], block_rng(seed, animal)
        latent, level = Animal(rng).latent(own, rng), draw_level(len(own), rng)
        spectra = labelled_spectra(tables, own, latent) * len(WAVELENGTHS_NM) * level[:, None]
        samples.append(seen_by_camera(spectra, rng).astype(np.float32))
        latents.append(latent.astype(np.float32))
        levels.append(level.astype(np.float32))
    return Dataset(
        samples=np.concatenate(samples),
        labels=labels,
        wavelengths_nm=WAVELENGTHS_NM,
        class_names=CLASS_NAMES,
        modality="HSI",
        domain="second",
        origin=ORIGIN,
        seed=seed,
        generator={
            "name": "napari_udt.simulation.hsi_target",
            "modes": MODES,
            "noise": NOISE,
            "animal_share": ANIMAL_SHARE,
            "systemic_share": SYSTEMIC_SHARE,
            "tables": tables.name,
        },
        parameters={"animal": animals, "level": np.concatenate(levels), "latent": np.concatenate(latents)},
    )


class Animal:
    """What is the same in all spectra of an animal.

    Parameters
    ----------
    rng : Generator
    """

    def __init__(self, rng: np.random.Generator) -> None:
        systemic = np.sqrt(SYSTEMIC_SHARE) * rng.standard_normal(MODES)
        own = np.sqrt(1 - SYSTEMIC_SHARE) * rng.standard_normal((len(CLASS_NAMES), MODES))
        self.organs = np.sqrt(ANIMAL_SHARE) * (systemic + own)

    def with_local(self, labels: NDArray[np.integer], local: Array) -> Array:
        """Latent vectors of places in organs ``labels`` (n,) whose own variation is ``local`` (n, 16), standard normal."""
        return self.organs[labels] + np.sqrt(1 - ANIMAL_SHARE) * local

    def latent(self, labels: NDArray[np.integer], rng: np.random.Generator) -> Array:
        """Latent vectors (n, 16) of independent places in organs ``labels`` (n,)."""
        return self.with_local(labels, rng.standard_normal((len(labels), MODES)))


def draw_level(n: int, rng: np.random.Generator) -> Array:
    """Brightness (mean reflectance over wavelengths) of ``n`` spectra, log-normal about a nominal 0.35."""
    return LEVEL_MEDIAN * np.exp(LEVEL_SPREAD * rng.standard_normal(n))


def labelled_spectra(tables: Tables, labels: NDArray[np.integer], latent: Array) -> Array:
    """Spectra (n, 100), summing to about 1, of organs ``labels`` (n,) for standard normal ``latent`` (n, 16)."""
    spectra = np.empty((len(labels), len(WAVELENGTHS_NM)))
    for label, field in enumerate(organ_fields(tables).values()):
        spectra[labels == label] = field.spectra(latent[labels == label])
    return spectra
