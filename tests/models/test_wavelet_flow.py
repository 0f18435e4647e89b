"""What is particular about the wavelet flow: basis and units from data, independent levels, transfer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_specs import flow_spec, stir

from napari_udt.errors import ModelError
from napari_udt.models.build import build_network
from napari_udt.models.conditions import Conditions
from napari_udt.models.model import TransferModel
from napari_udt.models.store import load_model, save_model
from napari_udt.models.wavelet_flow import joined, parted


@pytest.fixture
def pictures():
    """Pictures of two domains, whose wavelengths have one strong component in common."""
    torch.manual_seed(0)
    shape = torch.tensor([1.0, 2.0, 2.0])[:, None, None]
    return {
        domain: gain * shape * torch.randn(6, 1, 16, 20) + 0.1 * torch.randn(6, 3, 16, 20)
        for domain, gain in (("simulated", 1.0), ("second", 2.0))
    }


@pytest.fixture
def fitted(pictures):
    torch.manual_seed(1)
    network = build_network(flow_spec())
    network.fit(with_conditions(pictures))
    return network


def with_conditions(pictures):
    numbers = {"simulated": 0.0, "second": 1.0}
    return [(x, condition_of(flow_spec(), x.shape, numbers[domain])) for domain, x in pictures.items()]


def condition_of(spec, shape, domain="real"):
    return Conditions.of(spec).expected(
        (shape[0], *shape[2:]), domain, torch.zeros(shape[0], *shape[2:]).long()
    )


def test_pictures_come_together_from_coarse_and_details():
    x = torch.randn(2, 3, 8, 12)
    coarse, details = parted(x)
    assert coarse.shape == (2, 3, 4, 6)
    assert details.shape == (2, 9, 4, 6)
    torch.testing.assert_close(0.5 * coarse, torch.nn.functional.avg_pool2d(x, 2))
    torch.testing.assert_close(joined(coarse, details), x)


def test_the_basis_is_orthogonal_and_its_first_component_holds_what_wavelengths_have_in_common(fitted):
    torch.testing.assert_close(fitted.basis @ fitted.basis.T, torch.eye(3), rtol=0, atol=1e-6)
    torch.testing.assert_close(fitted.basis[0], torch.tensor([1.0, 2.0, 2.0]) / 3, rtol=0.01, atol=0.01)


def test_after_the_fit_a_new_network_gives_latents_of_unit_size_in_both_domains(fitted, pictures):
    x = torch.cat(list(pictures.values()))
    condition = torch.cat([condition for _, condition in with_conditions(pictures)])
    z, _ = fitted(x, condition)
    for half in z.chunk(2):  # each domain has its own scale
        assert half.square().mean().item() == pytest.approx(1, abs=0.2)


def test_the_fit_predicts_details_of_smooth_pictures_from_the_coarser_ones():
    """A ramp's details follow from its neighbours; with noise of 0.01 nothing else is left."""
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(24.0), indexing="ij")
    slopes = torch.randn(20, 2, 3, 1, 1)
    x = slopes[:, 0] * rows + slopes[:, 1] * columns + 0.01 * torch.randn(20, 3, 16, 24)
    network = build_network(flow_spec())
    network.fit([(x, condition_of(flow_spec(), x.shape))])
    (z, log_det), *_ = network.parts(x, condition_of(flow_spec(), x.shape))
    gain = log_det.mean() / z[0].numel()
    assert z[..., 2:-2, 2:-2].std() < 2
    assert gain > np.log(10)


def test_the_fit_recognises_pictures_that_are_noisier_than_others():
    """Pictures differ tenfold in their noise; the latents do not."""
    torch.manual_seed(0)
    strength = torch.logspace(-1, 1, 24)[:, None, None, None]
    x = strength * torch.randn(24, 3, 32, 32)
    network = build_network(flow_spec())
    condition = condition_of(flow_spec(), x.shape)
    network.fit([(x, condition)])
    (z, _), *_ = network.parts(x, condition)
    sizes = z.flatten(1).std(dim=1)
    assert sizes.max() / sizes.min() < 2


def test_the_fit_counts_in_the_determinant(fitted, pictures):
    network, x = stir(fitted).double(), pictures["second"][:1, :, :4, :8].double()
    condition = condition_of(flow_spec(), x.shape).double()
    jacobian = torch.autograd.functional.jacobian(lambda v: network(v, condition)[0].flatten(), x)
    expected = torch.linalg.slogdet(jacobian.reshape(x.numel(), x.numel())).logabsdet
    torch.testing.assert_close(network(x, condition)[1], expected[None], rtol=1e-8, atol=1e-8)


