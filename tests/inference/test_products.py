"""Products by oneDNN are products, and the spectral engine gives the same numbers by them."""

import pytest
import torch
from torch.nn import functional

from napari_udt.inference import products, spectral_engine
from napari_udt.inference.products import has_onednn, onednn_is_faster, onednn_linear
from napari_udt.inference.spectral_engine import SpectralPlan
from napari_udt.models.spectral_cinn import SpectralCINN

needs_onednn = pytest.mark.skipif(not has_onednn(), reason="this torch has no oneDNN")


@needs_onednn
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (7, 50, 64), (130, 33, 3)])
def test_it_is_the_linear_layer(m, k, n, with_bias, relu):
    x, weight, bias = torch.randn(m, k), torch.randn(k, n).T, torch.randn(n) if with_bias else None
    expected = functional.linear(x.double(), weight.double(), None if bias is None else bias.double())
    expected = expected.relu() if relu else expected
    torch.testing.assert_close(
        onednn_linear(x, weight, bias, relu=relu).double(), expected, rtol=0, atol=1e-4
    )


def test_a_torch_without_it_multiplies_as_usual(monkeypatch):
    monkeypatch.setattr(products, "has_onednn", lambda: False)
    assert not onednn_is_faster()


def test_a_choice_draws_no_random_numbers(monkeypatch):
    before = torch.get_rng_state()
    for work in products._ways().values():
        work()
    assert torch.equal(torch.get_rng_state(), before)


def network():
    found = SpectralCINN(100, 5, blocks=6, conditional_blocks=4, width=48, clamp=1.3, initial_scale=0.7)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return found.double().requires_grad_(False)


@needs_onednn
def test_the_engine_gives_the_plain_numbers_by_it_and_the_same_bits_in_any_company(monkeypatch):
    monkeypatch.setattr(spectral_engine, "onednn_is_faster", lambda: True)
    net, source, target = network(), torch.rand(3, 5).double(), torch.rand(3, 5).double()
    x, entries = torch.randn(3000, 100), torch.randint(3, (3000,))
    plan = SpectralPlan(net, source, target, threads=2)
    whole = plan(x, entries)
    expected, _ = net.inverse(net(x.double(), source[entries])[0], target[entries])
    spread = float(expected.max() - expected.min())
    torch.testing.assert_close(whole.double(), expected, rtol=0, atol=5e-6 * spread)
    for start, stop in [(0, 1), (0, 2), (17, 600), (40, 350), (2500, 3000)]:
        assert torch.equal(plan(x[start:stop], entries[start:stop]), whole[start:stop])
    alone = torch.cat([plan(x[i : i + 1], entries[i : i + 1], narrow=True) for i in range(5)])
    torch.testing.assert_close(alone, whole[:5], rtol=0, atol=5e-6 * spread)


@needs_onednn
def test_very_many_tissue_entries_go_the_usual_way(monkeypatch):
    monkeypatch.setattr(spectral_engine, "onednn_is_faster", lambda: True)
    many = spectral_engine._MOST_ENTRIES + 1
    net, conditions = network(), torch.rand(many, 5).double()
    x, entries = torch.randn(many, 100), torch.arange(many)
    expected, _ = net.inverse(net(x.double(), conditions)[0], conditions)
    found = SpectralPlan(net, conditions, conditions)(x, entries)
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-3)
