import numpy as np
import pytest

from napari_udt.errors import SimulationError
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_target import (
    MODES,
    learnt_correlation,
    organ_fields,
    seen_by_camera,
    simulate_hsi_target,
)
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
    np.testing.assert_allclose(spectra.mean(axis=0), measured.mean, rtol=0.02)
    np.testing.assert_allclose(spectra.std(axis=0), measured.std, rtol=0.08)


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


def test_neighbouring_wavelengths_vary_together_as_in_skin(tables):
    correlation = learnt_correlation(tables)
    np.testing.assert_allclose(np.diag(correlation), 1)
    assert np.diag(correlation, 1).min() > 0.9
    assert np.linalg.eigvalsh(correlation).min() > -1e-9


def test_fields_of_unit_variance_make_spectra_that_sum_to_one(tables):
    latent = np.random.default_rng(0).standard_normal((500, MODES))
    for field in organ_fields(tables).values():
        np.testing.assert_allclose((field.modes**2).sum(axis=1), 1)
        sums = field.spectra(latent).sum(axis=1)
        assert sums.mean() == pytest.approx(1, abs=0.01)
        assert sums.std() < 0.02


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
