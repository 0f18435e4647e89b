import json

import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation import fit_parameters
from napari_udt.simulation.fit_curves import choose_breakpoints, cosine_basis, least_squares, spline_basis
from napari_udt.simulation.fitted_tables import FOLDER, FittedTables, parameters, scattering_law
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM
from napari_udt.simulation.hsi_simulated import blood_absorption, draw_tissues, layered_reflectance_of
from napari_udt.simulation.measured_tables import measured_tables
from napari_udt.spectral.chromophores import TABLE

FITTED = FittedTables()
PAT_NM = np.arange(700.0, 851, 10)


@pytest.fixture(scope="module")
def measured(shared):
    return measured_tables(shared / "data")


@pytest.mark.parametrize("name", sorted(fit_parameters.FITS))
def test_every_file_names_its_formula_and_source(name):
    found = parameters(name)
    for key in ("quantity", "form", "source", "licence"):
        assert found[key]
    assert fit_parameters.as_text(found) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_haemoglobin_is_isosbestic_near_800_nm():
    oxy, deoxy = (
        FITTED.absorption_per_cm(name, np.array([800.0, 760.0]))
        for name in ("oxyhemoglobin", "deoxyhemoglobin")
    )
    assert oxy[0] == pytest.approx(deoxy[0], rel=0.1)
    assert deoxy[1] > 2 * oxy[1]


def test_coefficients_outside_the_fit_are_refused():
    with pytest.raises(SimulationError, match="460 to 1000 nm, asked for 400"):
        FITTED.absorption_per_cm("water", np.array([400.0]))


@pytest.mark.parametrize("organ", CLASS_NAMES)
def test_organ_statistics_are_l1_normalised_and_positive(organ):
    found = FITTED.organ(organ)
    assert found.mean.sum() == pytest.approx(1)
    assert found.mean.shape == found.std.shape == (100,)
    assert np.all((found.std > 0) & (found.std < found.mean))


def test_scattering_is_a_mixture_of_two_powers():
    np.testing.assert_allclose(scattering_law(np.array([500.0, 1000.0]), 10, 0.25, 1), [10, 5 / 32 + 3.75])


def test_splines_find_a_spline_again():
    breakpoints = np.array([500.0, 560, 700, 900, 1000])
    curve = spline_basis(WAVELENGTHS_NM, breakpoints) @ np.array([[1.0, 3, 2, 5, 4, 0, 1]]).T
    found = choose_breakpoints(WAVELENGTHS_NM, curve, 3, step_nm=20)
    np.testing.assert_array_equal(found, breakpoints)


def test_least_squares_finds_the_coefficients_of_a_cosine_series():
    places = np.linspace(-1, 1, 50)
    wanted = np.array([1.0, -2, 0.5])
    np.testing.assert_allclose(
        least_squares(cosine_basis(places, 3), cosine_basis(places, 3) @ wanted), wanted
    )
    np.testing.assert_allclose(cosine_basis(np.array([-1.0, 1.0]), 3), [[1, 1, 1], [1, -1, 1]])


def test_the_files_are_what_the_fit_makes(measured, tmp_path):
    errors = fit_parameters.write_all(measured, tmp_path, tmp_path / "chromophores.csv")
    for name in fit_parameters.FITS:
        new, old = (json.loads((folder / f"{name}.json").read_text()) for folder in (tmp_path, FOLDER))
        # the search for an organ's covariance ends in a flat valley
        rough = name == "organ_variation"
        assert numbers(new) == pytest.approx(
            numbers(old), abs=0.02 if rough else 2e-4, rel=0.02 if rough else 1e-3
        )
    assert (tmp_path / "chromophores.csv").read_text() == TABLE.read_text()
    assert errors["absorption"]["HbO2"][0] == pytest.approx(0.0038, abs=1e-4)
    assert errors["organs"]["mean"] == {"rms": 0.0035, "largest": 0.031}


def numbers(tree) -> list[float]:
    if isinstance(tree, dict | list):
        return [n for part in (tree.values() if isinstance(tree, dict) else tree) for n in numbers(part)]
    return [tree] if isinstance(tree, int | float) else []


def test_organs_lie_within_the_stated_errors(measured):
    stated = parameters("organs")["relative_error"]
    fitted, original = ([t.organ(name) for name in CLASS_NAMES] for t in (FITTED, measured))
    for kind in ("mean", "std"):
        apart = np.array(
            [getattr(f, kind) / getattr(o, kind) - 1 for f, o in zip(fitted, original, strict=True)]
        )
        assert np.sqrt(np.mean(apart**2)) <= 1.05 * stated[kind]["rms"]
        assert np.abs(apart).max() <= 1.05 * stated[kind]["largest"]


def test_scattering_and_arteries_lie_within_the_stated_errors(measured):
    for name, error in parameters("scattering")["relative_error"].items():
        nm = measured.scattering.wavelengths_nm
        ratio = FITTED.scattering_per_cm(name, nm) / measured.scattering_per_cm(name, nm)
        assert np.abs(ratio - 1).max() <= 1.05 * error["largest"]
    np.testing.assert_allclose(FITTED.radial_artery.mean, measured.radial_artery.mean, atol=1e-4)
    np.testing.assert_allclose(FITTED.radial_artery.std, measured.radial_artery.std, atol=1e-4)


def test_simulated_reflectance_is_that_of_the_measured_tables(measured):
    tissues = draw_tissues(40, np.random.default_rng(3))
    ours, theirs = (layered_reflectance_of(tissues, blood_absorption(t)) for t in (FITTED, measured))
    apart = np.abs(ours / theirs - 1)
    assert np.sqrt(np.mean(apart**2)) < 0.005
    assert apart.max() < 0.03


def test_absorption_in_the_near_infrared_is_that_of_the_measured_tables(measured):
    for name in ("oxyhemoglobin", "deoxyhemoglobin", "water", "fat", "melanin"):
        ratio = FITTED.absorption_per_cm(name, PAT_NM) / measured.absorption_per_cm(name, PAT_NM)
        np.testing.assert_allclose(ratio, 1, atol=0.04)
