import numpy as np
import pytest
from scipy.optimize import nnls as scipys_nnls

from napari_udt import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.spectral.chromophores import absorption
from napari_udt.spectral.unmixing import (
    EVALUATION_WINDOWS,
    HAEMOGLOBINS,
    HB,
    HBO2,
    NEAR_INFRARED,
    VISIBLE,
    Window,
    fitted_channels,
    nnls,
    unmix,
    unmix_spectra,
)

HSI_NM, PAT_NM = np.linspace(500, 1000, 100), np.arange(700.0, 851.0, 10.0)


def reflectance(saturation, blood, wavelengths=HSI_NM, water=0.4, offset=0.3, slope=-0.2):
    """Reflectance as the model has it: path of 1 cm, blood as a fraction of whole blood."""
    mu = {name: absorption().at(name, wavelengths) for name in ("HbO2", "Hb", "water", "fat")}
    absorbed = blood * (saturation * mu["HbO2"] + (1 - saturation) * mu["Hb"]) + water * mu["water"]
    return np.exp(-(absorbed + offset + slope * np.log(wavelengths / 500)))


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_non_negative_least_squares_are_scipys(columns, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.random((20, columns))
    targets = rng.normal(size=(300, 20)) + rng.normal(size=(300, columns)) @ matrix.T
    found, explained = nnls(matrix, targets)
    expected = np.array([scipys_nnls(matrix, target)[0] for target in targets])
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert (expected == 0).any(axis=1).sum() > 50  # the constraint was at work
    left = ((targets - found @ matrix.T) ** 2).sum(axis=1)
    np.testing.assert_allclose(explained, (targets**2).sum(axis=1) - left, atol=1e-9)


def test_columns_that_depend_on_each_other_are_not_used_together():
    column = np.arange(1.0, 6.0)
    found, _ = nnls(np.stack([column, 2 * column], axis=1), 3 * column[np.newaxis])
    np.testing.assert_allclose(found @ [1, 2], 3)


@pytest.mark.parametrize("saturation", [0.0, 0.4, 1.0])
def test_reflectance_gives_back_what_went_in(saturation):
    found = unmix_spectra(reflectance(saturation, 0.03), HSI_NM, "HSI")
    assert float(found.oxygenation) == pytest.approx(saturation, abs=1e-6)
    assert float(found.haemoglobin) == pytest.approx(0.03 * 150, rel=1e-6)
    assert float(found.residual) < 1e-6


def test_reflectance_is_read_whatever_its_scale():
    plain, scaled = (unmix_spectra(f * reflectance(0.6, 0.02), HSI_NM, "HSI") for f in (1, 0.01))
    np.testing.assert_allclose(scaled.oxygenation, plain.oxygenation)
    np.testing.assert_allclose(scaled.haemoglobin, plain.haemoglobin)


def test_photoacoustic_pressure_gives_back_what_went_in():
    table = absorption()
    pressure = 2 * (0.7 * table.at("HbO2", PAT_NM) + 0.3 * table.at("Hb", PAT_NM))
    found = unmix_spectra(pressure, PAT_NM, "PAT")
    assert float(found.oxygenation) == pytest.approx(0.7)
    assert float(found.haemoglobin) == pytest.approx(2)


def test_nothing_is_claimed_about_missing_values_and_grey():
    spectra = np.stack([reflectance(0.5, 0.02), np.full(100, 0.4), reflectance(0.5, 0.02)])
    spectra[2, 50] = -1
    found = unmix_spectra(spectra.astype(np.float32), HSI_NM, "HSI")
    np.testing.assert_array_equal(np.isnan(found.oxygenation), [False, True, True])
    assert np.isnan(found.haemoglobin[2])


def test_the_near_infrared_is_fitted_where_there_is_enough_of_it():
    chosen = HSI_NM[fitted_channels(HSI_NM, "HSI")]
    assert 700 <= chosen[0] < 706
    assert 894 < chosen[-1] <= 900
    visible = np.linspace(450, 690, 49)
    assert visible[fitted_channels(visible, "HSI")[0]] == 460  # where the table begins


@pytest.mark.parametrize("window", [None, *EVALUATION_WINDOWS])
@pytest.mark.parametrize("chromophores", [None, HAEMOGLOBINS, (HB, "water", HBO2)])
def test_exact_mixtures_are_recovered_in_every_window_whatever_their_scale(window, chromophores):
    rng = np.random.default_rng(0)
    names = chromophores or ("HbO2", "Hb", "water", "fat")
    amounts = rng.uniform(0.005, 0.05, (50, len(names)))
    absorbed = amounts @ np.stack([absorption().at(name, HSI_NM) for name in names])
    scattering = (HSI_NM / 500) ** rng.uniform(-1, 1, (50, 1))
    spectra = rng.uniform(0.1, 9, (50, 1)) * scattering * np.exp(-absorbed)
    found = unmix_spectra(spectra, HSI_NM, "HSI", window=window, chromophores=chromophores)
    oxy, deoxy = (amounts[:, names.index(name)] for name in HAEMOGLOBINS)
    np.testing.assert_allclose(found.oxygenation, oxy / (oxy + deoxy), atol=1e-6)
    np.testing.assert_allclose(found.haemoglobin, 150 * (oxy + deoxy), rtol=1e-6)
    assert found.residual.max() < 1e-6


def test_names_and_their_coefficients_are_the_same_chromophores():
    rng = np.random.default_rng(1)
    spectra = rng.uniform(0.1, 1, (30, 100))
    table = {name: absorption().at(name, HSI_NM) for name in HAEMOGLOBINS}
    by_name, by_table = (
        unmix_spectra(spectra, HSI_NM, "HSI", window=VISIBLE, chromophores=given)
        for given in (HAEMOGLOBINS, table)
    )
    np.testing.assert_array_equal(by_name.oxygenation, by_table.oxygenation)
    np.testing.assert_array_equal(by_name.residual, by_table.residual)


def test_a_window_holds_its_ends_and_nothing_outside_it_counts():
    assert VISIBLE.mask(np.array([499.0, 500, 600, 601])).tolist() == [False, True, True, False]
    rng = np.random.default_rng(0)
    spectra = rng.random((5, 100)) + 0.1
    other = np.where(VISIBLE.mask(HSI_NM), spectra, -1)
    first, second = (unmix_spectra(s, HSI_NM, "HSI", window=VISIBLE).oxygenation for s in (spectra, other))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("window", [NEAR_INFRARED, VISIBLE])
@pytest.mark.parametrize("value", [0.0, -0.1, np.nan, np.inf])
def test_a_reflectance_without_a_logarithm_has_no_estimate(window, value):
    spectra = np.stack([reflectance(0.5, 0.02)] * 2)
    spectra[1, np.flatnonzero(window.mask(HSI_NM))[3]] = value
    found = unmix_spectra(spectra, HSI_NM, "HSI", window=window)
    np.testing.assert_array_equal(np.isnan(found.oxygenation), [False, True])
    np.testing.assert_array_equal(np.isnan(found.haemoglobin), [False, True])


def test_a_window_with_too_few_wavelengths_is_refused():
    with pytest.raises(CubeError, match="at least 6 wavelengths in 500-510 nm"):
        unmix_spectra(np.ones(100), HSI_NM, "HSI", window=Window("narrow", 500, 510))


def test_too_few_known_wavelengths_are_refused():
    with pytest.raises(CubeError, match=r"at least 2 wavelengths in 460-1000 nm.*there are 1"):
        unmix_spectra(np.ones(3), np.array([900.0, 1100.0, 1200.0]), "PAT")


def test_maps_of_a_cube_are_those_of_its_spectra_and_progress_is_reported():
    rng = np.random.default_rng(2)
    data = np.array([[reflectance(s, 0.02) for s in row] for row in rng.random((50, 700))], dtype=np.float32)
    cube, steps = SpectralCube(data, HSI_NM, "HSI"), []
    found = unmix(cube, lambda done, total: steps.append((done, total)))
    np.testing.assert_allclose(found.oxygenation, unmix_spectra(data, HSI_NM, "HSI").oxygenation, atol=1e-12)
    assert steps[-1] == (50, 50)
    assert len(steps) > 1


def test_what_progress_raises_ends_the_work():
    def stop(done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        unmix(SpectralCube(np.ones((2, 2, 100), np.float32), HSI_NM, "HSI"), stop)


def test_on_the_simulated_organs_the_saturation_is_near_the_known_one():
    from napari_udt import open_cube
    from napari_udt.samples import sample_path

    cube = open_cube(sample_path("hsi_simulated"))
    known = np.isfinite(cube.oxygenation)
    error = unmix(cube).oxygenation[known] - cube.oxygenation[known]
    assert np.nanmean(np.abs(error)) < 0.06
    assert abs(np.nanmean(error)) < 0.03
