import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from napari_udt.errors import CubeError
from napari_udt.spectral.spectra import normalise
from napari_udt.spectral.transforms import Transform, absorbance, derivative, fitting_channels, value_at

EVEN = np.linspace(500, 645, 30)
UNEVEN = np.sort(np.random.default_rng(5).uniform(500, 900, 40))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("window", [5, 7, 15])
def test_on_an_even_grid_the_derivative_is_scipys_savitzky_golay(order, window):
    spectra = np.random.default_rng(0).random((4, 30))
    expected = savgol_filter(spectra, window, 2, deriv=order, delta=5.0, mode="interp")
    np.testing.assert_allclose(derivative(spectra, EVEN, order, window), expected, atol=1e-12)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_on_an_uneven_grid_parabolas_are_differentiated_exactly(coefficients):
    parabola = np.polynomial.Polynomial(coefficients)
    distance = UNEVEN - 700
    for order in (1, 2):
        found = derivative(parabola(distance), UNEVEN, order, 7)
        np.testing.assert_allclose(found, parabola.deriv(order)(distance), atol=1e-7)


def test_a_missing_value_costs_the_windows_that_hold_it():
    spectrum = EVEN.copy()
    spectrum[10] = np.nan
    found = derivative(spectrum, EVEN, 1, 5)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [8, 9, 10, 11, 12])
    np.testing.assert_allclose(found[np.isfinite(found)], 1)


def test_short_grids_take_fewer_channels_and_too_short_ones_are_refused():
    assert [fitting_channels(n, 7) for n in (3, 4, 6, 30)] == [3, 3, 5, 7]
    np.testing.assert_allclose(derivative(np.array([1.0, 2.0, 3.0]), np.array([500.0, 501.0, 502.0])), 1)
    with pytest.raises(CubeError, match="at least 3 wavelengths, there are 2"):
        derivative(np.ones(2), EVEN[:2])


def test_the_absorbance_of_what_is_not_positive_is_missing():
    found = absorbance(np.array([1.0, np.exp(-2), 0.0, -1.0, np.nan]))
    np.testing.assert_allclose(found, [0, 2, np.nan, np.nan, np.nan])


def test_values_between_wavelengths_are_interpolated_and_none_outside():
    spectra = np.array([[1.0, 3.0, 7.0], [0.0, np.nan, 4.0]], dtype=np.float32)
    grid = np.array([500.0, 510.0, 530.0])
    np.testing.assert_allclose(value_at(spectra, grid, 505.0), [[2], [np.nan]])
    np.testing.assert_allclose(value_at(spectra, grid, 530.0), [[7], [4]])
    assert value_at(spectra, grid, 505.0).dtype == np.float32
    with pytest.raises(CubeError, match="no value at 900 nm in 500-530 nm"):
        value_at(spectra, grid, 900.0)


def test_the_order_is_normalisation_logarithm_derivative():
    spectra = np.random.default_rng(1).random((3, 30)) + 0.1
    transform = Transform("l2", absorbance=True, derivative=1, window=5)
    expected = derivative(-np.log(normalise(spectra, "l2")), EVEN, 1, 5)
    np.testing.assert_allclose(transform(spectra, EVEN), expected)


def test_at_its_own_wavelength_a_spectrum_becomes_one_and_zeros_become_missing():
    spectra = np.array([[2.0, 4.0, 8.0], [0.0, 0.0, 1.0]])
    found = Transform("wavelength", 510.0)(spectra, np.array([500.0, 510.0, 530.0]))
    np.testing.assert_allclose(found, [[0.5, 1, 2], [np.nan] * 3])


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        (Transform(), "reflectance [1]"),
        (Transform("l2"), "reflectance / L2 norm"),
        (Transform("wavelength", 798.0), "reflectance / value at 798 nm"),
        (Transform("max", absorbance=True), "−ln(reflectance / maximum)"),
        (Transform(derivative=1), "derivative of reflectance [1/nm]"),
        (Transform(absorbance=True, derivative=2), "second derivative of −ln(reflectance) [1/nm²]"),
    ],
)
def test_quantities_say_what_was_done_with_the_unit(transform, words):
    assert transform.quantity("reflectance [1]") == words


def test_units_other_than_one_are_kept_per_nm():
    assert Transform(derivative=1).quantity("pressure [a.u.]") == "derivative of pressure [a.u./nm]"


def test_the_window_of_a_derivative_is_stated_in_nm():
    assert Transform().statement(EVEN) == ""
    assert Transform(derivative=2, window=7).statement(EVEN) == (
        "Second derivative: Savitzky–Golay, parabola over 7 channels (30 nm)."
    )
