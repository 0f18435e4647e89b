from dataclasses import replace

import numpy as np
import pytest

from napari_udt.simulation import acoustics, digital_device
from napari_udt.simulation.device_states import draw_first_state
from napari_udt.simulation.digital_device import (
    ARRAY,
    acquire,
    device_response,
    late_arrivals,
    rows_as_seen,
    with_membrane,
)
from napari_udt.simulation.pat_image import WAVELENGTHS_NM, reconstruct, reconstruction
from napari_udt.simulation.pixel_grid import IMAGE_GRID, MARGIN, TISSUE_GRID
from napari_udt.simulation.transducer import MSOT_ACUITY

CHANNELS = len(WAVELENGTHS_NM)


@pytest.fixture
def clean():
    """A device without noise, haze, echo and membrane, all elements alike."""
    return replace(
        draw_first_state(np.random.default_rng(0)),
        pulse_energy=np.ones(CHANNELS),
        gains=np.ones(ARRAY.elements),
        membrane=0.0,
        echo=0.0,
        haze=0.0,
        noise=0.0,
    )


def point(row: int, column: int) -> np.ndarray:
    pressure = np.zeros((*TISSUE_GRID.shape, CHANNELS), dtype=np.float32)
    pressure[row, MARGIN + column] = 1
    return pressure


def test_the_transducer_has_its_centre_bandwidth_and_skew():
    frequencies, sensitivity = ARRAY.frequencies_mhz, MSOT_ACUITY.response(ARRAY.frequencies_mhz)
    assert frequencies[np.argmax(sensitivity)] == pytest.approx(3.96, abs=0.02)
    half = frequencies[sensitivity >= 0.5]
    assert half[-1] - half[0] == pytest.approx(0.55 * 3.96, abs=0.05)
    assert 3.96 - half[0] > half[-1] - 3.96


def test_a_point_is_seen_in_the_row_that_the_labels_say(clean):
    tissue_row, column = 43, 128
    signals = acquire(np.random.default_rng(0), point(tissue_row, column), clean)
    speed = digital_device.RECONSTRUCTION_MM_PER_US
    picture = reconstruct(reconstruction(acoustics.SoundSpeeds(speed, speed)), signals)
    found = np.unravel_index(np.argmax(acoustics.envelope(picture)[..., 0]), IMAGE_GRID.shape)
    labelled = np.flatnonzero(rows_as_seen(clean) == tissue_row)
    assert np.min(np.abs(labelled - found[0])) <= 1
    assert abs(found[1] - column) <= 1


def test_labels_keep_their_order_and_the_membrane_its_place(clean):
    rows = rows_as_seen(clean)
    assert np.all(np.diff(rows) >= 0)
    membrane = np.argmin(np.abs(IMAGE_GRID.depths_mm))
    # The membrane seen through heavy water with the wrong speed: 32 mm * (1.420 / 1.397 - 1) deeper.
    seen = np.flatnonzero(rows == membrane)
    expected = membrane + 32 * (digital_device.RECONSTRUCTION_MM_PER_US / 1.397 - 1) / IMAGE_GRID.pixel_mm
    assert seen.mean() == pytest.approx(expected, abs=1)


def test_dead_elements_are_silent_and_pulse_energy_scales(clean):
    gains = clean.gains.copy()
    gains[[3, 77]] = 0
    energy = np.linspace(0.9, 1.1, CHANNELS)
    pressure = point(40, 100)
    whole = acquire(np.random.default_rng(0), pressure, clean)
    damaged = acquire(np.random.default_rng(0), pressure, replace(clean, gains=gains, pulse_energy=energy))
    assert not damaged[[3, 77]].any()
    np.testing.assert_allclose(damaged[10], whole[10] * energy, rtol=1e-4, atol=1e-6 * whole.max())


def test_noise_has_the_strength_that_was_drawn(clean):
    pressure = point(40, 100)
    quiet = acquire(np.random.default_rng(0), pressure, clean)
    noisy = acquire(np.random.default_rng(0), pressure, replace(clean, noise=0.2))
    assert np.std(noisy - quiet) == pytest.approx(0.2 * quiet.std(), rel=1e-3)


def test_the_echo_repeats_the_signal_later(clean):
    echoing = replace(clean, echo=0.25, echo_delay_us=1.5)
    pulse, both = (np.fft.irfft(device_response(state)) for state in (clean, echoing))
    late = round(1.5 * ARRAY.sampling_rate_mhz)
    np.testing.assert_allclose(both, pulse + 0.25 * np.roll(pulse, late), atol=1e-6)


def test_haze_comes_late_and_with_its_strength():
    response = late_arrivals(np.random.default_rng(0), 0.3)
    tail = np.fft.irfft(response - 1, axis=1)
    assert np.sqrt(np.mean(np.sum(tail**2, axis=1))) == pytest.approx(0.3, rel=1e-6)
    energy = np.sum(tail**2, axis=0)
    assert energy[:400].sum() > 0.99 * energy.sum()
    np.testing.assert_array_equal(late_arrivals(np.random.default_rng(0), 0.0), 1)


def test_the_membrane_is_a_line_alike_at_all_wavelengths(clean):
    dark = np.zeros((*TISSUE_GRID.shape, CHANNELS), dtype=np.float32)
    lit = with_membrane(dark, replace(clean, membrane=0.4))
    rows = np.flatnonzero(lit.any(axis=(1, 2)))
    assert len(rows) == 1
    assert abs(TISSUE_GRID.depths_mm[rows[0]]) <= TISSUE_GRID.pixel_mm / 2
    assert lit.max() == pytest.approx(0.4, rel=1e-3)
    assert np.ptp(lit, axis=2).max() == 0


def test_states_stay_in_their_ranges():
    states = [draw_first_state(np.random.default_rng(seed)) for seed in range(200)]
    speeds = [state.tissue_speed_mm_per_us for state in states]
    assert np.mean(speeds) == pytest.approx(1.501, abs=0.003)
    assert {int(np.sum(state.gains == 0)) for state in states} == {0, 1, 2, 3}
    spreads = [state.pulse_energy.std() for state in states]
    assert 0.005 < min(spreads) < max(spreads) < 0.1
