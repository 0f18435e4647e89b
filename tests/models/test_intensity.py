"""Compressed intensities: exactly invertible, counted in the likelihood, carried by the specification."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.cube import SpectralCube
from napari_udt.errors import ModelError
from napari_udt.inference import transfer
from napari_udt.inference.uncertainty import admissible_transfers, condition_spread
from napari_udt.models import load_model, save_model
from napari_udt.models.build import build_network
from napari_udt.models.intensity import compress, expand, log_slope
from napari_udt.models.model import TransferModel
from napari_udt.models.spec import ModelSpec

COMPRESSED = {"intensity": "asinh", "intensity_scales": {"simulated": 0.5, "real": 0.08}}


@pytest.fixture
def model():
    torch.manual_seed(3)
    spec = pat_spec(**COMPRESSED)
    return TransferModel(spec, stir(build_network(spec)))


@pytest.fixture
def images():
    """Pressures over four decades, some below zero."""
    rng = np.random.default_rng(0)
    return (10 ** rng.uniform(-3, 1, (2, 3, 8, 12)) * rng.choice([1, 1, 1, -1], (2, 3, 8, 12))).astype(
        np.float64
    )


def test_expansion_undoes_compression_over_many_decades(images):
    for values in (images, torch.as_tensor(images), images.astype(np.float32)):
        back = expand(compress(values, 0.08), 0.08)
        assert type(back) is type(values)
        assert back.dtype == values.dtype
        tolerance = 1e-13 if "64" in str(values.dtype) else 1e-5
        np.testing.assert_allclose(np.asarray(back), np.asarray(values), rtol=tolerance)


def test_softplus_is_undone_for_positive_values_and_gives_no_others(images):
    for values in (np.abs(images), torch.as_tensor(np.abs(images)), np.abs(images).astype(np.float32)):
        back = expand(compress(values, 0.08, "softplus"), 0.08, "softplus")
        assert back.dtype == values.dtype
        tolerance = 1e-10 if "64" in str(values.dtype) else 1e-4
        np.testing.assert_allclose(np.asarray(back), np.asarray(values), rtol=tolerance)
    assert expand(np.linspace(-4, 4, 99), 0.08, "softplus").min() > 0
    np.testing.assert_allclose(
        compress(torch.as_tensor(images), 0.08, "softplus"), compress(images, 0.08, "softplus"), rtol=1e-12
    )


def test_softplus_is_asinh_where_pictures_are_not_dark_and_takes_what_is_not_positive_for_next_to_nothing():
    bright = np.array([0.7, 3.0, 1e4])
    np.testing.assert_allclose(compress(bright, 1.0, "softplus"), compress(bright, 1.0), rtol=1e-3)
    darkest = compress(np.array([-5.0, 0.0, 1e-5]), 1.0, "softplus")
    assert np.ptp(darkest) == 0


def test_compression_is_linear_below_its_scale_and_logarithmic_above():
    np.testing.assert_allclose(compress(np.array([1e-4, -1e-4]), 2.0), [5e-5, -5e-5], rtol=1e-6)
    np.testing.assert_allclose(compress(np.array([2e4]), 2.0), math.log(2e4), rtol=1e-6)


def test_the_log_slope_is_autograds_and_does_not_overflow():
    t = torch.linspace(-50, 50, 21, dtype=torch.float64, requires_grad=True)
    y = compress(t, 1.0)
    (slope,) = torch.autograd.grad(y.sum(), t)
    torch.testing.assert_close(log_slope(y), slope.log())
    t = torch.logspace(-3, 3, 21, dtype=torch.float64, requires_grad=True)
    y = compress(t, 1.0, "softplus")
    (slope,) = torch.autograd.grad(y.sum(), t)
    torch.testing.assert_close(log_slope(y, "softplus"), slope.log())
    assert log_slope(torch.tensor([1e4])).item() == pytest.approx(math.log(2) - 1e4)


def test_normalisation_is_undone_exactly_in_each_domain_and_between(model, images):
    for domain in ("simulated", "real", 0.3):
        normalised = model.normalise(images, domain)
        np.testing.assert_allclose(model.denormalise(normalised, domain), images, rtol=1e-11)
    mean, std = model.spec.statistics["real"]
    np.testing.assert_allclose(
        model.normalise(images, "real"), (np.arcsinh(images / 0.08) - mean) / std, rtol=1e-12
    )


def test_the_likelihood_is_the_density_of_raw_values(model):
    """By the change of variables, with autograd's Jacobian from raw values to the latent."""
    model.network.double()
    raw = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    unit = COMPRESSED["intensity_scales"]["real"] * model.spec.statistics["real"][1]

    def latent(values):
        x = model.normalise(values.reshape(raw.shape), "real")
        return model.network(x, model.condition((1, 4, 4), "real"))[0].flatten()

    jacobian = torch.autograd.functional.jacobian(latent, raw.flatten())
    z = latent(raw.flatten())
    expected = (
        torch.linalg.slogdet(jacobian).logabsdet
        + len(z) * math.log(unit)
        - 0.5 * z.square().sum()
        - 0.5 * len(z) * math.log(2 * math.pi)
    )
    found = model.log_likelihood(model.normalise(raw, "real"), "real")
    torch.testing.assert_close(found, expected.detach()[None])


def test_the_specification_carries_the_compression(model, tmp_path, images):
    assert ModelSpec.from_json(model.spec.to_json()) == model.spec
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.normalise(images, "simulated"), model.normalise(images, "simulated"))


def test_a_transferred_picture_goes_through_the_same_compression(model, images):
    image = images[:1].astype(np.float32)
    cube = SpectralCube(np.moveaxis(image[0], 0, -1), np.asarray(model.spec.wavelengths_nm), "PAT")
    moved = np.moveaxis(transfer(cube, model, device="cpu").data, -1, 0)
    latent, _ = model.encode(model.normalise(image, "simulated"), "simulated")
    decoded = model.decode(latent, "real", picture_shape=image.shape[2:])
    np.testing.assert_allclose(moved, model.denormalise(decoded, "real")[0], rtol=2e-3, atol=1e-4)


def test_the_spread_over_conditions_is_that_of_expanded_values(model, images):
    spread = condition_spread(model, images[:1], draws=5, seed=2)
    normalised = model.normalise(images[:1], "simulated")
    drawn = [
        model.denormalise(values, "real")
        for values in admissible_transfers(model, normalised, ("simulated", "real"), None, 5, 2)
    ]
    np.testing.assert_allclose(spread.mean, np.mean(drawn, axis=0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(spread.std, np.std(drawn, axis=0, ddof=1), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intensity": "log"}, "intensity is 'log'; expected one of 'linear', 'asinh'"),
        ({"intensity": "asinh"}, "intensity_scales is {}; expected a positive number for 'simulated'"),
        ({"intensity_scales": {"simulated": 1, "real": 1}}, "none where the intensity is linear"),
        (
            {"intensity": "asinh", "intensity_scales": {"simulated": 1, "real": 0}},
            "expected a positive number for 'simulated' and for 'real'",
        ),
        ({"intensity": "asinh", "intensity_scales": {"real": "x"}}, "a field is of the wrong kind"),
    ],
)
def test_a_compression_that_means_nothing_is_refused(changes, message):
    with pytest.raises(ModelError, match=message):
        pat_spec(**changes)


def test_spectra_of_unit_norm_are_not_compressed():
    with pytest.raises(ModelError, match="intensity is 'asinh'; expected 'linear' for HSI"):
        hsi_spec(**COMPRESSED)
