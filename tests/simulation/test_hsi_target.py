import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_target import (
    ANIMAL_SHARE,
    Animal,
    log_std_without_noise,
    organ_fields,
    seen_by_camera,
    simulate_hsi_target,
)
from napari_udt.simulation.organ_variation import MODES
from napari_udt.simulation.tables import find_tables


@pytest.fixture(scope="module")
def tables():
    return find_tables()


@pytest.fixture(scope="module")
def drawn(tables):
    return simulate_hsi_target(20_000, 7, tables)


@pytest.mark.parametrize("organ", CLASS_NAMES)
def test_mean_and_spread_are_the_measured_ones(organ, tables, drawn):
    measured = tables.organ(organ)
    spectra = l1_normalised(drawn.samples[drawn.labels == CLASS_NAMES.index(organ)].astype(np.float64))
    away = np.abs(spectra.mean(axis=0) - measured.mean) / measured.std
    assert (
        away.max() < 0.25
    )  # a hundred animals: their means lie 0.05 standard deviations around the measured one
    ratio = spectra.std(axis=0) / measured.std
    assert 0.75 < ratio.min() <= ratio.max() < 1.3
    assert np.median(ratio) == pytest.approx(1, abs=0.06)


def test_classes_are_equally_many_and_in_the_agreed_order(drawn):
    assert drawn.class_names[:3] == ("bladder", "colon", "fat")
    assert drawn.class_names[-1] == "omentum"
    np.testing.assert_array_equal(np.bincount(drawn.labels), 2000)
    assert (drawn.domain, drawn.origin) == ("second", "drawn from measured statistics")


def test_reflectance_is_never_negative_and_finite(drawn):
    assert np.isfinite(drawn.samples).all()
    assert drawn.samples.min() >= 0


def test_the_same_seed_gives_the_same_spectra(tables):
    one, same, other = (simulate_hsi_target(50, seed, tables).samples for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_spectra_belong_to_animals(drawn):
    animals = drawn.parameters["animal"]
    assert len(np.unique(animals)) == 100
    np.testing.assert_array_equal(np.bincount(animals), 200)
    for organ in range(10):
        own = drawn.parameters["latent"][drawn.labels == organ].reshape(100, 20, MODES)
        between = own.mean(axis=1).var(axis=0).mean() - own.var(axis=1, ddof=1).mean() / 20
        assert between == pytest.approx(ANIMAL_SHARE, abs=0.06)
    np.testing.assert_allclose(drawn.parameters["latent"].var(axis=0), 1, atol=0.2)


def test_the_organs_of_an_animal_have_half_of_its_effect_in_common():
    animals = np.stack([Animal(np.random.default_rng(seed)).organs for seed in range(400)])
    liver, spleen = animals[:, 3], animals[:, 7]
    assert np.mean(liver * spleen) == pytest.approx(ANIMAL_SHARE / 2, abs=0.01)
    assert np.mean(liver**2) == pytest.approx(ANIMAL_SHARE, abs=0.02)


def test_a_larger_data_set_begins_with_the_animals_of_a_smaller_one(tables):
    small, large = (simulate_hsi_target(n, 3, tables).samples for n in (400, 600))
    np.testing.assert_array_equal(large[:400], small)


def test_fields_have_the_measured_spread_and_make_spectra_that_sum_to_one(tables):
    latent = np.random.default_rng(0).standard_normal((500, MODES))
    for name, field in organ_fields(tables).items():
        ratio = np.sqrt((field.modes**2).sum(axis=1)) / log_std_without_noise(tables.organ(name))
        assert 1 / 1.21 < ratio.min() <= ratio.max() < 1.21
        assert np.exp(np.log(ratio).mean()) == pytest.approx(1, abs=0.02)
        sums = field.spectra(latent).sum(axis=1)
        assert sums.mean() == pytest.approx(1, abs=0.02)
        assert sums.std() < 0.03


def test_camera_noise_is_as_stated():
    rng = np.random.default_rng(0)
    grey = np.full((20_000, len(WAVELENGTHS_NM)), 0.4)
    relative = (seen_by_camera(grey, rng) / 0.4 - 1).std(axis=0)
    middle = (WAVELENGTHS_NM > 520) & (WAVELENGTHS_NM < 950)
    assert np.all((relative[middle] > 0.003) & (relative[middle] < 0.004))
    assert relative[0] > 2 * relative[middle].max()
    assert relative[-1] > 2 * relative[middle].max()


def test_camera_values_are_steps_of_ten_bits():
    rng = np.random.default_rng(0)
    seen = seen_by_camera(rng.random((50, len(WAVELENGTHS_NM))), rng)[:, 50]
    np.testing.assert_allclose(seen * 1023, np.round(seen * 1023), atol=1e-9)


def test_fewer_spectra_than_organs_are_refused(tables):
    with pytest.raises(SimulationError, match="10 organs"):
        simulate_hsi_target(9, 1, tables)
