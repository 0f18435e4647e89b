"""The target "digital device", built to differ from the ideal one of the simulated domain as real devices do.

It stands where recordings would stand and is never called real. What it has and the simulated domain lacks:

* sound crosses heavy water in the probe (1397 m/s) and tissue (1501 +- 10 m/s), while the picture is made with
  one speed;
* transducer elements hear around 3.96 MHz with 55 % bandwidth, more below than above it; their gains differ and
  some are dead; they add noise;
* the membrane of the probe shows as a line and throws an echo;
* pulse energy varies from wavelength to wavelength by 1 to 5 %;
* sound from skin beside the imaging plane arrives late and lies as a haze under the skin.

Figures of the array after SIMPA's model of the MSOT Acuity Echo (Groehl et al., J. Biomed. Opt. 27, 083010, 2022).
How strong haze and noise are is not known from a device: they were chosen so that spectra of arteries agree with
those measured in radial arteries (PAISKINTONE, Else et al.) within their spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import Signals, SoundSpeeds
from napari_udt.simulation.forearm import build_tissue
from napari_udt.simulation.pat_image import (
    ARRAY,
    INTENSITY_SCALE,
    WAVELENGTHS_NM,
    PatImage,
    initial_pressure,
    reconstruct,
    reconstruction,
    record,
    slit_illumination,
)
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID, crop
from napari_udt.simulation.target_anatomy import BodyPart, draw_target_anatomy, heterogeneous
from napari_udt.simulation.tissue_optics import OpticalSpectra

Array = NDArray[np.float64]

HEAVY_WATER_MM_PER_US = 1.397
RECONSTRUCTION_MM_PER_US = 1.420  # sharp about 3 mm below the membrane, where vessels lie
CENTRE_MHZ = 3.96
BANDWIDTH = 0.55  # full width at half maximum over the centre frequency
SKEW = 0.25  # the flank towards low frequencies is this much wider than half the width, the other narrower
HAZE_DECAY_US = 2.5
HAZE_ELEMENTS = 3.0  # correlation of neighbouring elements: standard deviation of the Gaussian


@dataclass(frozen=True, eq=False)
class DeviceState:
    """How the device was at one acquisition.

    Parameters
    ----------
    tissue_speed_mm_per_us : float
    pulse_energy : array, shape (C,)
        Relative to the nominal energy that the images are corrected for.
    gains : array, shape (elements,)
        0 for a dead element.
    membrane : float
        Initial pressure in the membrane, in units of absorption [1/cm].
    echo, echo_delay_us : float
        Strength and delay of the membrane's echo.
    haze : float
        Strength of what comes late from skin beside the imaging plane.
    noise : float
        Standard deviation over that of the recording.
    """

    tissue_speed_mm_per_us: float
    pulse_energy: Array
    gains: Array
    membrane: float
    echo: float
    echo_delay_us: float
    haze: float
    noise: float

    @property
    def speeds(self) -> SoundSpeeds:
        """Speeds of sound in probe and tissue."""
        return SoundSpeeds(HEAVY_WATER_MM_PER_US, self.tissue_speed_mm_per_us)

    @property
    def parameters(self) -> dict[str, float]:
        """What was drawn, as single numbers to keep with the image."""
        return {
            "tissue_speed_mm_per_us": self.tissue_speed_mm_per_us,
            "pulse_energy_std": float(self.pulse_energy.std()),
            "dead_elements": int(np.sum(self.gains == 0)),
            "membrane_per_cm": self.membrane,
            "echo": self.echo,
            "haze": self.haze,
            "noise": self.noise,
        }


def draw_device_state(rng: np.random.Generator) -> DeviceState:
    """Draw the state of the device at one acquisition."""
    gains = rng.normal(1, 0.1, ARRAY.elements)
    gains[rng.choice(ARRAY.elements, rng.integers(0, 4), replace=False)] = 0
    return DeviceState(
        tissue_speed_mm_per_us=rng.normal(1.501, 0.010),
        pulse_energy=rng.normal(1, rng.uniform(0.01, 0.05), len(WAVELENGTHS_NM)),
        gains=gains,
        membrane=rng.uniform(0.1, 0.6),
        echo=rng.uniform(0.05, 0.25),
        echo_delay_us=rng.uniform(0.8, 2.0),
        haze=rng.uniform(0.05, 0.35),
        noise=rng.uniform(0.03, 0.15),
    )


def target_image(rng: np.random.Generator, spectra: OpticalSpectra, parts: dict[str, BodyPart]) -> PatImage:
    """Draw an anatomy and a state of the device, and record and reconstruct an image."""
    anatomy = draw_target_anatomy(rng, TISSUE_GRID, parts)
    tissue = heterogeneous(rng, build_tissue(anatomy, TISSUE_GRID))
    state = draw_device_state(rng)
    pressure = with_membrane(initial_pressure(tissue, spectra), state)
    signals = acquire(rng, pressure, state)
    operator = reconstruction(SoundSpeeds(RECONSTRUCTION_MM_PER_US, RECONSTRUCTION_MM_PER_US))
    picture = acoustics.envelope(reconstruct(operator, signals))
    seen = rows_as_seen(state)
    return PatImage(
        np.ascontiguousarray(picture.transpose(2, 0, 1)) * np.float32(INTENSITY_SCALE),
        crop(tissue.labels)[seen],
        crop(tissue.oxygenation)[seen],
        {**anatomy.parameters, **state.parameters},
    )


def with_membrane(pressure: Signals, state: DeviceState) -> Signals:
    """Add the light that the membrane absorbs, alike at all wavelengths."""
    row = int(np.argmin(np.abs(TISSUE_GRID.depths_mm)))
    line = state.membrane * slit_illumination(TISSUE_GRID.laterals_mm)
    added = pressure.copy()
    added[row] += line[:, None].astype(np.float32)
    return added


def acquire(rng: np.random.Generator, pressure: Signals, state: DeviceState) -> Signals:
    """Record with all elements; returns shape (elements, samples, C)."""
    propagation = acoustics.spherical_means(ARRAY, TISSUE_GRID, state.speeds)
    signals = record(propagation, pressure * state.pulse_energy.astype(np.float32))
    noise = rng.standard_normal(signals.shape, dtype=np.float32)
    heard = acoustics.filtered(signals, device_response(state) * late_arrivals(rng, state.haze))
    noise = acoustics.filtered(noise, transducer_response())
    heard += noise * np.float32(state.noise * heard.std() / noise.std())
    return heard * state.gains[:, None, None].astype(np.float32)


def device_response(state: DeviceState) -> NDArray[np.complex128]:
    """Pressure, transducer and the membrane's echo as one frequency response."""
    delay = np.exp(-2j * np.pi * ARRAY.frequencies_mhz * state.echo_delay_us)
    return acoustics.pressure_response(ARRAY, TISSUE_GRID) * transducer_response() * (1 + state.echo * delay)


