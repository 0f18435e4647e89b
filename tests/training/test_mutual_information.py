"""Normalised mutual information against other people's, and its gradient; by class an exchange is not free."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import normalized_mutual_information
from sklearn.metrics import normalized_mutual_info_score

from napari_udt.training.mutual_information import alignment, normalised_mutual_information


@pytest.fixture
def pair():
    """Grey values 0 to 31, the middles of as many bins."""
    rng = np.random.default_rng(0)
    first = np.concatenate([np.arange(32), rng.integers(0, 32, 4000)])
    second = np.concatenate([np.arange(32), (first[32:] + rng.integers(-3, 4, 4000)).clip(0, 31)])
    return first, second


def as_values(*grey):
    return (torch.from_numpy(g)[:, None].double() for g in grey)


def test_sharp_bins_give_the_value_of_others(pair):
    found = normalised_mutual_information(*as_values(*pair), width=0.05).item()
    assert found == pytest.approx(normalized_mutual_info_score(*pair), abs=1e-9)  # 2 I / (H1 + H2) as well
    theirs = normalized_mutual_information(*pair, bins=32)  # (H1 + H2) / H12
    assert found == pytest.approx(2 - 2 / theirs, abs=1e-9)


def test_soft_bins_keep_the_order(pair):
    first, second = pair
    noise = np.random.default_rng(1).permutation(first)
    values = [
        normalised_mutual_information(*as_values(first, other)).item() for other in (first, second, noise)
    ]
    assert 1 > values[0] > values[1] > values[2] > -1e-9
    assert values[2] < 0.05
    inverted = normalised_mutual_information(*as_values(first, 31 - first)).item()
    assert inverted == pytest.approx(values[0], abs=1e-6)  # it is blind to contrast


def test_the_gradient_leads_towards_the_other_signal():
    torch.manual_seed(0)
    first = torch.randn(1000, 1)
    second = (first + 0.5 * torch.randn(1000, 1)).requires_grad_()
    before = normalised_mutual_information(first, second)
    (gradient,) = torch.autograd.grad(before, second)
    after = normalised_mutual_information(first, second + 0.05 * gradient / gradient.abs().mean())
    assert after > before


def test_alignment_counts_class_by_class():
    torch.manual_seed(0)
    first = torch.randn(1, 4, 40, 40)
    labels = torch.zeros(1, 40, 40, dtype=torch.long)
    labels[..., 20:] = 1
    jump = torch.where(labels == 1, 5.0, 0.0)[:, None]
    mixed = first[..., torch.randperm(40), :] + jump + 0.0  # levels of the classes fit, nothing else
    settings = {"pixels": 1600, "wavelengths": 4}
    assert alignment(first + jump, first + jump, labels, **settings) > 0.3
    whole = alignment(first + jump, mixed, torch.zeros_like(labels), **settings)
    assert alignment(first + jump, mixed, labels, **settings) < 0.1 < whole
    few = torch.full_like(labels, -1)
    few[..., :3, :3] = 0
    assert alignment(first, mixed, few, **settings) < 0.1  # the nine pixels do not count
