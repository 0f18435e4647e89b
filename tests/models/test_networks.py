"""The networks of both modalities obey the laws of a normalising flow."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_specs import flow_spec, hsi_spec, pat_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.build import build_network
from napari_udt.models.conditions import Conditions

CONV3 = [3, 3, 3]
PUBLISHED_PAT = [(4, 256), (2, 256), (1, 1040), (1, 2056), (2, 256)]


def make(spec, shape, dtype=torch.float64):
    """A stirred network with an input and the condition of a known class."""
    network = stir(build_network(spec)).to(dtype)
    like = torch.zeros(0, dtype=dtype)
    labels = torch.randint(-1, 3, (shape[0], *shape[2:]))
    condition = Conditions.of(spec).random((shape[0], *shape[2:]), "simulated", labels, like)
    return network, torch.randn(shape, dtype=dtype), condition


def parameter_count(network):
    return sum(parameter.numel() for parameter in network.parameters())


CASES = [
    (hsi_spec(), (5, 9)),
    (hsi_spec(condition="domain"), (5, 9)),
    (pat_spec(), (2, 3, 8, 12)),
    (flow_spec(), (2, 3, 8, 12)),
    (flow_spec(condition="domain"), (2, 3, 8, 12)),
]
IDS = ["hsi", "hsi-domain", "pat", "flow", "flow-domain"]


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=IDS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_the_inverse_inverts(spec, shape, dtype, tolerance):
    network, x, condition = make(spec, shape, dtype)
    z, log_det = network(x, condition)
    back, inverse_log_det = network.inverse(z, condition)
    assert z.shape == (shape[0], x[0].numel())
    assert log_det.shape == (shape[0],)
    torch.testing.assert_close(back, x, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(inverse_log_det, -log_det, rtol=tolerance, atol=100 * tolerance)


@settings(max_examples=8, deadline=None)
@given(
    spec=st.sampled_from([pat_spec(), flow_spec()]),
    height=st.integers(1, 3),
    width=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_pictures_of_any_allowed_size(spec, height, width, seed):
    torch.manual_seed(seed)
    network, x, condition = make(spec, (1, 3, 4 * height, 4 * width))
    z, _ = network(x, condition)
    torch.testing.assert_close(network.inverse(z, condition)[0], x, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("spec", "shape"),
    [(hsi_spec(), (1, 9)), (pat_spec(), (1, 3, 4, 8)), (flow_spec(), (1, 3, 4, 8))],
    ids=["hsi", "pat", "flow"],
)
def test_the_log_determinant_is_that_of_the_jacobian(spec, shape):
    network, x, condition = make(spec, shape)
    jacobian = torch.autograd.functional.jacobian(lambda v: network(v, condition)[0].flatten(), x)
    expected = torch.linalg.slogdet(jacobian.reshape(x.numel(), x.numel())).logabsdet
    torch.testing.assert_close(network(x, condition)[1], expected[None], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=IDS)
def test_every_parameter_gets_a_gradient(spec, shape):
    network, x, condition = make(spec, shape)
    z, log_det = network(x, condition)
    (0.5 * z.square().sum() - log_det.sum()).backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not without


@pytest.mark.parametrize(("spec", "shape"), CASES, ids=IDS)
def test_a_new_network_is_near_an_isometry(spec, shape):
    """Training starts from a map that neither stretches nor shrinks."""
    network = build_network(spec)
    x = torch.randn(shape)
    z, log_det = network(x, Conditions.of(spec).expected((shape[0], *shape[2:]), "real"))
    torch.testing.assert_close(z.norm(dim=1), x.flatten(1).norm(dim=1), rtol=0.02, atol=0)
    assert log_det.abs().max() < 0.01 * x[0].numel()


def test_the_class_changes_the_encoding_and_the_domain_too():
    spec = hsi_spec()
    network, x, _ = make(spec, (5, 9))
    conditions = Conditions.of(spec)
    like = torch.zeros(0, dtype=torch.float64)

    def encode(domain, label):
        return network(x, conditions.expected((5,), domain, torch.full((5,), label), like))[0]

    reference = encode("simulated", 0)
    assert (encode("real", 0) - reference).abs().max() > 1e-3
    assert (encode("simulated", 1) - reference).abs().max() > 1e-3


def test_unconditional_blocks_do_not_take_part_in_a_transfer():
    """They come last in encoding and first in decoding: cutting them off changes nothing."""
    spec = hsi_spec()
    network, x, simulated = make(spec, (5, 9))
    real = Conditions.of(spec).with_domain(simulated, "real")
    whole = network.inverse(network(x, simulated)[0], real)[0]
    del network.blocks[3:]
    torch.testing.assert_close(network.inverse(network(x, simulated)[0], real)[0], whole)


def test_the_published_networks_have_the_published_sizes():
    """4.3 M parameters (HSI) and 187 M of which 69 M are permutation matrices (PAT), in the authors' format."""
    with torch.device("meta"):
        hsi = build_network(
            hsi_spec(
                wavelengths_nm=range(500, 600),
                class_names=[str(i) for i in range(10)],
                architecture={"blocks": 40, "conditional_blocks": 30, "width": 512},
            )
        )
        scales = [{"blocks": blocks, "width": width, "kernels": CONV3} for blocks, width in PUBLISHED_PAT]
        pat = build_network(
            pat_spec(
                wavelengths_nm=range(700, 860, 10),
                class_names=[str(i) for i in range(7)],
                architecture={"scales": scales},
            )
        )
    hsi_matrices = 2 * 40 * 100**2
    pat_matrices = sum(2 * b * (16 * 4**level) ** 2 for level, (b, _) in enumerate(PUBLISHED_PAT))
    # the files also hold two discriminators: 100-256-256-100, and three pictures' 16-64-128-256-1
    hsi_judges = 2 * (101 * 256 + 257 * 256 + 257 * 100)
    pat_judges = 2 * 3 * ((16 * 16 + 1) * 64 + (64 * 16 + 1) * 128 + (128 * 16 + 1) * 256 + 257)
    assert parameter_count(hsi) + hsi_matrices + hsi_judges == pytest.approx(4.3e6, abs=0.05e6)
    assert pat_matrices == pytest.approx(69e6, abs=0.5e6)
    assert parameter_count(pat) + pat_matrices + pat_judges == pytest.approx(187e6, abs=0.5e6)


