import numpy as np
import pytest
from scipy.optimize import nnls

from napari_udt.evaluation.unmixing import (
    DEOXY,
    OXY,
    Window,
    absorbance,
    absorber_coefficients,
    saturation_from_absorption,
    saturation_from_reflectance,
)

NM = np.linspace(500, 900, 41)
ABSORPTION = {OXY: 5 + 4 * np.sin(NM / 25), DEOXY: 6 + 3 * np.cos(NM / 40), "water": (NM / 900) ** 6}


@pytest.mark.parametrize("absorbers", [1, 2, 4])
def test_coefficients_are_those_of_scipys_active_set_solver(absorbers):
    rng = np.random.default_rng(absorbers)
    matrix, background = rng.random((20, absorbers)), rng.standard_normal((20, 2))
    spectra = rng.standard_normal((30, 20))
    found = absorber_coefficients(matrix, background, spectra)
    # a free coefficient is the difference of two non-negative ones
    both = np.hstack([matrix, background, -background])
    expected = [nnls(both, spectrum)[0][:absorbers] for spectrum in spectra]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (found == 0).any()
    assert (found > 0).any()


@pytest.mark.parametrize("names", [(OXY, DEOXY), (OXY, DEOXY, "water")])
def test_saturation_of_beer_lambert_reflectance_is_recovered_whatever_its_scale_and_scattering(names):
    absorption = {name: ABSORPTION[name] for name in names}
    truth = np.array([0.0, 0.3, 0.75, 1.0])
    blood = truth[:, None] * ABSORPTION[OXY] + (1 - truth[:, None]) * ABSORPTION[DEOXY]
    scale = np.array([[0.1], [1], [7], [0.5]])
    reflectance = scale * np.exp(-0.2 * blood) * (NM / 500) ** np.array([[0.4], [-1], [0.2], [0]])
    found = saturation_from_reflectance(reflectance, NM, absorption, Window("all", 500, 900))
    np.testing.assert_allclose(found, truth, atol=1e-9)


def test_saturation_of_signals_proportional_to_absorption():
    truth = np.array([0.2, 0.9])
    signal = 3 * (truth[:, None] * ABSORPTION[OXY] + (1 - truth[:, None]) * ABSORPTION[DEOXY])
    found = saturation_from_absorption(signal, {name: ABSORPTION[name] for name in (OXY, DEOXY)})
    np.testing.assert_allclose(found, truth, atol=1e-9)


def test_without_blood_or_with_missing_values_there_is_no_saturation():
    absorption = {name: ABSORPTION[name] for name in (OXY, DEOXY)}
    signal = np.stack([-ABSORPTION[OXY] - ABSORPTION[DEOXY], np.full(41, np.nan), ABSORPTION[OXY]])
    np.testing.assert_allclose(saturation_from_absorption(signal, absorption), [np.nan, np.nan, 1])


def test_a_window_holds_its_ends_and_is_all_that_is_looked_at():
    window = Window("visible", 500, 600)
    assert window.mask(np.array([499.0, 500, 600, 601])).tolist() == [False, True, True, False]
    rng = np.random.default_rng(0)
    reflectance = rng.random((5, 41)) + 0.1
    other = np.where(window.mask(NM), reflectance, rng.random((5, 41)))
    np.testing.assert_array_equal(
        saturation_from_reflectance(reflectance, NM, ABSORPTION, window),
        saturation_from_reflectance(other, NM, ABSORPTION, window),
    )


def test_absorbance_of_dark_and_negative_values_is_finite():
    np.testing.assert_allclose(
        absorbance(np.array([[1.0, 0.5, 0.0, -1.0]]))[0], [0, np.log(2), *[np.log(1000)] * 2]
    )
