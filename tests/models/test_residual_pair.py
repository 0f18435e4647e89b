"""Generators that add a bounded change, and layers that are normalised by class."""

from __future__ import annotations

import pytest
import torch
from model_specs import hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.assemble import transfer_model
from napari_udt.models.build import build_network
from napari_udt.models.image_layers import RegionNorm

IMAGE = {"widths": [4, 8], "residual_blocks": 1, "padding": "reflect", "activation": "relu"}


def spectral(**changes):
    fields = {"kind": "cyclegan", "architecture": {"hidden": 8, "layers": 2, "residual_bound": 1.5}}
    return hsi_spec(**{**fields, **changes})


def image(norm="group", **changes):
    fields = {"kind": "cyclegan", "architecture": {**IMAGE, "norm": norm, "residual_bound": 1.5}}
    return pat_spec(**{**fields, **changes})


CASES = {
    "spectra": (spectral(), (5, 9)),
    "group": (image(), (2, 3, 8, 12)),
    "region": (image("region"), (2, 3, 8, 12)),
    "unit": (image("region", kind="unit"), (2, 3, 8, 12)),
    "unit of spectra": (
        hsi_spec(
            kind="unit",
            architecture={"hidden": 8, "latent": 4, "activation": "relu", "residual_bound": 1.5},
        ),
        (5, 9),
    ),
}


@pytest.mark.parametrize(("spec", "shape"), CASES.values(), ids=CASES)
def test_an_untrained_generator_is_the_identity_and_its_change_stays_within_the_bound(spec, shape):
    network = build_network(spec)
    model = transfer_model(spec, network)
    x, labels = torch.randn(shape), torch.randint(-1, 3, (shape[0], *shape[2:]))
    assert torch.equal(model.translate(x, "simulated", "real", labels), x)
    stir(network, 3.0)
    assert torch.equal(model.translate(x, "real", "real", labels), x)  # in its own domain, to the last bit
    change = model.translate(x, "simulated", "real", labels) - x
    assert 0.1 < change.abs().max() <= 1.5 + 1e-5
    back = model.translate(x, "real", "simulated", labels)
    assert not torch.allclose(back, x + change)  # a generator of its own


def test_the_class_decides_the_change():
    spec = image("region")
    model = transfer_model(spec, stir(build_network(spec), 1.0))
    x = torch.randn(1, 3, 8, 8)
    moved = [
        model.translate(x, "simulated", "real", labels)
        for labels in (torch.zeros(1, 8, 8, dtype=torch.long), torch.ones(1, 8, 8, dtype=torch.long))
    ]
    assert (moved[0] - moved[1]).abs().max() > 1e-3


def test_a_decoder_that_is_normalised_by_region_is_told_the_classes():
    spec = pat_spec(kind="unit", architecture={**IMAGE, "norm": "region"})
    model = transfer_model(spec, stir(build_network(spec), 1.0))
    z = torch.randn(1, 8, 4, 4)
    halves = torch.zeros(1, 8, 8, dtype=torch.long)
    halves[..., 4:] = 1
    whole = model.decode(z, "real", torch.zeros_like(halves))
    assert not torch.allclose(model.decode(z, "real", halves)[..., 4:], whole[..., 4:])
    assert model.decode(z, "real").shape == (1, 3, 8, 8)  # classes unknown


def test_region_norm_scales_and_shifts_what_is_normalised_as_its_classes_say():
    norm = RegionNorm(8, 2)
    for layer in (norm.shared, norm.scale, norm.shift):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    norm.scale.bias.data.fill_(1.0)
    norm.shift.bias.data.fill_(5.0)
    out = norm(3 + 2 * torch.randn(1, 8, 16, 16), torch.ones(1, 2, 32, 32))
    assert out.mean().item() == pytest.approx(5, abs=1e-4)
    assert out.std().item() == pytest.approx(2, rel=1e-2)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (image("region", condition="none"), "needs classes"),
        (image("batch"), "expected one of instance, group, region"),
        (spectral(architecture={"hidden": 8, "layers": 2, "residual_bound": 0}), "residual_bound is 0"),
    ],
)
def test_what_cannot_be_built_is_refused(spec, sentence):
    with pytest.raises(ModelError, match=sentence):
        build_network(spec)