def test_the_light_image_network_fits_a_bundle():
    widths = [(2, 32), (2, 64), (2, 128), (2, 128)]
    scales = [{"blocks": blocks, "width": width, "kernels": [3, 1, 3]} for blocks, width in widths]
    with torch.device("meta"):
        network = build_network(
            pat_spec(
                wavelengths_nm=range(700, 860, 10),
                class_names=list("abcdefg"),
                architecture={"scales": scales},
            )
        )
    assert 4 * parameter_count(network) == pytest.approx(18.6e6, abs=0.2e6)


@pytest.mark.parametrize("picture", [(8, 10), (7, 8)])
def test_a_picture_that_cannot_be_halved_is_refused(picture):
    spec = pat_spec()
    with pytest.raises(ModelError, match="needs multiples of 4"):
        build_network(spec)(torch.zeros(1, 3, *picture), Conditions.of(spec).expected((1, *picture), "real"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            hsi_spec(architecture={"blocks": 4, "conditional_blocks": 5, "width": 8}),
            "conditional_blocks is 5",
        ),
        (
            hsi_spec(architecture={"blocks": 10**9, "conditional_blocks": 5, "width": 8}),
            "blocks is 1000000000",
        ),
        (hsi_spec(architecture={"blocks": 4, "conditional_blocks": 4}), "width is None"),
        (
            hsi_spec(architecture={"blocks": 4, "conditional_blocks": 4, "width": 8, "clamp": "x"}),
            "clamp is 'x'",
        ),
        (pat_spec(architecture={"scales": []}), "needs 1 to 8 scales"),
        (
            pat_spec(architecture={"scales": [{"blocks": 400, "width": 4, "kernels": [1, 1]}] * 8}),
            "3200 blocks over all scales",
        ),
        (pat_spec(architecture={"scales": [{"blocks": 1, "width": 4, "kernels": [2, 2]}]}), "kernels are"),
    ],
)
def test_an_architecture_out_of_bounds_is_refused(spec, message):
    with pytest.raises(ModelError, match=message):
        build_network(spec)
