"""The two digital devices: the calibrated one, and the first one, which older models were trained for.

*calibrated*: band, noise, haze, clutter and gain were fitted to measured pictures of two people
(``parameters/pat_device.json``, made by :mod:`napari_udt.simulation.fit_device`); its anatomy is laid out as in the simulated
domain.

*first*: how strong its haze and noise are is not known from a device; they were chosen so that spectra of arteries
agree with those measured in radial arteries (PAISKINTONE, Else et al.) within their spread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import SoundSpeeds
from napari_udt.simulation.calibrated_anatomy import draw_calibrated_anatomy
from napari_udt.simulation.clutter import Clutter
from napari_udt.simulation.digital_device import (
    RECONSTRUCTION_MM_PER_US,
    DeviceState,
    acquire,
    depth_gain,
    membrane_shift_mm,
    rows_as_seen,
    with_clutter,
    with_membrane,
)
from napari_udt.simulation.fitted_tables import parameters
from napari_udt.simulation.forearm import Anatomy, build_tissue
from napari_udt.simulation.pat_image import (
    ARRAY,
    INTENSITY_SCALE,
    WAVELENGTHS_NM,
    PatImage,
    initial_pressure,
    reconstruct,
    reconstruction,
)
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID, PixelGrid, crop
from napari_udt.simulation.target_anatomy import BodyPart, draw_target_anatomy, heterogeneous
from napari_udt.simulation.tissue_optics import OpticalSpectra
from napari_udt.simulation.transducer import Transducer

TargetDevice = Literal["calibrated", "first"]
Settings = Mapping[str, float]


@dataclass(frozen=True)
class Device:
    """A digital device and whom it looks at.

    Parameters
    ----------
    draw_anatomy, draw_state : callable
    grid : PixelGrid
        Where pictures are reconstructed.
    intensity : float
        Scale of the pictures, so that vessels are about as bright as in the simulated domain.
    """

    draw_anatomy: Callable[[np.random.Generator, PixelGrid, dict[str, BodyPart]], Anatomy]
    draw_state: Callable[[np.random.Generator], DeviceState]
    grid: PixelGrid
    intensity: float = INTENSITY_SCALE


def draw_first_state(rng: np.random.Generator) -> DeviceState:
    """Draw the state of the first device at one acquisition."""
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


def draw_calibrated_state(rng: np.random.Generator) -> DeviceState:
    """Draw the state of the calibrated device at one acquisition: every fitted quantity varies around its median."""
    return calibrated_state(rng, calibration_settings())


def calibration_settings() -> dict[str, float]:
    """Medians of what was fitted to measured pictures."""
    return dict(parameters("pat_device")["settings"])


def calibrated_state(rng: np.random.Generator, settings: Settings) -> DeviceState:
    """Draw a state around given medians.

    Parameters
    ----------
    rng : Generator
    settings : mapping of str to float
        The keys are those of ``settings`` in ``parameters/pat_device.json``.
    """
    drawn = {name: value * np.exp(SPREAD.get(name, 0.0) * rng.normal()) for name, value in settings.items()}
    state = draw_first_state(rng)
    directivity = np.exp(-0.5 * (ARRAY.angles / np.radians(settings["aperture_degrees"])) ** 2)
    return replace(
        state,
        gains=state.gains * directivity,
        membrane=rng.uniform(0, 0.1),
        echo=rng.uniform(0.05, 0.2),
        haze=drawn["haze"],
        noise=drawn["noise"],
        transducer=Transducer(drawn["centre_mhz"], drawn["bandwidth"], settings["skew"]),
        white=drawn["white"],
        low_cut_mhz=drawn["low_cut_mhz"],
        gain_mm=drawn["gain_mm"],
        clutter=Clutter(
            strength=drawn["clutter"],
            sheets=settings["sheets"],
            arcs=settings["arcs"],
            lines=drawn["lines"],
            grains=drawn["grains"],
            grain_pixels=(settings["grain_height_pixels"], settings["grain_width_pixels"]),
            coarse=settings["coarse"],
            patchiness=settings["patchiness"],
            tilt=settings["tilt"],
            decay_mm=drawn["decay_mm"],
        ),
    )


# Standard deviations of the logarithm from picture to picture, chosen so that pictures differ as people do.
SPREAD: Settings = {
    "low_cut_mhz": 0.4,
    "centre_mhz": 0.12,
    "bandwidth": 0.1,
    "clutter": 0.45,
    "gain_mm": 0.1,
    "decay_mm": 0.2,
    "noise": 0.5,
    "white": 0.5,
    "grains": 0.4,
    "lines": 0.3,
    "haze": 0.5,
}

DEVICES: Mapping[TargetDevice, Device] = {
    "calibrated": Device(
        draw_calibrated_anatomy,
        draw_calibrated_state,
        replace(IMAGE_GRID, top_mm=IMAGE_GRID.top_mm + membrane_shift_mm()),
        intensity=5 * INTENSITY_SCALE,
    ),
    "first": Device(draw_target_anatomy, draw_first_state, IMAGE_GRID),
}
TARGET_DEVICES: tuple[TargetDevice, ...] = get_args(TargetDevice)


def target_image(
    rng: np.random.Generator,
    spectra: OpticalSpectra,
    parts: dict[str, BodyPart],
    device: Device,
) -> PatImage:
    """Draw an anatomy and a state of the device, and record and reconstruct an image."""
    anatomy = device.draw_anatomy(rng, TISSUE_GRID, parts)
    tissue = heterogeneous(rng, build_tissue(anatomy, TISSUE_GRID))
    state = device.draw_state(rng)
    pressure = with_membrane(initial_pressure(tissue, spectra), state)
    signals = acquire(rng, with_clutter(rng, pressure, tissue, state), state)
    speeds = SoundSpeeds(RECONSTRUCTION_MM_PER_US, RECONSTRUCTION_MM_PER_US)
    picture = acoustics.envelope(reconstruct(reconstruction(speeds, device.grid), signals))
    picture *= (device.intensity * depth_gain(state)).astype(np.float32)[:, None, None]
    seen = rows_as_seen(state, device.grid)
    return PatImage(
        np.ascontiguousarray(picture.transpose(2, 0, 1)),
        crop(tissue.labels)[seen],
        crop(tissue.oxygenation)[seen],
        {**anatomy.parameters, **state.parameters},
    )
