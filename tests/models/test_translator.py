"""Models without a latent: one way to use them, one sentence for what they have not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.draws import OwnDraws

IMAGE = {"widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu"}
SPECTRAL = hsi_spec(kind="cyclegan", architecture={"hidden": 8, "layers": 2, "residual_bound": 1.5})
PICTURES = pat_spec(kind="cyclegan", architecture={**IMAGE, "norm": "group", "residual_bound": 1.5})
FLOW = hsi_spec(kind="flow_matching", architecture={"hidden": 8, "layers": 2, "steps": 4})
UNIT = hsi_spec(kind="unit", architecture={"hidden": 8, "latent": 4, "activation": "relu"})


def make(spec):
    return transfer_model(spec, stir(build_network(spec), 0.3))


@pytest.mark.parametrize("spec", [SPECTRAL, FLOW, UNIT, hsi_spec()], ids=lambda s: s.kind)
def test_every_model_translates_arrays_and_tensors_alike(spec):
    model = make(spec)
    x, labels = (
        np.random.default_rng(0).standard_normal((5, 9)).astype(np.float32),
        np.array([0, 1, 2, -1, 0]),
    )
    moved = model.translate(x, "simulated", "real", labels)
    assert isinstance(moved, np.ndarray)
    assert moved.shape == x.shape
    again = model.translate(torch.from_numpy(x), "simulated", "real", labels)
    np.testing.assert_array_equal(again.numpy(), moved)
    if spec.kind in ("cinn", "unit"):
        by_latent = model.decode(model.encode(x, "simulated", labels)[0], "real", labels)
        np.testing.assert_array_equal(by_latent, moved)


@pytest.mark.parametrize("spec", [SPECTRAL, FLOW], ids=lambda s: s.kind)
def test_what_has_no_latent_says_so(spec):
    model, x = make(spec), np.zeros((2, 9), np.float32)
    for call in (model.encode, model.decode):
        with pytest.raises(ModelError, match=r"small-hsi.*has no latent space; use translate\.$"):
            call(x, "real")
    with pytest.raises(ModelError, match=r"has no likelihood; only a cINN has one\.$"):
        model.log_likelihood(x, "real")


def test_a_round_trip_in_one_domain_means_nothing_for_generators():
    with pytest.raises(ModelError, match="round trip in one domain means nothing"):
        make(SPECTRAL).round_trip_error(np.zeros((2, 9), np.float32), "real")


def test_an_auto_encoder_has_a_latent_and_no_likelihood():
    model, x = make(UNIT), np.zeros((2, 9), np.float32)
    assert model.encode(x, "real")[0].shape == (2, 4)
    with pytest.raises(ModelError, match="has no likelihood"):
        model.log_likelihood(x, "real")


def test_generators_know_nothing_between_the_domains_and_no_odd_pictures():
    with pytest.raises(ModelError, match="knows no domain between"):
        make(SPECTRAL).translate(np.zeros((2, 9), np.float32), "simulated", 0.5)
    with pytest.raises(ModelError, match=r"7 x 8 pixels.*multiples of 2, at least 4"):
        make(PICTURES).translate(np.zeros((1, 3, 7, 8), np.float32), "simulated", "real")


@pytest.mark.parametrize("shape", [(6, 9), (3, 2, 8, 8)], ids=["spectra", "pictures"])
def test_draws_belong_to_a_sample_and_a_seed(shape):
    x = torch.randn(shape)
    first = OwnDraws(x, 3)
    whole, second_call = first.normal(4), first.normal(4)
    assert torch.equal(OwnDraws(x, 3).normal(4), whole)
    assert torch.equal(OwnDraws(x[1:3], 3).normal(4), whole[1:3])  # in any company
    for other in (second_call, OwnDraws(x, 4).normal(4)):
        assert not torch.isclose(other, whole).any()


def test_draws_are_standard_normal_and_independent_between_seeds_and_calls():
    x = torch.randn(20_000, 3)
    draws = OwnDraws(x, 0)
    found = torch.cat((draws.normal(2), draws.normal(2), OwnDraws(x, 1).normal(2)), dim=1)
    assert found.mean(dim=0).abs().max() < 0.05
    torch.testing.assert_close(torch.cov(found.T), torch.eye(6), rtol=0, atol=0.05)
