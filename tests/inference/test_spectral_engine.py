"""The engine must give the plain network's numbers, however it gets there."""

import gc
import threading
import time

import numpy as np
import pytest
import torch

from napari_udt.inference.spectral_engine import SpectralPlan
from napari_udt.models.class_transport import ClassTransport
from napari_udt.models.spectral_cinn import SpectralCINN

CONDITION = 5


def trained_looking(blocks: int, conditional: int, channels: int = 11, clamp: float = 1.3) -> SpectralCINN:
    """A network whose weights, scales and offsets all matter."""
    torch.manual_seed(blocks)
    network = SpectralCINN(
        channels,
        CONDITION,
        blocks=blocks,
        conditional_blocks=conditional,
        width=16,
        clamp=clamp,
        initial_scale=0.7,
    ).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return network.requires_grad_(False)


def plain_transfer(network, x, source, target, entries, statistics):
    (mean, std), (mean_back, std_back) = statistics
    latent, _ = network((x.double() - mean) / std, source[entries])
    moved, _ = network.inverse(latent, target[entries])
    return moved * std_back + mean_back


@pytest.mark.parametrize(("blocks", "conditional"), [(1, 1), (4, 4), (7, 5), (6, 1)])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_plan_agrees_with_encode_and_decode(blocks, conditional, threads):
    network = trained_looking(blocks, conditional)
    source, target = torch.rand(3, CONDITION).double(), torch.rand(3, CONDITION).double()
    statistics = ((0.1, 0.03), (0.09, 0.04))
    x = 0.1 + 0.03 * torch.randn(1500, 11)
    entries = torch.randint(3, (1500,))
    plan = SpectralPlan(network, source, target, statistics, threads=threads)
    expected = plain_transfer(network, x, source, target, entries, statistics)
    spread = float(expected.max() - expected.min())
    torch.testing.assert_close(plan(x, entries).double(), expected, rtol=0, atol=5e-6 * spread)


def with_transport(network, channels):
    """Put matrices of condition number 10 before the blocks, other ones for each domain and class."""
    transport = ClassTransport(channels, CONDITION - 2, {"simulated": (0.1, 0.03), "real": (0.09, 0.04)}, 0.1)
    stretch = torch.logspace(-0.5, 0.5, channels)
    for colouring in transport.colouring.view(-1, channels, channels):
        colouring.copy_(0.03 * torch.linalg.qr(torch.randn(channels, channels)).Q * stretch)
    transport.centre.copy_(3.9 + 0.02 * torch.randn(transport.centre.shape))
    network.transport = transport.double()
    return network


def classes_and_none(domain):
    """Conditions of three classes and of none, wholly in a domain or between the two."""
    classes = torch.cat((torch.eye(3), torch.full((1, 3), 1 / 3)))
    return torch.cat((torch.tensor([[1 - domain, domain]]).expand(4, 2), classes), dim=1).double()


@pytest.mark.parametrize("domain", [1.0, 0.4])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_plan_agrees_with_a_network_that_whitens_first(domain, threads):
    network = with_transport(trained_looking(5, 4, channels=100), 100)
    source, target = classes_and_none(0.0), classes_and_none(domain)
    statistics = ((0.1, 0.03), (0.09, 0.04))
    x, entries = 0.1 + 0.01 * torch.randn(3000, 100), torch.randint(4, (3000,))
    plan = SpectralPlan(network, source, target, statistics, threads=threads)
    expected = plain_transfer(network, x, source, target, entries, statistics)
    spread = float(expected.max() - expected.min())
    torch.testing.assert_close(plan(x, entries).double(), expected, rtol=0, atol=5e-6 * spread)
    whole = plan(x, entries)
    for start, stop in [(0, 1), (17, 600), (2500, 3000)]:
        assert torch.equal(plan(x[start:stop], entries[start:stop]), whole[start:stop])
    alone = torch.cat([plan(x[i : i + 1], entries[i : i + 1], narrow=True) for i in range(10)])
    torch.testing.assert_close(alone, whole[:10], rtol=0, atol=5e-6 * spread)


def test_the_same_condition_on_both_sides_changes_nothing():
    network = trained_looking(6, 4)
    condition = torch.rand(2, CONDITION).double()
    x, entries = torch.randn(40, 11), torch.randint(2, (40,))
    torch.testing.assert_close(SpectralPlan(network, condition, condition)(x, entries), x, rtol=0, atol=2e-5)


def test_a_spectrum_gets_the_same_bits_in_any_company():
    network = trained_looking(6, 4, channels=100)
    plan = SpectralPlan(network, torch.rand(2, CONDITION), torch.rand(2, CONDITION))
    x, entries = torch.randn(3000, 100), torch.randint(2, (3000,))
    whole = plan(x, entries)
    for start, stop in [(0, 1), (0, 2), (17, 600), (40, 350), (2500, 3000)]:
        assert torch.equal(plan(x[start:stop], entries[start:stop]), whole[start:stop])


def test_one_spectrum_alone_agrees_to_rounding():
    network = trained_looking(6, 4, channels=100)
    plan = SpectralPlan(network, torch.rand(2, CONDITION), torch.rand(2, CONDITION))
    x, entries = torch.randn(10, 100), torch.zeros(10, dtype=torch.long)
    together = plan(x, entries)
    alone = torch.cat([plan(x[i : i + 1], entries[i : i + 1], narrow=True) for i in range(10)])
    spread = float(together.max() - together.min())
    torch.testing.assert_close(alone, together, rtol=0, atol=2e-6 * spread)


def test_torch_gets_its_threads_back_even_when_a_worker_fails(monkeypatch):
    def fail(*_):
        raise RuntimeError("broken")

    network = trained_looking(3, 3, channels=100)
    plan = SpectralPlan(network, torch.rand(1, CONDITION), torch.rand(1, CONDITION), threads=2)
    monkeypatch.setattr(plan, "_run", fail)
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="broken"):
        plan(torch.randn(2000, 100), torch.zeros(2000, dtype=torch.long))
    assert torch.get_num_threads() == before


def test_spectra_of_other_channels_are_refused():
    network = trained_looking(3, 3, channels=100)
    plan = SpectralPlan(network, torch.rand(1, CONDITION), torch.rand(1, CONDITION))
    with pytest.raises(ValueError, match=r"\(n, 100\)"):
        plan(torch.randn(20, 7), torch.zeros(20, dtype=torch.long))


def test_large_clamps_and_many_blocks_stay_finite():
    network = trained_looking(40, 30, clamp=2.0)
    plan = SpectralPlan(network, torch.rand(1, CONDITION), torch.rand(1, CONDITION))
    moved = plan(0.1 * torch.randn(64, 11), torch.zeros(64, dtype=torch.long))
    assert np.isfinite(moved.numpy()).all()


def test_worker_threads_stay_for_the_next_call_and_go_with_the_plan():
    def workers():
        return sum(thread.name.startswith("spectra") for thread in threading.enumerate())

    gc.collect()
    before = workers()
    plan = SpectralPlan(trained_looking(3, 3), torch.rand(1, CONDITION), torch.rand(1, CONDITION), threads=2)
    for _ in range(3):
        plan(torch.randn(2000, 11), torch.zeros(2000, dtype=torch.long))
        assert before < workers() <= before + 2
    del plan
    gc.collect()
    deadline = time.monotonic() + 5
    while workers() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == before
