from dataclasses import asdict, replace

import numpy as np
import pytest

from napari_udt.simulation import acoustics
from napari_udt.simulation.acoustics import SoundSpeeds
from napari_udt.simulation.clutter import LEAST_DEPTH_MM, draw_clutter
from napari_udt.simulation.device_states import DEVICES, calibrated_state, calibration_settings
from napari_udt.simulation.digital_device import (
    RECONSTRUCTION_MM_PER_US,
    acquire,
    depth_gain,
    rows_as_seen,
    with_clutter,
)
from napari_udt.simulation.fit_device import Forearms
from napari_udt.simulation.fitted_tables import parameters
from napari_udt.simulation.forearm import build_tissue, draw_forearm
from napari_udt.simulation.measured_pictures import read_measured_pictures
from napari_udt.simulation.pat_image import ARRAY, reconstruct, reconstruction
from napari_udt.simulation.picture_texture import local_texture, mean_texture, patch_features
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID
from napari_udt.simulation.target_anatomy import body_parts


@pytest.fixture(scope="module")
def fit():
    return parameters("pat_device")


@pytest.fixture
def state():
    """One state; no noise, no clutter."""
    drawn = calibrated_state(np.random.default_rng(0), calibration_settings())
    return replace(drawn, noise=0.0, haze=0.0, echo=0.0, clutter=None, pulse_energy=np.ones(1))


def test_the_stored_comparison_is_within_its_limits(fit):
    measured = fit["measured_forearms"]["all"]
    for name, value in fit["device"].items():
        assert value == pytest.approx(measured[name], rel=0.15)
    recognised = fit["recognised"]
    assert np.mean(list(recognised["device, each person by the others"].values())) <= 0.85
    assert recognised["device, judging people by those of the calibration"] <= 0.85
    assert not set(fit["persons"]["calibration"]) & set(fit["persons"]["judging"])


def test_the_device_has_the_measured_texture(fit):
    found = asdict(mean_texture(Forearms(12, seed=4).pictures(calibration_settings())))
    for name, value in fit["measured_forearms"]["all"].items():
        assert found[name] == pytest.approx(value, rel=0.3)  # twelve pictures scatter


def test_stored_statistics_are_those_of_the_measured_pictures(shared, fit):
    pictures = read_measured_pictures(shared / "data")
    for name, persons in fit["persons"].items():
        found = asdict(mean_texture(pictures.of(tuple(persons), ("forearm",))))
        assert found == pytest.approx(fit["measured_forearms"][name], abs=1e-3)


def test_correlation_lengths_of_a_field_that_is_known():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((24, *IMAGE_GRID.shape))
    axial, lateral = 1.2, 2.0  # pixels: the autocorrelation is exp(-d^2 / (4 sigma^2))
    fields = [blurred(field, axial, lateral) for field in white]
    found = mean_texture(np.exp(0.5 * np.array(fields)))
    half = 2 * np.sqrt(np.log(2)) * IMAGE_GRID.pixel_mm
    assert found.axial_mm == pytest.approx(half * axial, rel=0.1)  # the local mean takes a little
    assert found.lateral_mm == pytest.approx(half * lateral, rel=0.1)
    assert found.log_std == pytest.approx(0.5, rel=0.1)


def blurred(white, axial, lateral):
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(white, (axial, lateral), mode="wrap")
    return field / field.std()


def test_texture_and_patches_do_not_depend_on_the_scale():
    picture = np.random.default_rng(1).rayleigh(1.0, IMAGE_GRID.shape)
    assert asdict(local_texture(picture)) == pytest.approx(asdict(local_texture(7 * picture)))
    features = patch_features(picture)
    assert features.shape == (24, 35)
    np.testing.assert_allclose(features, patch_features(7 * picture))


