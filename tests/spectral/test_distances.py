import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_udt.spectral.distances import relative_rms_difference, rmse, spectral_angle

SPECTRUM = arrays(np.float64, 8, elements=st.floats(0.01, 10))


@given(a=SPECTRUM)
def test_equal_spectra_are_exactly_zero_apart(a):
    assert spectral_angle(a, a) == rmse(a, a) == relative_rms_difference(a, a) == 0


@given(a=SPECTRUM, b=SPECTRUM)
def test_angle_and_rmse_are_symmetric(a, b):
    assert spectral_angle(a, b) == spectral_angle(b, a)
    assert rmse(a, b) == rmse(b, a)


@given(a=SPECTRUM, b=SPECTRUM, scale=st.floats(0.01, 100))
def test_the_angle_is_blind_to_scale_and_rmse_follows_it(a, b, scale):
    np.testing.assert_allclose(spectral_angle(scale * a, b), spectral_angle(a, b), atol=1e-12)
    np.testing.assert_allclose(rmse(scale * a, scale * b), scale * rmse(a, b), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(
        relative_rms_difference(scale * a, scale * b), relative_rms_difference(a, b), rtol=1e-9, atol=1e-13
    )


@given(a=SPECTRUM, b=SPECTRUM)
def test_the_angle_is_the_arc_cosine_of_the_definition(a, b):
    cosine = np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1)
    np.testing.assert_allclose(spectral_angle(a, b), np.arccos(cosine), atol=1e-7)


def test_known_angles():
    assert spectral_angle([1, 0], [0, 2], degrees=True) == pytest.approx(90)
    assert spectral_angle([1, 1], [1, 0], degrees=True) == pytest.approx(45)
    assert spectral_angle([1, 2], [-1, -2]) == pytest.approx(np.pi)


def test_tiny_angles_keep_their_digits():
    assert spectral_angle([1.0, 0.0], [1.0, 1e-9]) == pytest.approx(1e-9, rel=1e-6)  # arccos gives 0


def test_known_errors():
    assert rmse([1, 2, 3], [1, 2, 6]) == pytest.approx(np.sqrt(3))
    assert relative_rms_difference([1.1, 2.2], [1, 2]) == pytest.approx(0.1)


@pytest.mark.parametrize("metric", [spectral_angle, rmse, relative_rms_difference])
def test_missing_wavelengths_are_left_out_of_both(metric):
    a, b = np.array([1.0, 2, np.nan, 4]), np.array([2.0, np.inf, 3, 5])
    assert metric(a, b) == metric(a[[0, 3]], b[[0, 3]])
    assert np.isnan(metric(np.array([np.nan, 1]), np.array([1, np.nan])))


def test_a_spectrum_of_zeros_has_no_direction_and_no_scale():
    assert np.isnan(spectral_angle(np.zeros(3), np.ones(3)))
    assert np.isnan(relative_rms_difference(np.ones(3), np.zeros(3)))
    assert rmse(np.ones(3), np.zeros(3)) == 1


def test_many_spectra_are_compared_with_one():
    spectra = np.random.default_rng(0).random((5, 4, 8))
    found = spectral_angle(spectra, spectra[0, 0])
    assert found.shape == (5, 4)
    assert found[0, 0] == 0
    assert found[3, 2] == spectral_angle(spectra[3, 2], spectra[0, 0])
