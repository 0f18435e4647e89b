"""Laws of delay and sum, on recordings of spheres whose sound is known exactly."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from napari_udt.errors import CubeError, TransferCancelled
from napari_udt.reconstruction import (
    ReconstructionOptions,
    beamforming,
    delay_and_sum,
    picture_plane,
    water_speed_m_per_s,
)

RATE_MHZ = 40.0
SPEED = 1500.0


def ring(count=128, radius_mm=40.0, start=0.0, stop=360.0):
    angles = np.deg2rad(np.linspace(start, stop, count, endpoint=False))
    return radius_mm * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)


def arc():
    return ring(96, start=30, stop=150)[:, [0, 2, 1]]  # in the plane of x and z


def line(count=32, pitch_mm=0.1):
    along = (np.arange(count) - (count - 1) / 2) * pitch_mm
    return np.stack([along, 0 * along, 0 * along], axis=1)


def sphere_sound(detectors_mm, centre_mm, radius_mm=0.15, samples=2030, speed=SPEED, start_us=0.0):
    """Sound of a uniformly heated sphere (Wang and Wu 2007, equation 12.30): (r - ct) / 2r while it passes."""
    distance = np.linalg.norm(detectors_mm - np.asarray(centre_mm), axis=1)[:, None]
    travelled = (np.arange(samples) / RATE_MHZ + start_us) * speed / 1e3
    return np.where(np.abs(distance - travelled) < radius_mm, (distance - travelled) / (2 * distance), 0)[
        None
    ]


def reconstructed(signals, detectors, plane, **options):
    options = {"sampling_rate_mhz": RATE_MHZ, "speed_of_sound_m_per_s": SPEED, **options}
    return delay_and_sum(signals, detectors, plane.pixels_mm(), **options)


def brightest_mm(picture, plane):
    return plane.pixels_mm()[np.unravel_index(np.argmax(picture[:, :, 0]), picture.shape[:2])]


@pytest.mark.parametrize("place", [(0, 0), (3.0, -5.0), (-7.25, 1.5)])
@pytest.mark.parametrize("layout", ["ring", "arc"])
def test_a_small_sphere_appears_at_its_place_within_one_pixel(layout, place):
    detectors = ring() if layout == "ring" else arc()
    axes = [0, 1] if layout == "ring" else [0, 2]
    centre = np.zeros(3)
    centre[axes] = place
    plane = picture_plane(detectors, pixel_mm=0.1, size_mm=(20, 20))
    picture = reconstructed(
        sphere_sound(detectors, centre), detectors, plane, band_mhz=(0.1, 8), envelope=True
    )
    assert picture.shape == (200, 200, 1)
    assert np.abs(brightest_mm(picture, plane) - centre).max() <= 0.1


@pytest.mark.parametrize("speed", [1450.0, 1500.0, 1560.0])
def test_the_speed_of_sound_moves_a_source_as_the_geometry_says(speed):
    detectors, depth = line(), 20.0
    plane = picture_plane(detectors, pixel_mm=0.05, size_mm=(4, 30))
    signals = sphere_sound(detectors, (0, 0, depth))
    picture = reconstructed(
        signals, detectors, plane, speed_of_sound_m_per_s=speed, envelope=True, band_mhz=(0.1, 4)
    )
    assert brightest_mm(picture, plane)[2] == pytest.approx(depth * speed / SPEED, abs=0.05)


def test_it_is_linear_in_the_recordings():
    rng = np.random.default_rng(0)
    detectors = ring(32)
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(10, 8))
    a, b = rng.normal(size=(2, 3, 32, 2000))
    parts = [reconstructed(s, detectors, plane, band_mhz=(0.5, 6)) for s in (a, b, 2 * a - 3 * b)]
    np.testing.assert_allclose(parts[2], 2 * parts[0] - 3 * parts[1], atol=2e-5)


def test_it_agrees_with_a_plain_double_loop():
    rng = np.random.default_rng(1)
    detectors = np.concatenate([ring(12), arc()[:10]])
    plane = picture_plane(detectors, pixel_mm=4.0, size_mm=(40, 32))
    signals = rng.normal(size=(2, len(detectors), 1200))
    expected = np.zeros((*plane.shape, 2))
    for place in np.ndindex(*plane.shape):
        for number, detector in enumerate(detectors):
            time = np.linalg.norm(plane.pixels_mm()[place] - detector) / SPEED * 1e3 * RATE_MHZ
            expected[place] += [np.interp(time, np.arange(1200), s[number], right=0) for s in signals]
    assert np.any(expected == 0) or np.abs(expected).min() < 1
    found = reconstructed(signals, detectors, plane)
    np.testing.assert_allclose(found, expected / len(detectors), atol=2e-4)


def test_the_envelope_is_the_magnitude_of_the_picture_and_its_quadrature():
    detectors = ring(32)
    plane = picture_plane(detectors, pixel_mm=0.5, size_mm=(10, 10))
    signals = sphere_sound(detectors, (1, 2, 0))
    signed = reconstructed(signals - signals.mean(axis=2, keepdims=True), detectors, plane)
    envelope = reconstructed(signals, detectors, plane, envelope=True)
    assert np.all(envelope >= np.abs(signed) - 1e-6)
    np.testing.assert_allclose(reconstructed(-signals, detectors, plane, envelope=True), envelope, atol=1e-6)


def test_a_late_start_is_the_same_as_samples_left_out():
    detectors = ring(32)
    plane = picture_plane(detectors, pixel_mm=0.5, size_mm=(10, 10))
    whole = sphere_sound(detectors, (1, -2, 0))
    late = reconstructed(whole[:, :, 400:], detectors, plane, start_us=10.0)
    np.testing.assert_allclose(late, reconstructed(whole, detectors, plane), atol=1e-6)


def test_the_band_passes_what_lies_in_it_and_nothing_of_the_rest():
    time_us = np.arange(4000) / RATE_MHZ
    tones = torch.tensor(np.sin(2 * np.pi * np.array([0.02, 3.0, 14.0])[:, None] * time_us) + 7.0)[:, None]
    kept = beamforming._filtered(tones, RATE_MHZ, (0.1, 8.0), analytic=False)[:, 0, 1000:3000].std(dim=1)
    np.testing.assert_allclose(kept, [0, np.sqrt(0.5), 0], atol=0.02)


def test_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    detectors = ring(16)
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(10, 10))
    signals = rng.normal(size=(5, 16, 1500)).astype(np.float32)
    whole = reconstructed(signals, detectors, plane, envelope=True)
    monkeypatch.setattr(beamforming, "PIXELS_AT_ONCE", 7)
    monkeypatch.setattr(beamforming, "WAVELENGTHS_AT_ONCE", 2)
    np.testing.assert_allclose(reconstructed(signals, detectors, plane, envelope=True), whole, atol=1e-6)


def test_progress_counts_up_and_may_stop_it(monkeypatch):
    monkeypatch.setattr(beamforming, "PIXELS_AT_ONCE", 30)
    detectors, signals = ring(8), np.zeros((1, 8, 1500))
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(10, 10))
    seen = []
    reconstructed(signals, detectors, plane, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def cancel(done, total):
        raise TransferCancelled("stopped")

    with pytest.raises(TransferCancelled):
        reconstructed(signals, detectors, plane, progress=cancel)


def test_values_that_are_not_finite_are_silent():
    detectors = ring(16)
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(10, 10))
    signals = sphere_sound(detectors, (1, 1, 0), radius_mm=1.0)
    damaged = signals.copy()
    damaged[0, 3] = np.nan
    silent = signals.copy()
    silent[0, 3] = 0
    np.testing.assert_array_equal(
        reconstructed(damaged, detectors, plane, envelope=True),
        reconstructed(silent, detectors, plane, envelope=True),
    )


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (np.zeros((8, 100)), "shape"),
        (np.zeros((1, 7, 100)), "7 recorded detectors"),
        (np.zeros((1, 8, 1)), "none empty"),
        (np.zeros((0, 8, 100)), "none empty"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(signals, message):
    detectors = ring(8)
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(4, 4))
    with pytest.raises(CubeError, match=message):
        reconstructed(signals, detectors, plane)


def test_a_device_that_is_not_there_is_reported():
    detectors = ring(8)
    plane = picture_plane(detectors, pixel_mm=1.0, size_mm=(4, 4))
    with pytest.raises(CubeError, match="not available"):
        reconstructed(np.zeros((1, 8, 99)), detectors, plane, device="cuda:99")


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed_of_sound_m_per_s": 1.5},
        {"field_of_view_mm": -3},
        {"field_of_view_mm": (20.0, 0.0)},
        {"pixel_mm": float("nan")},
        {"start_us": float("inf")},
        {"band_mhz": (8.0, 0.1)},
    ],
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(CubeError, match="expected"):
        ReconstructionOptions(**wrong)


@pytest.mark.parametrize(("temperature", "speed"), [(0, 1402.385), (20, 1482.38), (37, 1523.65)])
def test_sound_in_water(temperature, speed):
    assert water_speed_m_per_s(temperature) == pytest.approx(speed, abs=0.05)


def test_importing_the_package_loads_no_torch():
    code = "import napari_udt.reconstruction, napari_udt.io.photoacoustic.patato, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
