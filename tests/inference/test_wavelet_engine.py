"""The prepared wavelet flow gives the plain network's numbers."""

import numpy as np
import pytest
import torch

import napari_udt
from napari_udt.cube import SpectralCube
from napari_udt.inference.wavelet_engine import FlowPlan, prepared
from napari_udt.models.flow_level import LevelSize
from napari_udt.models.kept_shape import KeptShape
from napari_udt.models.model import TransferModel
from napari_udt.models.spec import ModelSpec
from napari_udt.models.wavelet_flow import WaveletFlow

CHANNELS, CLASSES = 6, 3


@pytest.fixture
def network():
    torch.manual_seed(0)
    levels = [LevelSize(2, 24), LevelSize(3, 48)]
    found = WaveletFlow(CHANNELS, 2 + CLASSES, levels, LevelSize(2, 20), 3).requires_grad_(False)
    pictures = torch.randn(4, CHANNELS, 24, 32) * torch.arange(1, 7)[:, None, None]
    found.fit([(pictures, condition(0.0, 24, 32, 4)), (2 * pictures, condition(1.0, 24, 32, 4))])
    for parameter in found.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
    return found.eval()


def condition(domain, rows, columns, pictures=1):
    torch.manual_seed(7)
    classes = torch.rand(pictures, CLASSES, rows, columns)
    first = torch.full((pictures, 1, rows, columns), domain)
    return torch.cat((1 - first, first, classes), dim=1)


def plain(network, x, source, target):
    source, target = (maps.expand(len(x), -1, -1, -1) for maps in (source, target))
    return network.inverse(network(x, source)[0], target)[0]


@pytest.fixture
def keeping():
    """Return a network that keeps the shape of spectra."""
    torch.manual_seed(0)
    shape = KeptShape(CHANNELS - 1, CLASSES, {"simulated": (0.3, 0.2), "real": (0.2, 0.1)}, 0.0)
    found = WaveletFlow(
        CHANNELS, 2 + CLASSES, [LevelSize(0, 1), LevelSize(1, 8)], LevelSize(0, 8), 3, shape=shape
    )
    pictures = torch.randn(4, CHANNELS, 24, 32)
    found.requires_grad_(False).fit(
        [(pictures, condition(0.0, 24, 32, 4)), (2 * pictures, condition(1.0, 24, 32, 4))]
    )
    found.shape.offset.normal_()
    return found.eval()


def test_the_plan_agrees_where_the_shape_is_kept(keeping):
    x = torch.randn(2, CHANNELS, 24, 40)
    source, target = condition(0.0, 24, 40, 2), condition(1.0, 24, 40, 2)
    expected = plain(keeping, x, source, target)
    assert (expected - x).abs().max() > 0.1
    torch.testing.assert_close(FlowPlan(keeping, source, target)(x), expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        FlowPlan(keeping, source[:1], target[:1])(x[:1]),
        plain(keeping, x[:1], source[:1], target[:1]),
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (24, 40), (52, 12)])
def test_the_plan_agrees_with_encode_and_decode(network, rows, columns, threads):
    x = torch.randn(2, CHANNELS, rows, columns)
    source, target = condition(0.0, rows, columns), condition(1.0, rows, columns)
    expected = plain(network.double(), x.double(), source.double(), target.double())
    network.float()
    moved = FlowPlan(network, source, target, threads)(x)
    assert (moved - x).abs().max() > 0.1
    torch.testing.assert_close(moved.double(), expected, rtol=1e-4, atol=1e-4)


def test_every_picture_of_a_batch_has_its_condition(network):
    x = torch.randn(2, CHANNELS, 16, 16)
    source, target = condition(0.0, 16, 16, 2), condition(1.0, 16, 16, 2)
    both = FlowPlan(network, source, target)(x)
    torch.testing.assert_close(both[1:], FlowPlan(network, source[1:], target[1:])(x[1:]))
    torch.testing.assert_close(both, plain(network, x, source, target), rtol=1e-3, atol=1e-4)


def test_the_same_condition_on_both_sides_changes_nothing(network):
    x, source = torch.randn(1, CHANNELS, 16, 24), condition(0.3, 16, 24)
    torch.testing.assert_close(FlowPlan(network, source, source)(x), x, rtol=0, atol=1e-4)


def test_changed_weights_are_seen_and_others_stay_prepared(network):
    before = prepared(network)
    assert prepared(network) is before
    network.top.affine.weight.add_(0.1)
    assert prepared(network) is not before


def test_a_cube_of_any_size_goes_through_it_and_the_same_cube_gives_the_same(network):
    spec = ModelSpec(
        name="flow",
        title="Flow",
        kind="cinn",
        modality="PAT",
        wavelengths_nm=tuple(range(700, 760, 10)),
        class_names=("muscle", "vein", "artery"),
        condition="class",
        spectrum_norm="none",
        statistics={"simulated": (0.0, 1.0), "real": (0.5, 2.0)},
        label_noise_level=0.2,
        input_noise=0.1,
        speckle=0.2,
        intensity="asinh",
        intensity_scales={"simulated": 1.0, "real": 2.0},
        architecture={
            "levels": [{"blocks": 2, "width": 24}, {"blocks": 3, "width": 48}],
            "top": {"blocks": 2, "width": 20},
            "components": 3,
        },
    )
    model = TransferModel(spec, network)
    values = np.random.default_rng(0).standard_normal((18, 23, CHANNELS)).astype(np.float32)
    cube = SpectralCube(
        data=values,
        wavelengths_nm=np.array(spec.wavelengths_nm),
        modality="PAT",
        domain="simulated",
        name="cube",
    )
    first, second = (napari_udt.transfer(cube, model, device="cpu") for _ in range(2))
    assert first.shape == cube.shape
    np.testing.assert_array_equal(first.data, second.data)
    assert "speckle common to all wavelengths, 0.2 times" in str(first.provenance)
    without = napari_udt.transfer(cube, model, device="cpu", noise="none")
    assert np.abs(without.data - first.data).max() > 0.05