def test_tails_of_simulated_codes_are_shortened_more_than_those_of_the_target(fitted):
    prior = fitted.top.prior
    x = torch.full((1, 3, 2, 2), 1e-3)
    x[0, :, 1, 1] = 200.0
    codes = []
    for domain in ("simulated", "real"):
        condition = fitted.conditions(condition_of(flow_spec(), (1, 3, 8, 8), domain))[-1]
        z, log_det = prior(x, condition)
        x_again, inverse_log_det = prior.inverse(z, condition)
        torch.testing.assert_close(x_again, x, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(inverse_log_det, -log_det, rtol=1e-3, atol=1e-3)
        jacobian = torch.autograd.functional.jacobian(lambda values, c=condition: prior(values, c)[0], x)
        determinant = torch.linalg.slogdet(jacobian.reshape(12, 12).double()).logabsdet
        torch.testing.assert_close(log_det.double()[0], determinant, rtol=1e-3, atol=1e-3)
        codes.append(z.abs().max().item())
    assert 1.5 * codes[0] < codes[1]


def test_the_parts_are_the_whole(fitted, pictures):
    network, x = stir(fitted), pictures["second"]
    condition = condition_of(flow_spec(), x.shape)
    z, log_det = network(x, condition)
    parts = network.parts(x, condition)
    torch.testing.assert_close(torch.cat([part.flatten(1) for part, _ in parts], dim=1), z)
    torch.testing.assert_close(sum(change for _, change in parts), log_det)


def test_a_window_is_a_part_of_a_fine_level_and_some_pictures_of_a_coarse_one(fitted, pictures):
    x = pictures["second"]
    condition = condition_of(flow_spec(), x.shape)
    whole, part = fitted.parts(x, condition), fitted.parts(x, condition, 7)
    assert [z.shape for z, _ in whole] == [(6, 9, 8, 10), (6, 9, 4, 5), (6, 3, 4, 5)]
    assert [z.shape for z, _ in part] == [(1, 9, 7, 7), (2, 9, 4, 5), (2, 3, 4, 5)]
    for (z, log_det), (same, same_log_det) in zip(whole[1:], part[1:], strict=True):
        torch.testing.assert_close(z[:2], same)
        torch.testing.assert_close(log_det[:2], same_log_det)


def test_a_transfer_between_equal_domains_is_the_identity(pictures):
    spec = flow_spec()
    model = TransferModel(spec, stir(build_network(spec)))
    x = pictures["simulated"][:2, :, :16, :20].numpy()
    labels = np.random.default_rng(0).integers(-1, 3, (2, 16, 20))
    z, _ = model.encode(x, "real", labels)
    np.testing.assert_allclose(model.decode(z, "real", labels), x, atol=2e-3)
    assert np.abs(model.decode(z, "simulated", labels) - x).max() > 0.01


def test_classes_matter_at_every_level():
    spec = flow_spec()
    network = stir(build_network(spec))
    x = torch.randn(1, 3, 8, 8)
    first, second = (
        Conditions.of(spec).expected((1, 8, 8), "real", torch.full((1, 8, 8), label)) for label in (0, 1)
    )
    for (z, _), (other, _) in zip(network.parts(x, first), network.parts(x, second), strict=True):
        assert (z - other).abs().max() > 1e-3


def test_it_is_stored_and_read_with_its_basis(fitted, tmp_path):
    spec = flow_spec()
    model = TransferModel(spec, stir(fitted))
    save_model(model, tmp_path / "flow")
    again = load_model(tmp_path / "flow")
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 12)).astype(np.float32)
    for ours, theirs in zip(model.encode(x, "real"), again.encode(x, "real"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_basis_that_is_not_orthogonal_is_refused(fitted, tmp_path):
    fitted.basis[0] *= 2
    save_model(TransferModel(flow_spec(), fitted), tmp_path / "flow")
    with pytest.raises(ModelError, match="'basis' is not orthogonal"):
        load_model(tmp_path / "flow")


def test_pictures_that_cannot_be_halved_are_refused(fitted):
    with pytest.raises(ModelError, match="10 x 12 pixels; this network needs multiples of 4"):
        fitted(torch.zeros(1, 3, 10, 12), torch.zeros(1, 5, 10, 12))


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ({"levels": []}, "1 to 8 levels"),
        ({"levels": [{"blocks": 1, "width": 4}]}, "a level of its architecture is None"),
        (
            {
                "levels": [{"blocks": 1, "width": 4}],
                "top": {"blocks": 1, "width": 4},
                "components": 1,
            },
            "components is 1",
        ),
        ({"levels": [{"blocks": -1, "width": 4}], "top": {"blocks": 1, "width": 4}}, "blocks is -1"),
    ],
)
def test_architectures_that_make_no_sense_are_refused(architecture, words):
    with pytest.raises(ModelError, match=words):
        build_network(flow_spec(architecture=architecture))
