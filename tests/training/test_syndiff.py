"""The losses of SynDiff, on a denoiser and discriminators whose answers are known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from napari_udt.models.conditions import Conditions
from napari_udt.models.denoisers import SpectralDenoiser
from napari_udt.models.residual_pair import ResidualPair, spectral_change
from napari_udt.models.syndiff import SynDiffNetworks
from napari_udt.training.config import SynDiffConfig
from napari_udt.training.objective import DOMAINS, Batch
from napari_udt.training.syndiff import SynDiff

CHANNELS, STEPS = 3, 4


class Slope(nn.Module):
    """A discriminator whose score is a multiple of the sum of a sample."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x):
        return [self.slope * x[:, :CHANNELS].sum(dim=1, keepdim=True)]


def objective(toy_config, **settings):
    torch.manual_seed(0)
    network = SynDiffNetworks(
        lambda: SpectralDenoiser(CHANNELS, 0, hidden=8, layers=1, latent=2, steps=STEPS),
        ResidualPair(lambda: spectral_change(CHANNELS, 0, hidden=8, layers=1), 1.5),
        latent=2,
        steps=STEPS,
    )
    config = replace(toy_config(), method="syndiff", syndiff=SynDiffConfig(**settings))
    return SynDiff(config, network, Conditions(0, 0.5))


def batch(n=500):
    x = torch.cat((torch.randn(n, CHANNELS), 2 + torch.randn(n, CHANNELS)))
    return Batch(x, torch.zeros(2 * n, dtype=torch.long), torch.arange(2.0).repeat_interleave(n), x)


def test_untrained_networks_return_samples_and_guess_their_source_behind_any_noise(toy_config):
    diffusing, both = objective(toy_config, source_noise=0.0), batch()
    losses, fakes = diffusing(both)
    for d in DOMAINS:
        assert losses[f"cycle_{d}"] == 0
        assert losses[f"denoised_{d}"] == 0  # the pseudo-source is the sample itself
        assert torch.equal(fakes[f"pseudo_{d}"], both.by_domain()[d])
        # given the truth, what is drawn and what is true have one distribution
        difference = fakes[f"drawn_{d}"] - fakes[f"true_{d}"]
        assert difference.mean().abs() < 0.1
        assert fakes[f"drawn_{d}"].std().item() == pytest.approx(fakes[f"true_{d}"].std().item(), rel=0.1)
        assert fakes[f"after_{d}"].shape == (500, CHANNELS + STEPS)
        assert torch.equal(fakes[f"after_{d}"][:, CHANNELS:].sum(dim=1), torch.ones(500))


def test_noise_on_the_pseudo_source_reaches_the_guess(toy_config):
    losses, _ = objective(toy_config, source_noise=0.5)(batch())
    expected = 0.5 * math.sqrt(2 / math.pi)  # mean absolute value
    assert losses["denoised_second"].item() == pytest.approx(expected, rel=0.1)


def test_adversarial_losses_are_softplus_and_r1_counts_in_some_steps(toy_config):
    diffusing, both = objective(toy_config, penalty_every=10, penalty_weight=3.0), batch()
    judges = {f"{kind}_{d}": Slope(0.5) for kind in ("pseudo", "step") for d in DOMAINS}
    _, fakes = diffusing(both)
    own = diffusing.generator_losses(judges, fakes)
    drawn = 0.5 * fakes["drawn_second"].sum(dim=1)
    assert own["generator_second"].item() == pytest.approx(
        torch.log1p(torch.exp(-drawn)).mean().item(), rel=1e-5
    )
    assert set(own) == {f"{kind}_{d}" for kind in ("generator", "pseudo") for d in DOMAINS}
    with_penalty = diffusing.discriminator_losses(judges, both, fakes, 20)
    without = diffusing.discriminator_losses(judges, both, fakes, 21)
    assert "penalty_second" not in without
    # |d score / dx|^2 = 3 * 0.5^2, times weight / 2
    assert with_penalty["penalty_second"].item() == pytest.approx(0.5 * 3.0 * CHANNELS * 0.25, rel=1e-5)
    with_penalty["penalty_second"].backward()
    assert judges["step_second"].slope.grad.item() == pytest.approx(0.5 * 3.0 * CHANNELS * 2 * 0.5, rel=1e-5)


def test_pseudo_sources_are_judged_beside_the_domain_that_they_imitate(toy_config):
    diffusing, both = objective(toy_config), batch()
    judges = {f"{kind}_{d}": Slope(1.0) for kind in ("pseudo", "step") for d in DOMAINS}
    _, fakes = diffusing(both)
    found = diffusing.discriminator_losses(judges, both, fakes, 1)["discriminator_pseudo_second"]
    true, fake = both.by_domain()["simulated"].sum(dim=1), fakes["pseudo_second"].sum(dim=1)
    expected = torch.log1p(torch.exp(-true)).mean() + torch.log1p(torch.exp(fake)).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