def test_clutter_is_in_proportion_to_its_strength_and_below_the_skin(fit):
    clutter = calibrated_state(np.random.default_rng(0), fit["settings"]).clutter
    once = draw_clutter(np.random.default_rng(3), TISSUE_GRID, clutter)
    twice = draw_clutter(
        np.random.default_rng(3), TISSUE_GRID, replace(clutter, strength=2 * clutter.strength)
    )
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(two, 2 * one, atol=1e-12)
        assert not one[TISSUE_GRID.depths_mm <= LEAST_DEPTH_MM].any()
    lines, skin = draw_clutter(np.random.default_rng(3), TISSUE_GRID, replace(clutter, grains=0.0))
    assert lines.min() >= 0
    assert skin.max() > 0


def test_clutter_has_the_spectra_of_this_picture(state):
    tissue = build_tissue(draw_forearm(np.random.default_rng(0), TISSUE_GRID), TISSUE_GRID)
    spectrum = np.array([1.0, 2.0, 4.0], dtype=np.float32)
    pressure = np.ones((*TISSUE_GRID.shape, 1), dtype=np.float32) * spectrum
    clutter = calibrated_state(np.random.default_rng(0), calibration_settings()).clutter
    cluttered = with_clutter(np.random.default_rng(0), pressure, tissue, replace(state, clutter=clutter))
    added = cluttered - pressure
    assert np.abs(added).max() > 1
    np.testing.assert_allclose(added[..., 1:] / spectrum[1:], added[..., :1] * np.ones(2), atol=1e-5)


def test_pressure_from_a_low_cut_fills_a_vessel(state):
    depths, laterals = TISSUE_GRID.depths_mm[:, None], TISSUE_GRID.laterals_mm
    vessel = ((depths - 5) ** 2 + laterals**2 < 1.5**2).astype(np.float32)[..., None]

    def filling(state):
        signals = acquire(np.random.default_rng(0), vessel, state)
        speeds = SoundSpeeds(RECONSTRUCTION_MM_PER_US, RECONSTRUCTION_MM_PER_US)
        picture = acoustics.envelope(reconstruct(reconstruction(speeds, DEVICES["calibrated"].grid), signals))
        column = picture[:, 126:130, 0].mean(axis=1)
        rows = np.abs(IMAGE_GRID.depths_mm - 5)
        return column[rows < 0.5].mean() / column[rows < 2.5].max()

    assert filling(replace(state, low_cut_mhz=0.5)) > 1.5 * filling(replace(state, low_cut_mhz=0.0))


def test_the_gain_grows_by_e_and_is_1_where_vessels_lie(state):
    gain = depth_gain(replace(state, gain_mm=4.0))
    at = np.interp([3.0, 5.0, 7.0, 11.0], IMAGE_GRID.depths_mm, gain)
    np.testing.assert_allclose(at, np.exp([-0.5, 0, 0.5, 1.5]), rtol=1e-3)
    np.testing.assert_array_equal(depth_gain(replace(state, gain_mm=np.inf)), 1)


def test_elements_beside_the_axis_hear_less():
    angles = np.abs(ARRAY.angles)
    gains = [calibrated_state(np.random.default_rng(k), calibration_settings()).gains for k in range(60)]
    heard = np.mean(gains, axis=0)
    assert heard[angles > 0.9].mean() < 0.9 * heard[angles < 0.3].mean()


def test_the_membrane_and_the_skin_lie_where_the_simulated_domain_has_them(state):
    rows = rows_as_seen(state, DEVICES["calibrated"].grid)
    membrane = np.argmin(np.abs(IMAGE_GRID.depths_mm))
    assert np.flatnonzero(rows == membrane).mean() == pytest.approx(membrane, abs=1)
    rng = np.random.default_rng(0)
    parts = body_parts()
    ours = [DEVICES["calibrated"].draw_anatomy(rng, TISSUE_GRID, parts).skin_mm for _ in range(20)]
    simulated = [draw_forearm(rng, TISSUE_GRID).skin_mm for _ in range(20)]
    assert np.mean(ours) == pytest.approx(np.mean(simulated), abs=0.05)
    assert np.std(ours) == pytest.approx(np.std(simulated), rel=0.2)
