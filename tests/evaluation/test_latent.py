import numpy as np
import pytest
import torch
from model_specs import hsi_spec, stir
from scipy.stats import kstest

from napari_udt.evaluation.latent import bits_per_dimension, density_checks, ks_to_normal, latents, normality
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel


@pytest.fixture
def model():
    torch.manual_seed(0)
    spec = hsi_spec()
    return TransferModel(spec, stir(build_network(spec), 0.1))


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    return rng.uniform(0.1, 1, (40, 9)).astype(np.float32), (np.arange(40) % 3).astype(np.int16)


def test_distances_to_the_normal_distribution_are_scipys():
    values = np.random.default_rng(0).normal(0.3, 1.4, (50, 4))
    expected = [kstest(column, "norm").statistic for column in values.T]
    np.testing.assert_allclose(ks_to_normal(values), expected, atol=1e-12)


def test_normal_numbers_pass_and_others_do_not():
    rng = np.random.default_rng(0)
    fine = normality(rng.standard_normal((2000, 50)), rng)
    assert fine.largest_mean < 0.1
    assert 0.9 < fine.std_low <= fine.std_median <= fine.std_high < 1.1
    assert fine.ks_pooled < 0.01
    assert fine.norm_mean == pytest.approx(1, abs=0.02)
    assert fine.norm_std == pytest.approx(1, abs=0.1)
    wide = normality(2 * rng.standard_normal((2000, 50)), rng)
    assert wide.norm_mean == pytest.approx(4, abs=0.1)
    assert wide.ks_pooled == pytest.approx(0.16, abs=0.02)  # sup |Phi(x) - Phi(x / 2)|


def test_bits_in_the_datas_units_are_the_density_after_a_change_of_variables(model, samples):
    found = bits_per_dimension(model, *samples)
    spectra = model.normalise(samples[0], "real")
    nats = model.log_likelihood(spectra, "real", samples[1])
    assert found.normalised == pytest.approx(-nats.mean() / 9 / np.log(2), rel=1e-5)
    std = model.spec.statistics["real"][1]
    # u = (x - m) / s has the Jacobian s^-d: density per x is higher where s is small
    assert found.data == pytest.approx(-(nats.mean() - 9 * np.log(std)) / 9 / np.log(2), rel=1e-5)


def test_facts_of_an_invertible_network(model, samples):
    facts = density_checks(model, samples, samples, np.random.default_rng(0))
    assert max(facts.round_trip.values()) < 1e-4
    assert facts.second == facts.simulated
    assert facts.latent.dimensions == 9
    assert latents(model, *samples).shape == (40, 9)
