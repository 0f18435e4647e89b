"""The target "digital device", built to differ from the ideal one of the simulated domain as real devices do.

It stands where recordings would stand and is never called real. What it has and the simulated domain lacks:

* sound crosses heavy water in the probe (1397 m/s) and tissue (1501 +- 10 m/s), while the picture is made with
  one speed;
* transducer elements hear a limited band; their gains differ and some are dead; they add noise;
* the membrane of the probe shows as a line and throws an echo;
* pulse energy varies from wavelength to wavelength by 1 to 5 %;
* sound from skin beside the imaging plane arrives late and lies as a haze under the skin;
* the calibrated device also shows clutter (:mod:`napari_udt.simulation.clutter`), pictures of pressure rather than of its
  derivative, which fills vessels and draws their shadows, and a gain that grows with depth.

Figures of the array after SIMPA's model of the MSOT Acuity Echo (Groehl et al., J. Biomed. Opt. 27, 083010, 2022).
There are two such devices (:mod:`napari_udt.simulation.device_states`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csc_matrix

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import Signals, SoundSpeeds
from napari_udt.simulation.clutter import Clutter, draw_clutter
from napari_udt.simulation.forearm import DERMIS, EPIDERMIS, FAT, MUSCLE, Tissue
from napari_udt.simulation.pat_image import ARRAY, record, slit_illumination
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID, PixelGrid
from napari_udt.simulation.transducer import MSOT_ACUITY, Transducer, with_noise

Array = NDArray[np.float64]

HEAVY_WATER_MM_PER_US = 1.397
RECONSTRUCTION_MM_PER_US = 1.420  # sharp about 3 mm below the membrane, where vessels lie
PASSED = 0.9  # of the frequencies that the pixels carry: measured pictures have much detail
HAZE_DECAY_US = 2.5
HAZE_ELEMENTS = 3.0  # correlation of neighbouring elements: standard deviation of the Gaussian
GAIN_RANGE_MM = (0.0, 12.0)  # depths over which the gain grows
TISSUE_DEPTH_MM = (1.25, 6.25)  # where clutter is compared with tissue
GAIN_ONE_MM = 5.0  # depth where it is 1


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
    transducer : Transducer
    white : float
        Noise of the electronics, which no transducer filters, over that of the elements at their peak.
    low_cut_mhz : float
        Pictures show pressure from this frequency up; 0 where they show its time derivative, as recorded.
    gain_mm : float
        The picture is multiplied by e for each of these depths.
    clutter : Clutter, optional
    """

    tissue_speed_mm_per_us: float
    pulse_energy: Array
    gains: Array
    membrane: float
    echo: float
    echo_delay_us: float
    haze: float
    noise: float
    transducer: Transducer = MSOT_ACUITY
    white: float = 0.0
    low_cut_mhz: float = 0.0
    gain_mm: float = np.inf
    clutter: Clutter | None = None

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
            **self._calibrated_parameters,
        }

    @property
    def _calibrated_parameters(self) -> dict[str, float]:
        if self.clutter is None:
            return {}
        return {
            "centre_mhz": self.transducer.centre_mhz,
            "low_cut_mhz": self.low_cut_mhz,
            "gain_mm": self.gain_mm,
            "clutter": self.clutter.strength,
        }


def with_membrane(pressure: Signals, state: DeviceState) -> Signals:
    """Add the light that the membrane absorbs, alike at all wavelengths."""
    row = int(np.argmin(np.abs(TISSUE_GRID.depths_mm)))
    line = state.membrane * slit_illumination(TISSUE_GRID.laterals_mm)
    added = pressure.copy()
    added[row] += line[:, None].astype(np.float32)
    return added