def late_arrivals(rng: np.random.Generator, strength: float) -> NDArray[np.complex128]:
    """Response of each element, shape (elements, frequencies), to sound from beside the imaging plane.

    Skin beside the plane is farther away than skin in it: every arrival draws a random tail, alike on neighbouring
    elements, that dies away over :data:`HAZE_DECAY_US`.
    """
    time_us = np.arange(ARRAY.samples) / ARRAY.sampling_rate_mhz
    tail = gaussian_filter1d(rng.standard_normal((ARRAY.elements, ARRAY.samples)), HAZE_ELEMENTS, axis=0)
    tail *= np.exp(-time_us / HAZE_DECAY_US)
    tail *= strength / np.sqrt(np.mean(np.sum(tail**2, axis=1)))
    return 1 + fft.rfft(tail, axis=1)


def transducer_response() -> Array:
    """Sensitivity over frequency, 1 at its peak: a Gaussian with a wider flank towards low frequencies."""
    frequencies = ARRAY.frequencies_mhz
    sigma = BANDWIDTH * CENTRE_MHZ / np.sqrt(8 * np.log(2))
    flank = np.where(frequencies < CENTRE_MHZ, sigma * (1 + SKEW), sigma * (1 - SKEW))
    return np.exp(-((frequencies - CENTRE_MHZ) ** 2) / (2 * flank**2))


def rows_as_seen(state: DeviceState) -> NDArray[np.intp]:
    """For each row of the picture the row of the tissue that is seen there.

    People label what a picture shows: structures lie where the one speed of sound puts them. The
    shift is taken on the axis of the array.
    """
    top = float(ARRAY.positions_mm[:, 1].min())
    time_us = (IMAGE_GRID.depths_mm - top) / RECONSTRUCTION_MM_PER_US
    in_tissue_us = time_us + top / HEAVY_WATER_MM_PER_US
    speed = np.where(in_tissue_us > 0, state.tissue_speed_mm_per_us, HEAVY_WATER_MM_PER_US)
    row = np.round((in_tissue_us * speed - IMAGE_GRID.top_mm) / IMAGE_GRID.pixel_mm - 0.5)
    return np.clip(row, 0, IMAGE_GRID.rows - 1).astype(np.intp)
