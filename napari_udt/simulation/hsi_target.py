r"""Hyperspectral target: spectra drawn from measured statistics.

Not pixels of a recording. For each organ the drawn L1-normalised spectra have the measured mean and standard
deviation (Tivita, pig organs); how they vary together over wavelengths is learnt from recordings of human skin,
because organ tables do not tell. Both come from the package's fits, see docs/simulation.md. A spectrum is log-normal,

.. math:: x_i = m_i \exp(\sigma_i z_i - \sigma_i^2 / 2), \qquad \sigma_i^2 = \ln(1 + s_i^2 / m_i^2),

with :math:`z` a Gaussian field of unit variance over wavelengths: it is never negative, and its mean :math:`m` and
standard deviation :math:`s` are the measured ones. Normalising again moves them by less than 1 % and 4 %. A
brightness and the noise of a camera come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.tables_contract import OrganStatistics, Tables

Array = NDArray[np.float64]

ORIGIN = "drawn from measured statistics"
MODES = 16  # independent directions in which an organ's spectrum varies

# Nominal brightness (mean reflectance over wavelengths): the measured spectra are normalised and tell nothing.
LEVEL_MEDIAN = 0.35
LEVEL_SPREAD = 0.25

# Camera: relative noise at full response, steps of a 10-bit converter, response falling off at both ends.
NOISE = 0.0035
STEPS = 1023
_RESPONSE_NM = (500.0, 520.0, 950.0, 1000.0)
_RESPONSE = (0.4, 1.0, 1.0, 0.4)

# Skin varies in two ways mostly (melanin, blood); organs in more: a share of the variance is smooth and free.
_FREE_SHARE = 0.2
_FREE_LENGTH_NM = 40.0


@dataclass(frozen=True, eq=False)
class OrganField:
    """The random field that an organ's L1-normalised spectra are drawn from.

    Parameters
    ----------
    log_mean, log_std : array, shape (100,)
        Mean and standard deviation of the logarithm.
    modes : array, shape (100, 16)
        Rows of unit length; a standard normal vector times these is the field z.
    """

    log_mean: Array
    log_std: Array
    modes: Array

    def spectra(self, latent: NDArray[np.floating]) -> Array:
        """Spectra (..., 100), summing to about 1, of standard normal ``latent`` vectors (..., 16)."""
        return np.exp(self.log_mean + self.log_std * (latent @ self.modes.T))


def organ_fields(tables: Tables) -> dict[str, OrganField]:
    """Random field of each of the ten organs."""
    correlation = learnt_correlation(tables)
    return {name: organ_field(tables.organ(name), correlation) for name in CLASS_NAMES}


def organ_field(organ: OrganStatistics, correlation: Array) -> OrganField:
    """Random field with the organ's statistics; room is left in the spread for the camera's noise."""
    noise = NOISE / camera_response() * organ.mean
    std = np.sqrt(np.maximum(organ.std**2 - noise**2, 0))
    log_std = np.sqrt(np.log1p((std / organ.mean) ** 2))
    modes = _leading_modes(_keeping_the_sum(correlation, organ.mean, std))
    return OrganField(np.log(organ.mean) - log_std**2 / 2, log_std, modes)


def learnt_correlation(tables: Tables) -> Array:
    """Correlation (100, 100) of log reflectance over wavelengths.

    That of human skin, mixed with a smooth kernel so that directions unknown to skin are not left out.
    """
    distance = (WAVELENGTHS_NM[:, None] - WAVELENGTHS_NM) / _FREE_LENGTH_NM
    return (1 - _FREE_SHARE) * tables.skin_correlation + _FREE_SHARE * np.exp(-(distance**2) / 2)


def _keeping_the_sum(correlation: Array, mean: Array, std: Array, rounds: int = 30) -> Array:
    """Correlation under which spectra of this mean and spread keep their sum, as L1-normalised spectra do.

    Alternates between what normalising does to small deviations, dx -> dx - mean * sum(dx), and restoring the
    standard deviations.
    """
    normalising = np.eye(len(mean)) - mean[:, None]
    for _ in range(rounds):
        covariance = normalising @ (correlation * np.outer(std, std)) @ normalising.T
        scale = 1 / np.sqrt(np.diag(covariance))
        correlation = covariance * np.outer(scale, scale)
    return correlation


def _leading_modes(correlation: Array) -> Array:
    values, vectors = np.linalg.eigh(correlation)
    modes = (vectors * np.sqrt(np.maximum(values, 0)))[:, : -MODES - 1 : -1]
    return modes / np.linalg.norm(modes, axis=1, keepdims=True)


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
    """Draw spectra from measured statistics, the ten organs in equal shares.

    Parameters
    ----------
    n : int
        Number of spectra, at least ten.
    seed : int
    tables : Tables

    Returns
    -------
    Dataset
        Reflectance spectra with labels; parameters ``level`` (N,) and ``latent`` (N, 16).

    Raises
    ------
    SimulationError
        When ``n`` is less than the number of organs.
    """
    if n < len(CLASS_NAMES):
        raise SimulationError(f"{n} spectra for {len(CLASS_NAMES)} organs; draw at least one each.")
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int16) % len(CLASS_NAMES)
    latent = rng.standard_normal((n, MODES))
    level = draw_level(n, rng)
    reflectance = labelled_spectra(tables, labels, latent) * len(WAVELENGTHS_NM) * level[:, None]
    return Dataset(
        samples=seen_by_camera(reflectance, rng).astype(np.float32),
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
            "tables": tables.name,
        },
        parameters={"level": level.astype(np.float32), "latent": latent.astype(np.float32)},
    )


def draw_level(n: int, rng: np.random.Generator) -> Array:
    """Brightness (mean reflectance over wavelengths) of ``n`` spectra, log-normal about a nominal 0.35."""
    return LEVEL_MEDIAN * np.exp(LEVEL_SPREAD * rng.standard_normal(n))


def labelled_spectra(tables: Tables, labels: NDArray[np.integer], latent: Array) -> Array:
    """Spectra (n, 100), summing to about 1, of organs ``labels`` (n,) for standard normal ``latent`` (n, 16)."""
    spectra = np.empty((len(labels), len(WAVELENGTHS_NM)))
    for label, field in enumerate(organ_fields(tables).values()):
        spectra[labels == label] = field.spectra(latent[labels == label])
    return spectra