def with_clutter(rng: np.random.Generator, pressure: Signals, tissue: Tissue, state: DeviceState) -> Signals:
    """Add the sources of clutter, with the spectra of this picture's tissue and skin."""
    if state.clutter is None:
        return pressure
    depths = TISSUE_GRID.depths_mm
    shallow = ((depths > TISSUE_DEPTH_MM[0]) & (depths < TISSUE_DEPTH_MM[1]))[:, None]
    of_tissue = np.median(pressure[shallow & np.isin(tissue.labels, (DERMIS, FAT, MUSCLE))], axis=0)
    of_skin = np.mean(pressure[tissue.labels == EPIDERMIS], axis=0)
    of_skin *= of_tissue.mean() / of_skin.mean()
    light = slit_illumination(TISSUE_GRID.laterals_mm)
    maps = [light * strength for strength in draw_clutter(rng, TISSUE_GRID, state.clutter)]
    added = [
        map_.astype(np.float32)[..., None] * spectrum
        for map_, spectrum in zip(maps, (of_tissue, of_skin), strict=True)
    ]
    return pressure + added[0] + added[1]


def acquire(
    rng: np.random.Generator, pressure: Signals, state: DeviceState, propagation: csc_matrix | None = None
) -> Signals:
    """Record with all elements; returns shape (elements, samples, C).

    ``propagation`` saves the second that making it for the state's speeds takes.
    """
    if propagation is None:
        propagation = acoustics.spherical_means(ARRAY, TISSUE_GRID, state.speeds)
    signals = record(propagation, pressure * state.pulse_energy.astype(np.float32))
    white = rng.standard_normal(signals.shape, dtype=np.float32)
    heard = acoustics.filtered(signals, device_response(state) * late_arrivals(rng, state.haze))
    heard = with_noise(heard, white, noise_response(state), state.noise)
    return heard * state.gains[:, None, None].astype(np.float32)


def device_response(state: DeviceState) -> NDArray[np.complex128]:
    """Pressure, transducer and the membrane's echo as one frequency response."""
    frequencies = ARRAY.frequencies_mhz
    if state.low_cut_mhz:
        pressure = acoustics.pressure_response(ARRAY, TISSUE_GRID, PASSED)
        pressure /= np.hypot(frequencies, state.low_cut_mhz)
    else:
        pressure = acoustics.pressure_response(ARRAY, TISSUE_GRID)
    delay = np.exp(-2j * np.pi * frequencies * state.echo_delay_us)
    return pressure * state.transducer.response(frequencies) * (1 + state.echo * delay)


def noise_response(state: DeviceState) -> Array:
    """Return what the device does to noise, over frequency."""
    frequencies = ARRAY.frequencies_mhz
    cut = frequencies / np.hypot(frequencies, state.low_cut_mhz) if state.low_cut_mhz else 1.0
    return np.asarray(np.hypot(state.transducer.response(frequencies), state.white) * cut)


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


def depth_gain(state: DeviceState, grid: PixelGrid = IMAGE_GRID) -> Array:
    """Gain of each row, alike at all wavelengths, shape (rows,)."""
    return np.exp((np.clip(grid.depths_mm, *GAIN_RANGE_MM) - GAIN_ONE_MM) / state.gain_mm)


def membrane_shift_mm() -> float:
    """How much deeper than it lies the membrane is seen, by the one speed of sound, on the axis of the array."""
    top = float(ARRAY.positions_mm[:, 1].min())
    return top * (1 - RECONSTRUCTION_MM_PER_US / HEAVY_WATER_MM_PER_US)


def rows_as_seen(state: DeviceState, grid: PixelGrid = IMAGE_GRID) -> NDArray[np.intp]:
    """For each row of a picture on ``grid`` the row of the tissue that is seen there.

    People label what a picture shows: structures lie where the one speed of sound puts them. The
    shift is taken on the axis of the array.
    """
    top = float(ARRAY.positions_mm[:, 1].min())
    time_us = (grid.depths_mm - top) / RECONSTRUCTION_MM_PER_US
    in_tissue_us = time_us + top / HEAVY_WATER_MM_PER_US
    speed = np.where(in_tissue_us > 0, state.tissue_speed_mm_per_us, HEAVY_WATER_MM_PER_US)
    row = np.round((in_tissue_us * speed - IMAGE_GRID.top_mm) / IMAGE_GRID.pixel_mm - 0.5)
    return np.clip(row, 0, IMAGE_GRID.rows - 1).astype(np.intp)
