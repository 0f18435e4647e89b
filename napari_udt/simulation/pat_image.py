"""One photoacoustic image of a forearm: light, sound, reconstruction; and the simulated domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import DetectorArray, Signals, SoundSpeeds
from napari_udt.simulation.diffusion import fluence
from napari_udt.simulation.forearm import COUPLING, Tissue, build_tissue, draw_forearm
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID, PixelGrid, crop
from napari_udt.simulation.tissue_optics import ABSORBERS, SCATTERERS, OpticalSpectra, mixed
from napari_udt.simulation.transducer import MSOT_ACUITY, with_noise

Array = NDArray[np.float64]

WAVELENGTHS_NM = np.arange(700.0, 851.0, 10.0)
ARRAY = DetectorArray()
SLIT_HALF_LENGTH_MM = 15.0  # the slit that light comes from lies in the imaging plane
SLIT_EDGE_MM = 1.5
NOISE = (0.03, 0.15)  # of a band-limited device: standard deviation over that of the recording
INTENSITY_SCALE = 100.0  # brings the simulated images to a standard deviation of a few units


@dataclass(frozen=True, eq=False)
class PatImage:
    """A multispectral image with what is known about it.

    Parameters
    ----------
    image : float32 array, shape (C, H, W)
        Reconstructed initial pressure [a.u.], not negative.
    labels : int8 array, shape (H, W)
    oxygenation : float32 array, shape (H, W)
        NaN outside blood vessels.
    parameters : mapping of str to float
        What was drawn.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.int8]
    oxygenation: NDArray[np.float32]
    parameters: Mapping[str, float]


def simulated_image(
    rng: np.random.Generator, spectra: OpticalSpectra, *, band_limited: bool = False
) -> PatImage:
    """Draw a forearm and image it as an ideal device would: one speed of sound, no transducer, no noise.

    With ``band_limited`` the same forearm is heard through a transducer that adds noise.
    """
    anatomy = draw_forearm(rng, TISSUE_GRID)
    tissue = build_tissue(anatomy, TISSUE_GRID)
    signals = record(ideal_propagation(), initial_pressure(tissue, spectra))
    response = acoustics.pressure_response(ARRAY, TISSUE_GRID)
    parameters = dict(anatomy.parameters)
    if band_limited:
        sensitivity = MSOT_ACUITY.response(ARRAY.frequencies_mhz)
        signals = acoustics.filtered(signals, response * sensitivity)
        parameters["noise"] = rng.uniform(*NOISE)
        white = rng.standard_normal(signals.shape, dtype=np.float32)
        signals = with_noise(signals, white, sensitivity, parameters["noise"])
    else:
        signals = acoustics.filtered(signals, response)
    picture = acoustics.envelope(reconstruct(reconstruction(SoundSpeeds()), signals))
    return PatImage(
        np.ascontiguousarray(picture.transpose(2, 0, 1)) * np.float32(INTENSITY_SCALE),
        crop(tissue.labels),
        crop(tissue.oxygenation),
        parameters,
    )


def initial_pressure(tissue: Tissue, spectra: OpticalSpectra, grid: PixelGrid = TISSUE_GRID) -> Signals:
    """Absorbed light under the slit [1/cm times the fluence of the beam], shape (rows, columns, C)."""
    absorption = mixed(tissue.absorbers, ABSORBERS, spectra.absorption_per_cm)
    scattering = mixed(tissue.scatterers, SCATTERERS, spectra.reduced_scattering_per_cm)
    diffusive = tissue.labels != COUPLING
    incident = slit_illumination(grid.laterals_mm)
    absorbed = [
        mu_a * fluence(mu_a, mu_s, diffusive, incident, grid.pixel_cm)
        for mu_a, mu_s in zip(absorption, scattering, strict=True)
    ]
    return np.stack(absorbed, axis=-1).astype(np.float32)


def slit_illumination(laterals_mm: Array) -> Array:
    """Fluence of the beam along the slit: 1 in the middle, falling smoothly at its ends."""
    return 1 / (1 + np.exp((np.abs(laterals_mm) - SLIT_HALF_LENGTH_MM) / SLIT_EDGE_MM))


def record(propagation: csc_matrix, pressure: Signals) -> Signals:
    """Spherical means at the detectors, shape (elements, samples, C)."""
    channels = pressure.shape[-1]
    return (propagation @ pressure.reshape(-1, channels)).reshape(ARRAY.elements, ARRAY.samples, channels)


def reconstruct(operator: csr_matrix, signals: Signals) -> Signals:
    """Delay and sum, shape (rows, columns, C)."""
    channels = signals.shape[-1]
    return (operator @ signals.reshape(-1, channels)).reshape(*IMAGE_GRID.shape, channels)


@lru_cache(maxsize=1)
def ideal_propagation() -> csc_matrix:
    """Propagation through one medium; built once per process (184 MB)."""
    return acoustics.spherical_means(ARRAY, TISSUE_GRID, SoundSpeeds())


@lru_cache(maxsize=2)
def reconstruction(speeds: SoundSpeeds, grid: PixelGrid = IMAGE_GRID) -> csr_matrix:
    """Delay and sum at fixed speeds; built once per process (134 MB each)."""
    return acoustics.delay_and_sum(ARRAY, grid, speeds)
