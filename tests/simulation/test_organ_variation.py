import numpy as np
import pytest

from napari_udt.simulation.fit_variation import BANDS, band_correlation, bands, log_spectra_of_people
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_target import simulate_hsi_target
from napari_udt.simulation.measured_tables import measured_tables
from napari_udt.simulation.organ_variation import (
    COORDINATES,
    MODES,
    TISSUE,
    absorption_table,
    directions,
    half_space_reflectance,
    organ_variations,
    rest_modes,
    to_coordinates,
    to_tissue,
)
from napari_udt.simulation.tables import find_tables

SKIN = CLASS_NAMES.index("skin")


@pytest.fixture(scope="module")
def tables():
    return find_tables()


@pytest.fixture(scope="module")
def absorption(tables):
    return absorption_table(tables)


def at(nm):
    return int(np.argmin(np.abs(WAVELENGTHS_NM - nm)))


def test_coordinates_and_tissues_are_each_others_inverse():
    tissue = organ_variations()["skin"].tissue
    np.testing.assert_allclose(to_tissue(to_coordinates(tissue)), tissue)
    np.testing.assert_array_equal(to_tissue(to_coordinates(np.zeros(7)))[[0, 1, 6]], 0)


def test_directions_predict_what_another_tissue_reflects(tables, absorption):
    variation, mean = organ_variations()["stomach"], tables.organ("stomach").mean
    along = directions(variation.tissue, mean, absorption)
    step = np.array([0.03, 0.05, -0.04, 0.02, -0.03, 0.02, 0.0])
    changed = to_tissue(to_coordinates(variation.tissue) + step)
    before, after = np.log(half_space_reflectance(np.stack([variation.tissue, changed]), absorption))
    predicted, true = along[:, : len(TISSUE)] @ step, after - before
    np.testing.assert_allclose(predicted, true - mean @ true, atol=0.002)


def test_directions_know_the_chromophores(tables, absorption):
    along = directions(organ_variations()["stomach"].tissue, tables.organ("stomach").mean, absorption)
    change = dict(zip(COORDINATES, along.T, strict=True))
    assert change["blood_volume"][at(545)] < change["blood_volume"][at(650)]
    assert change["oxygenation"][at(760)] > change["oxygenation"][at(800)]
    assert change["water"][at(970)] < change["water"][at(900)]
    assert change["fat"][at(930)] < change["fat"][at(880)]
    assert np.ptp(change["far end of the camera"][: at(890)]) == pytest.approx(0)


@pytest.mark.parametrize("organ", CLASS_NAMES)
def test_no_direction_changes_the_sum_of_a_spectrum(organ, tables, absorption):
    mean = tables.organ(organ).mean
    for modes in (directions(organ_variations()[organ].tissue, mean, absorption), rest_modes(mean)):
        np.testing.assert_allclose(mean @ modes, 0, atol=1e-8)


@pytest.mark.parametrize("organ", CLASS_NAMES)
def test_only_skin_has_melanin_and_the_rest_is_small(organ):
    variation = organ_variations()[organ]
    melanin = COORDINATES.index("melanin")
    assert (variation.tissue[melanin] > 0) == (organ == "skin")
    assert np.any(variation.loadings[melanin]) == (organ == "skin")
    np.testing.assert_array_equal(variation.loadings, np.tril(variation.loadings))
    assert 0 < variation.rest < 0.05


def test_the_bands_of_skin_vary_together_as_in_measured_skin(tables, shared):
    people = log_spectra_of_people(measured_tables(shared / "data").skin_nist)
    drawn = simulate_hsi_target(20_000, 7, tables)
    skin = np.log(l1_normalised(drawn.samples[drawn.labels == SKIN].astype(np.float64)))
    np.testing.assert_allclose(band_correlation(skin), band_correlation(people), atol=0.15)


def test_few_directions_explain_skin(tables):
    drawn = simulate_hsi_target(20_000, 7, tables)
    skin = np.log(l1_normalised(drawn.samples[drawn.labels == SKIN].astype(np.float64)))
    values = np.linalg.eigvalsh(np.cov(skin.T))[::-1]
    share = np.cumsum(values) / values.sum()
    assert share[1] > 0.9  # measured skin: one direction
    assert share[5] > 0.985  # measured skin: three
    assert len(values) > MODES


def test_bands_see_what_they_are_named_after(absorption):
    less, more = (np.array([[0.01, s, 0.6, 0.1, 20, 1, 0]]) for s in (0.4, 0.5))
    deoxygenated, oxygenated = (
        bands() @ np.log(half_space_reflectance(t, absorption))[0] for t in (less, more)
    )
    assert BANDS == ("560 nm", "760 nm", "blood")
    assert np.all(deoxygenated[:2] > oxygenated[:2])
    richer = (
        bands() @ np.log(half_space_reflectance(np.array([[0.02, 0.4, 0.6, 0.1, 20, 1, 0]]), absorption))[0]
    )
    assert richer[2] > deoxygenated[2]
