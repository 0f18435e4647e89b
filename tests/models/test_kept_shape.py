"""A wavelet flow that keeps the shape of spectra: classes are moved as a whole, and ratios within them stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_specs import kept_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.build import build_network
from napari_udt.models.conditions import Conditions
from napari_udt.models.model import TransferModel
from napari_udt.models.store import load_model, save_model

CLASSES = 3


def condition(labels, domain):
    return Conditions.of(kept_spec()).expected(labels.shape, domain, labels)


@pytest.fixture
def labels():
    found = torch.zeros(8, 16, 24, dtype=torch.long)
    found[:, 4:9, 3:15], found[:, 10:14, 6:20] = 1, 2
    return found


@pytest.fixture
def shapes():
    """Spectral shapes of three classes in each domain, in compressed values; they have no mean."""
    rng = np.random.default_rng(0)
    found = rng.standard_normal((2, CLASSES, 3))
    return torch.as_tensor(found - found.mean(axis=2, keepdims=True), dtype=torch.float32)


def pictures(labels, shapes, domain, seed):
    """Brightness at random, the class's shape, and a little of its own at every pixel; standardised."""
    torch.manual_seed(seed)
    n, rows, columns = labels.shape
    own = 0.2 * torch.randn(n, 3, rows, columns)
    shape = shapes[domain][labels].movedim(-1, 1) + own - own.mean(dim=1, keepdim=True)
    mean, std = kept_spec().statistics["real" if domain else "simulated"]
    return (torch.randn(n, 1, rows, columns) + shape - mean) / std


@pytest.fixture
def model(labels, shapes):
    torch.manual_seed(1)
    spec = kept_spec()
    network = build_network(spec)
    network.fit([(pictures(labels, shapes, d, d), condition(labels, float(d))) for d in (0, 1)])
    return TransferModel(spec, network)


def shape_of(model, x, domain):
    values = x * model.spec.statistics[domain][1]
    return values - values.mean(dim=1, keepdim=True)


def test_only_the_brightness_goes_through_the_levels(model):
    torch.testing.assert_close(model.network.basis[0], torch.full((3,), 3**-0.5))
    torch.testing.assert_close(model.network.basis @ model.network.basis.T, torch.eye(3), rtol=0, atol=1e-6)
    assert {level.parts[0] + level.parts[1] for level in model.network.detail_levels} == {3}


def test_a_transfer_moves_each_class_by_the_difference_of_the_means_and_keeps_the_rest(model, labels, shapes):
    x = pictures(labels, shapes, 0, 7)
    z, _ = model.encode(x, "simulated", labels)
    moved = shape_of(model, model.decode(z, "real", labels), "real") - shape_of(model, x, "simulated")
    for kind in range(CLASSES):
        own = moved.movedim(1, -1)[labels == kind]
        assert own.std(dim=0).max() < 1e-4, (
            "the same for all pixels of a class, though the domains are standardised differently"
        )
        torch.testing.assert_close(own.mean(dim=0), shapes[1, kind] - shapes[0, kind], rtol=0, atol=0.05)


def test_latents_of_both_domains_are_of_unit_size(model, labels, shapes):
    for domain, name in enumerate(("simulated", "real")):
        x = pictures(labels, shapes, domain, 5)
        z, _ = model.encode(x, name, labels)
        kept = z[:, -2 * labels[0].numel() :]
        assert kept.std().item() == pytest.approx(1, abs=0.1)


def test_it_is_inverted_exactly_and_its_determinant_is_that_of_the_jacobian(labels):
    torch.manual_seed(3)
    network = stir(build_network(kept_spec())).double()
    network.shape.offset.normal_()
    network.shape.unit.uniform_(0.5, 2)
    maps = condition(labels[:1, 4:8, 3:7], 0.3).double()
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    z, log_det = network(x, maps)
    back, log_det_back = network.inverse(z, maps)
    torch.testing.assert_close(back, x)
    torch.testing.assert_close(log_det_back, -log_det)
    jacobian = torch.autograd.functional.jacobian(
        lambda v: network(v.reshape(x.shape), maps)[0].flatten(), x.flatten()
    )
    torch.testing.assert_close(torch.linalg.slogdet(jacobian).logabsdet[None], log_det)


def test_between_the_domains_it_moves_part_of_the_way(model, labels, shapes):
    x = pictures(labels, shapes, 0, 7)
    z, _ = model.encode(x, "simulated", labels)
    ends = [shape_of(model, model.decode(z, domain, labels), domain) for domain in ("simulated", "real")]
    half = model.decode(z, 0.5, labels)
    std = np.mean([model.spec.statistics[domain][1] for domain in ("simulated", "real")])
    found = half * std - (half * std).mean(dim=1, keepdim=True)
    torch.testing.assert_close(found, (ends[0] + ends[1]) / 2, rtol=0, atol=1e-4)


def test_it_is_saved_and_loaded(model, tmp_path):
    save_model(model, tmp_path / "kept")
    loaded = load_model(tmp_path / "kept")
    for name, values in model.network.state_dict().items():
        torch.testing.assert_close(loaded.network.state_dict()[name], values)


def test_blocks_for_a_single_component_are_refused():
    top = {"blocks": 1, "width": 4}
    with pytest.raises(ModelError, match="one component cannot be divided"):
        build_network(kept_spec(architecture={**kept_spec().architecture, "top": top}))


def test_a_wish_that_is_no_truth_value_is_refused():
    with pytest.raises(ModelError, match="keeps_shape is 1 in its architecture"):
        build_network(kept_spec(architecture={**kept_spec().architecture, "keeps_shape": 1}))
