"""Flow matching on Gaussians, whose optimal transport is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_udt.models.bridge import BridgeField
from napari_udt.models.conditions import Conditions
from napari_udt.models.draws import FreshDraws
from napari_udt.models.flow_matching import VelocityField
from napari_udt.training.config import FlowMatchingConfig
from napari_udt.training.flow_matching import FlowMatching
from napari_udt.training.objective import Batch

N = 64


def batch(labels=0):
    """Normal samples of variance 1 around 0, and of variance 4 around 3, of one class."""
    x = torch.cat((torch.randn(N, 2), 3 + 2 * torch.randn(N, 2)))
    return Batch(x, torch.full((2 * N,), labels), torch.arange(2.0).repeat_interleave(N), x)


def objective(toy_config, pairs):
    torch.manual_seed(0)
    config = replace(toy_config(), method="flow_matching", flow_matching=FlowMatchingConfig(pairs))
    network = VelocityField(2, 0, hidden=32, layers=2, steps=8)
    return FlowMatching(config, network, Conditions(0, 0.5))


@pytest.mark.parametrize("pairs", ["transport", "random"])
def test_two_gaussians_are_carried_onto_each_other(toy_config, pairs):
    matching = objective(toy_config, pairs)
    optimiser = torch.optim.Adam(matching.network.parameters(), 5e-3)
    for _ in range(400):
        losses, fakes = matching(batch())
        optimiser.zero_grad()
        losses["velocity_second"].backward()
        optimiser.step()
    assert fakes == {}
    x = torch.randn(4000, 2)
    with torch.no_grad():
        moved = matching.network.move(x, 0.0, 1.0, None)
    assert moved.mean(dim=0).numpy() == pytest.approx([3, 3], abs=0.3)
    assert moved.std(dim=0).numpy() == pytest.approx([2, 2], rel=0.15)
    if pairs == "transport":  # of two round Gaussians it is x -> 3 + 2 x
        assert float((moved - (3 + 2 * x)).square().mean().sqrt()) < 0.6


def test_bridges_carry_a_gaussian_too_and_leave_their_spread(toy_config):
    matching = objective(toy_config, "transport")
    matching.network = BridgeField(2, 0, hidden=32, layers=2, steps=20, noise=0.5)
    optimiser = torch.optim.Adam(matching.network.parameters(), 5e-3)
    for _ in range(400):
        losses, _ = matching(batch())
        optimiser.zero_grad()
        matching.total(losses).backward()
        optimiser.step()
    x = torch.zeros(4000, 2)
    with torch.no_grad():
        spread = matching.network.walk(x, 0.0, 1.0, None, FreshDraws(x)).std(dim=0)
        moved = matching.network.walk(torch.randn(4000, 2), 0.0, 1.0, None, FreshDraws(x))
    assert (spread > 0.2).all()  # of one sample's transfers
    assert moved.mean(dim=0).numpy() == pytest.approx([3, 3], abs=0.3)
    assert moved.std(dim=0).numpy() == pytest.approx([2, 2], rel=0.15)


def test_pairs_are_those_of_least_distance_and_stay_within_a_class(toy_config):
    matching = objective(toy_config, "transport")
    first, second = torch.randn(6, 2), torch.randn(6, 2)
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    x = torch.cat((first, second))
    both = Batch(x, labels.repeat(2), torch.arange(2.0).repeat_interleave(6), x)
    rows, columns = matching._paired(both)
    assert torch.equal(labels[rows], labels[columns])
    found = (first[rows] - second[columns]).square().sum().item()
    for seed in range(50):
        generator = np.random.default_rng(seed)
        other = np.concatenate([generator.permutation(3), 3 + generator.permutation(3)])
        assert found <= (first - second[other]).square().sum().item() + 1e-6


def test_unknown_classes_of_the_target_are_paired_over_all(toy_config):
    matching = objective(toy_config, "transport")
    x = torch.randn(8, 2)
    labels = torch.tensor([0, 0, 1, 1, -1, -1, -1, -1])
    rows, columns = matching._paired(Batch(x, labels, torch.arange(2.0).repeat_interleave(4), x))
    assert sorted(rows.tolist()) == sorted(columns.tolist()) == [0, 1, 2, 3]
