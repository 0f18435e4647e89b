"""A transfer model: normalisation, encoding, decoding, likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.build import build_network
from napari_udt.models.model import TransferModel


def make_model(spec=None):
    torch.manual_seed(3)
    spec = spec or hsi_spec()
    return TransferModel(spec, stir(build_network(spec)))


@pytest.fixture
def hsi():
    return make_model()


@pytest.fixture
def pat():
    return make_model(pat_spec())


@pytest.fixture
def spectra():
    return np.random.default_rng(0).uniform(0.1, 1, (6, 9)).astype(np.float32)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 3, 8, 12)).astype(np.float32)


def test_normalised_spectra_have_unit_norm_and_the_domains_statistics(hsi, spectra):
    for domain, (mean, std) in hsi.spec.statistics.items():
        normalised = hsi.normalise(spectra, domain)
        assert normalised.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(normalised * std + mean, axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(hsi.normalise(7 * spectra, domain), normalised, rtol=1e-4, atol=1e-5)


def test_images_are_standardised_only(pat, images):
    normalised = pat.normalise(images, "real")
    np.testing.assert_allclose(normalised, (images - 0.25) / 0.1, rtol=1e-5)
    np.testing.assert_allclose(pat.denormalise(normalised, "real"), images, rtol=1e-4, atol=1e-5)


def test_statistics_between_the_domains_are_interpolated(pat):
    np.testing.assert_allclose(pat.denormalise(np.ones((1, 3, 1, 1)), 0.5), 0.275 + 0.15)


def test_a_spectrum_of_zeros_stays_finite(hsi):
    np.testing.assert_allclose(hsi.normalise(np.zeros((1, 9)), "simulated"), (0 - 0.3) / 0.2)


def test_tensors_and_arrays_give_the_same_numbers(hsi, spectra):
    tensor = torch.from_numpy(spectra)
    np.testing.assert_allclose(
        hsi.normalise(spectra, "real"), hsi.normalise(tensor, "real").numpy(), atol=1e-5
    )
    z, log_det = hsi.encode(tensor, "real")
    assert isinstance(z, torch.Tensor)
    assert not z.requires_grad
    as_arrays = hsi.encode(spectra, "real")
    np.testing.assert_array_equal(as_arrays[0], z.numpy())
    np.testing.assert_array_equal(as_arrays[1], log_det.numpy())


def test_decoding_in_the_same_domain_is_the_identity(hsi, spectra):
    x = hsi.normalise(spectra, "simulated")
    labels = np.array([0, 1, 2, -1, 0, 1])
    z, _ = hsi.encode(x, "simulated", labels)
    np.testing.assert_allclose(hsi.decode(z, "simulated", labels), x, atol=1e-4)
    assert np.abs(hsi.decode(z, "real", labels) - x).max() > 0.01


def test_a_transfer_and_back_is_cycle_consistent(hsi, spectra):
    there = hsi.decode(hsi.encode(spectra, "simulated")[0], "real")
    back = hsi.decode(hsi.encode(there, "real")[0], "simulated")
    np.testing.assert_allclose(back, spectra, atol=1e-4)


def test_raw_values_may_be_encoded_directly(hsi, spectra):
    expected, _ = hsi.encode(hsi.normalise(spectra, "real"), "real")
    np.testing.assert_array_equal(hsi.encode(spectra, "real", normalised=False)[0], expected)


def test_one_class_as_index_and_as_probability_agree(hsi, spectra):
    probabilities = np.zeros((6, 3), np.float32)
    probabilities[:, 2] = 1
    by_index, _ = hsi.encode(spectra, "real", np.full(6, 2))
    by_probability, _ = hsi.encode(spectra, "real", probabilities)
    np.testing.assert_allclose(by_index, by_probability, atol=1e-6)


def test_images_go_there_and_back(pat, images):
    labels = np.random.default_rng(1).integers(-1, 3, (2, 8, 12))
    z, log_det = pat.encode(images, "simulated", labels)
    assert z.shape == (2, 3 * 8 * 12)
    assert log_det.shape == (2,)
    np.testing.assert_allclose(pat.decode(z, "simulated", labels), images, atol=1e-4)
    assert pat.picture_multiple == 4


def test_an_unlabelled_image_needs_its_size_for_decoding(pat, images):
    z, _ = pat.encode(images, "real")
    with pytest.raises(ModelError, match=r"give the picture's \(rows, columns\)"):
        pat.decode(z, "real")
    np.testing.assert_allclose(pat.decode(z, "real", picture_shape=(8, 12)), images, atol=1e-4)


def test_the_likelihood_of_the_identity_is_the_standard_normal():
    """A network that does nothing has the density of a standard normal, constant included."""
    model = make_model(hsi_spec(architecture={"blocks": 2, "conditional_blocks": 2, "width": 4}))
    with torch.no_grad():
        for block in model.network.blocks:
            block.global_scale.fill_(2.0 * math.log(math.expm1(5.0)))
            block.global_offset.zero_()
            block.subnet[-1].weight.zero_()
            block.subnet[-1].bias.zero_()
    x = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
    expected = torch.distributions.Normal(0, 1).log_prob(torch.from_numpy(x)).sum(1)
    np.testing.assert_allclose(model.log_likelihood(x, "real"), expected, atol=1e-4)


def test_the_likelihood_is_a_density():
    """Over a grid of two-channel spectra the density integrates to one: constant and log-determinant agree."""
    spec = hsi_spec(
        wavelengths_nm=(500, 600), architecture={"blocks": 3, "conditional_blocks": 3, "width": 8}
    )
    model = make_model(spec)
    model.network.double()
    axis = np.linspace(-30, 30, 401)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = np.exp(model.log_likelihood(grid, "real", np.zeros(len(grid), int)))
    assert density.sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", [(4, 8), (9,), (1, 9, 2, 2)])
def test_spectra_of_another_shape_are_refused(hsi, shape):
    with pytest.raises(ModelError, match=r"needs an array \(n, 9\)"):
        hsi.encode(np.zeros(shape, np.float32), "real")


def test_latents_of_another_shape_are_refused(hsi, pat):
    with pytest.raises(ModelError, match=r"needs latents \(n, 9\)"):
        hsi.decode(np.zeros((2, 8), np.float32), "real")
    with pytest.raises(ModelError, match=r"needs latents \(n, 48\)"):
        pat.decode(np.zeros((2, 40), np.float32), "real", picture_shape=(4, 4))


def test_a_network_in_training_mode_is_put_to_use():
    spec = hsi_spec()
    network = build_network(spec).train()
    assert not TransferModel(spec, network).network.training
