import numpy as np
import pytest

from napari_udt.simulation.acoustics import (
    DetectorArray,
    SoundSpeeds,
    delay_and_sum,
    envelope,
    filtered,
    pressure_response,
    spherical_means,
)
from napari_udt.simulation.pixel_grid import PixelGrid

ARRAY = DetectorArray()
SMALL = DetectorArray(elements=16, pitch_mm=0.34 * 16)
GRID = PixelGrid(rows=64, columns=48)


def picture_of_a_point(row: int, column: int) -> np.ndarray:
    """Record and reconstruct one pixel with the whole array."""
    pressure = np.zeros((*GRID.shape, 1), dtype=np.float32)
    pressure[row, column] = 1
    signals = spherical_means(ARRAY, GRID, SoundSpeeds()) @ pressure.reshape(-1, 1)
    signals = signals.reshape(ARRAY.elements, ARRAY.samples, 1)
    signals = filtered(signals, pressure_response(ARRAY, GRID))
    operator = delay_and_sum(ARRAY, GRID, SoundSpeeds())
    return envelope((operator @ signals.reshape(-1, 1)).reshape(*GRID.shape, 1))[..., 0]


@pytest.mark.parametrize(("row", "column"), [(30, 24), (45, 10), (22, 40)])
def test_a_point_is_reconstructed_at_its_place(row, column):
    found = np.unravel_index(np.argmax(picture_of_a_point(row, column)), GRID.shape)
    assert abs(found[0] - row) <= 1
    assert abs(found[1] - column) <= 1


def test_the_elements_lie_on_the_arc_around_the_focus():
    positions = ARRAY.positions_mm
    np.testing.assert_allclose(np.hypot(positions[:, 0], positions[:, 1] - ARRAY.focus_depth_mm), 40.0)
    np.testing.assert_allclose(positions[:, 0], -positions[::-1, 0], atol=1e-12)
    apart = np.hypot(*np.diff(positions, axis=0).T)
    np.testing.assert_allclose(apart, 0.34, rtol=1e-4)


@pytest.mark.parametrize("speeds", [SoundSpeeds(), SoundSpeeds(1.397, 1.501), SoundSpeeds(1.4, 1.5, 2.0)])
def test_sound_arrives_after_the_time_its_path_takes(speeds):
    means = spherical_means(SMALL, GRID, speeds)
    laterals, depths, detectors = GRID.laterals_mm, GRID.depths_mm, SMALL.positions_mm
    row, column, element = 50, 7, 3
    signal = means[:, [row * GRID.columns + column]].toarray().reshape(SMALL.elements, -1)[element]
    x, z = laterals[column] - detectors[element, 0], depths[row] - detectors[element, 1]
    distance = np.hypot(x, z)
    below = (depths[row] - speeds.interface_mm) / z
    expected_us = distance * (below / speeds.tissue + (1 - below) / speeds.coupling)
    arrival_us = np.sum(signal * np.arange(SMALL.samples)) / signal.sum() / SMALL.sampling_rate_mhz
    assert arrival_us == pytest.approx(expected_us, abs=1e-4)
    assert signal.sum() == pytest.approx(1 / distance, rel=1e-5)


def test_delay_and_sum_is_the_adjoint_of_propagation_without_spreading():
    means = spherical_means(SMALL, GRID, SoundSpeeds()).tocsr()
    back = delay_and_sum(SMALL, GRID, SoundSpeeds())
    rng = np.random.default_rng(0)
    element = 5
    samples = slice(element * SMALL.samples, (element + 1) * SMALL.samples)
    depths, laterals = np.meshgrid(GRID.depths_mm, GRID.laterals_mm, indexing="ij")
    distance = np.hypot(
        laterals.ravel() - SMALL.positions_mm[element, 0], depths.ravel() - SMALL.positions_mm[element, 1]
    )
    pressure, signal = rng.random(distance.size), rng.random(SMALL.samples)
    recorded = means[samples] @ (pressure * distance)
    pictured = back[:, samples] @ signal * SMALL.elements
    assert recorded @ signal == pytest.approx(pressure @ pictured, rel=1e-5)


def test_what_comes_after_the_recording_is_not_heard():
    short = DetectorArray(elements=4, samples=900)
    means = spherical_means(short, GRID, SoundSpeeds())
    reach_mm = 898 / short.sampling_rate_mhz * SoundSpeeds().tissue
    depths, laterals = np.meshgrid(GRID.depths_mm, GRID.laterals_mm, indexing="ij")
    apart = np.hypot(
        laterals.ravel()[:, None] - short.positions_mm[:, 0],
        depths.ravel()[:, None] - short.positions_mm[:, 1],
    )
    heard = means.toarray().reshape(4, 900, -1).sum(axis=1).T
    assert (apart > reach_mm + 0.1).any()
    assert not heard[apart > reach_mm + 0.1].any()
    np.testing.assert_allclose(heard[apart < reach_mm - 0.1], 1 / apart[apart < reach_mm - 0.1], rtol=1e-5)


def test_the_response_filters_as_a_spectrum_should():
    rng = np.random.default_rng(0)
    signals = rng.standard_normal((3, ARRAY.samples, 2)).astype(np.float32)
    frequencies = ARRAY.frequencies_mhz
    np.testing.assert_allclose(filtered(signals, np.ones_like(frequencies)), signals, atol=1e-5)
    late = filtered(signals, np.exp(-2j * np.pi * frequencies * 10 / ARRAY.sampling_rate_mhz))
    np.testing.assert_allclose(late, np.roll(signals, 10, axis=1), atol=1e-3)
    each = np.array([1.0, 2.0, 0.0])[:, None] * np.ones_like(frequencies)
    np.testing.assert_allclose(filtered(signals, each), signals * [[[1]], [[2]], [[0]]], atol=1e-5)


def test_the_pressure_response_is_a_derivative_until_the_grid_ends():
    response = pressure_response(ARRAY, GRID)
    frequencies = ARRAY.frequencies_mhz
    low = frequencies < 3
    np.testing.assert_allclose(response[low], 1j * frequencies[low])
    np.testing.assert_allclose(response[frequencies > 1.54 / (2 * GRID.pixel_mm)], 0, atol=1e-12)


def test_the_envelope_of_a_pulse_is_its_amplitude():
    depth = np.arange(128)
    amplitude = np.exp(-((depth - 60) ** 2) / (2 * 10**2))
    pulse = (amplitude * np.cos(1.3 * depth)).astype(np.float32)
    np.testing.assert_allclose(envelope(pulse[:, None, None])[:, 0, 0], amplitude, atol=5e-3)
