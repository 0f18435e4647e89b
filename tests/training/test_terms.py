"""The terms beside the paper's losses: what they are blind to, what they see, and that training on them works."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_udt.errors import TrainingError
from napari_udt.models import build_network
from napari_udt.models.assemble import transfer_model
from napari_udt.spectral.chromophores import absorption
from napari_udt.training.config import TermsConfig
from napari_udt.training.domains import load_domain
from napari_udt.training.run import make_spec, train
from napari_udt.training.term_list import make_terms
from napari_udt.training.terms import ClassMoments, HaemoglobinContent, class_moments, lost_correlation
from napari_udt.training.trainer import DOMAINS

VISIBLE = np.linspace(500, 1000, 100)
NEAR_INFRARED = np.linspace(700, 850, 16)


def make_model(config):
    data = {domain: load_domain(config, domain) for domain in DOMAINS}
    spec = make_spec(config, data)
    return transfer_model(spec, build_network(spec)), {d: data[d].training for d in DOMAINS}


def with_wavelengths(model, wavelengths_nm):
    """A model whose network is not asked, on other wavelengths, whose normalised units are the raw ones."""
    units = {"simulated": (0.0, 1.0), "real": (0.0, 1.0)}
    model.spec = replace(model.spec, wavelengths_nm=tuple(wavelengths_nm), statistics=units)
    return model


def blood(wavelengths_nm, oxygenated, deoxygenated):
    """Absorption spectra (n, C) of mixtures of both haemoglobins."""
    table = [absorption().at(name, wavelengths_nm) for name in ("HbO2", "Hb")]
    return np.outer(oxygenated, table[0]) + np.outer(deoxygenated, table[1])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_class_moments_are_numpys(rng):
    values, labels = rng.standard_normal((90, 4)), rng.integers(-1, 3, 90)
    count, mean, variance = class_moments(torch.from_numpy(values), torch.from_numpy(labels), 4)
    for k in range(3):
        np.testing.assert_allclose(mean[k], values[labels == k].mean(axis=0))
        np.testing.assert_allclose(variance[k], values[labels == k].var(axis=0, ddof=1))
    assert count.tolist() == [*(np.count_nonzero(labels == k) for k in range(3)), 0]


def test_lost_correlation_is_one_minus_pearsons_within_classes(rng):
    before, after = rng.standard_normal((2, 60, 3))
    labels = np.arange(60) % 2
    expected = np.mean(
        [
            1 - np.corrcoef(before[labels == k, f], after[labels == k, f])[0, 1]
            for k in (0, 1)
            for f in range(3)
        ]
    )
    found = lost_correlation(*map(torch.from_numpy, (before, after, labels)), 5)
    assert float(found) == pytest.approx(expected)


def test_lost_correlation_is_blind_to_what_moves_or_stretches_a_class_as_a_whole(rng):
    before = torch.from_numpy(rng.standard_normal((60, 3)))
    labels = torch.arange(60) % 2
    after = before * (1 + labels[:, None]) + 10.0 * labels[:, None]
    assert float(lost_correlation(before, after, labels, 2)) == pytest.approx(0, abs=1e-9)


def test_lost_correlation_of_samples_without_a_class_is_zero(rng):
    values = torch.from_numpy(rng.standard_normal((60, 3)))
    assert float(lost_correlation(values, -values, torch.full((60,), -1), 2)) == 0


def test_reflectance_coefficients_are_those_of_the_mixture_whatever_the_scattering(toy_config, rng):
    term = HaemoglobinContent(with_wavelengths(make_model(toy_config("HSI"))[0], VISIBLE))
    oxygenated, deoxygenated = rng.uniform(1e-4, 3e-3, (2, 20))
    scattering = rng.uniform(-0.3, 0.3, (20, 1)) * np.log(VISIBLE / 600) - 2.0
    absorbance = blood(VISIBLE, oxygenated, deoxygenated) - scattering
    found = term.coefficients(torch.from_numpy(np.exp(-absorbance)))
    for window in range(2):
        np.testing.assert_allclose(found[:, 2 * window], oxygenated, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(found[:, 2 * window + 1], deoxygenated, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(found[:, 4 + window], np.arctan2(oxygenated, deoxygenated), rtol=1e-2)


def test_photoacoustic_coefficients_are_those_of_the_mixture(toy_config, rng):
    term = HaemoglobinContent(with_wavelengths(make_model(toy_config("PAT"))[0], NEAR_INFRARED))
    oxygenated, deoxygenated = rng.uniform(0.1, 1.0, (2, 20))
    found = term.coefficients(torch.from_numpy(blood(NEAR_INFRARED, oxygenated, deoxygenated)))
    np.testing.assert_allclose(found[:, 0], oxygenated, rtol=1e-3)
    np.testing.assert_allclose(found[:, 1], deoxygenated, rtol=1e-3)


def test_content_is_lost_when_the_oxygenation_is_shuffled_and_kept_when_all_darken(toy_config, rng):
    term = HaemoglobinContent(with_wavelengths(make_model(toy_config("HSI"))[0], VISIBLE))
    spectra = np.exp(-blood(VISIBLE, *rng.uniform(1e-4, 3e-3, (2, 40))))
    x, labels = torch.from_numpy(spectra), torch.zeros(40, dtype=torch.long)
    assert float(term(x, 0.5 * x, labels)) == pytest.approx(0, abs=1e-6)
    assert float(term(x, x[torch.from_numpy(rng.permutation(40))], labels)) > 0.5


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_moments_are_met_by_the_target_domain_itself_and_not_by_the_simulated(toy_config, modality):
    config = toy_config(modality)
    config = replace(config, condition=replace(config.condition, second_labels="given"))
    model, samples = make_model(config)
    term = ClassMoments(model, samples)

    def distance(domain):
        found = samples[domain]
        x, labels = found.values[:200], found.labels[:200]
        return float(term(x, x, labels))

    assert distance("second") < 0.3
    assert distance("simulated") > 3 * distance("second")


def test_content_without_haemoglobins_wavelengths_is_refused(toy_config):
    with pytest.raises(TrainingError, match=r"content_weight.*set it to 0"):
        HaemoglobinContent(make_model(toy_config("PAT"))[0])


def test_without_known_classes_the_moments_are_those_of_the_whole_domain(toy_config):
    config = toy_config("HSI")
    config = replace(config, condition=replace(config.condition, second_labels="proxy"))
    model, samples = make_model(config)
    term = ClassMoments(model, samples)
    torch.testing.assert_close(term.mean[0], samples["second"].values.mean(dim=0))
    assert term.known.tolist() == [True, False, False]
    x = samples["simulated"].values[:50].clone().requires_grad_()
    term(x, x, samples["simulated"].labels[:50]).backward()
    assert torch.isfinite(x.grad).all()


def test_weights_of_zero_leave_the_terms_out(toy_config):
    config = toy_config("HSI")
    assert make_terms(replace(config, terms=TermsConfig()), *make_model(config)) == []


def test_training_on_the_moments_brings_the_classes_nearer(toy_config, tmp_path):
    config = toy_config("HSI", gan_weight=0.0)
    config = replace(config, condition=replace(config.condition, second_labels="given"))

    def distance(terms, name):
        model = train(replace(config, terms=terms), tmp_path / name)
        found = model.spec.training["metrics"]["class_mean_relative_rms"]["after"]
        return np.mean(list(found.values()))

    assert distance(TermsConfig(moments_weight=3.0), "with") < distance(TermsConfig(), "without")
