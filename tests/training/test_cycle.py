"""The auto-encoders' losses, against values computed by hand on an encoder and a decoder of one number each."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from napari_udt.models.conditions import Conditions
from napari_udt.training.config import AutoencoderConfig
from napari_udt.training.cycle import UNIT, CycleGAN
from napari_udt.training.losses import energy_distance
from napari_udt.training.objective import Batch

FACTORS = {"simulated": (2.0, 3.0), "real": (0.5, 5.0)}  # of encoder and decoder


class Scaling(nn.Module):
    """A pair whose encoders and decoders multiply; remembers the class entries that it was given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def encode(self, x, domain, classes=None):
        self.seen.append((domain, classes))
        return x * FACTORS[domain][0]

    def decode(self, z, domain, classes=None):
        return z * FACTORS[domain][1]


def batch(x=None, labels=(0, -1)):
    x = torch.tensor([[1.0, 1.0], [2.0, 2.0]]) if x is None else x  # one simulated and one second sample
    return Batch(x, torch.tensor(labels), torch.tensor([0.0, 1.0]), x)


def make(objective, toy_config, class_count=0, **weights):
    config = replace(toy_config(), autoencoder=AutoencoderConfig(**weights))
    network = Scaling()
    return objective(config, network, Conditions(class_count, 0.5, even_proxies=True)), network


def by_hand():
    """Codes 2 and 1; fakes 10 and 3; codes again 5 and 6; back 15 and 30; own reconstructions 6 and 5."""
    return {
        "cycle_simulated": (15 - 1) ** 2,
        "cycle_second": (30 - 2) ** 2,
        "reconstruction_simulated": (6 - 1) ** 2,
        "reconstruction_second": (5 - 2) ** 2,
        "prior_simulated": 2**2,
        "prior_second": 1**2,
        "cycle_prior_simulated": 5**2,
        "cycle_prior_second": 6**2,
    }


def test_cyclegan_has_the_cycle_error_of_each_domain(toy_config):
    objective, _ = make(CycleGAN, toy_config)
    losses, fakes = objective(batch())
    expected = {name: value for name, value in by_hand().items() if name.startswith("cycle_s")}
    assert {name: value.item() for name, value in losses.items()} == expected
    assert (fakes["second"].tolist(), fakes["simulated"].tolist()) == ([[10.0, 10.0]], [[3.0, 3.0]])


def test_unit_adds_reconstruction_and_both_priors_with_the_published_weights(toy_config):
    objective, _ = make(UNIT, toy_config)
    losses, _ = objective(batch())
    values = by_hand()
    assert {name: value.item() for name, value in losses.items()} == values
    published = {"reconstruction": 10, "cycle": 10, "prior": 0.05, "cycle_prior": 0.05}
    total = sum(published[name.rpartition("_")[0]] * value for name, value in values.items())
    assert objective.total(losses).item() == pytest.approx(total)


def test_latent_noise_is_drawn_in_training_and_left_out_of_the_judgement(toy_config):
    torch.manual_seed(0)
    objective, _ = make(CycleGAN, toy_config, latent_noise=1.0)
    x = torch.ones(4000, 2)
    large = Batch(x, torch.zeros(4000, dtype=torch.long), torch.arange(2.0).repeat_interleave(2000), x)
    assert objective(large)[1]["second"].std().item() == pytest.approx(5.0, rel=0.05)
    assert objective.held_out([large])["held_out_cycle_simulated"] == pytest.approx((15 - 1) ** 2)


def test_one_class_condition_serves_there_and_back_and_an_unknown_class_is_even(toy_config):
    objective, network = make(CycleGAN, toy_config, class_count=4)
    objective(objective.conditioned(batch()))
    (_, own_simulated), (_, own_second), (_, again_simulated), (_, again_second) = network.seen
    assert [domain for domain, _ in network.seen] == ["simulated", "real", "real", "simulated"]
    assert torch.equal(own_simulated, again_simulated)
    assert torch.equal(own_second, again_second)
    assert own_simulated.argmax().item() == 0
    torch.testing.assert_close(own_simulated.sum(dim=1), torch.ones(1))
    # softened, but of no class in particular: every entry lies between 1/K and 1/K + level before the division
    assert own_second.max() / own_second.min() < (0.25 + 0.5) / 0.25


def test_held_out_pools_the_batches_before_it_compares(toy_config):
    torch.manual_seed(0)
    objective, _ = make(CycleGAN, toy_config)
    batches = [
        Batch(x := torch.randn(40, 2), torch.zeros(40).long(), torch.arange(2.0).repeat_interleave(20), x)
        for _ in range(3)
    ]
    found = objective.held_out(batches)
    simulated, second = (torch.cat([b.by_domain()[d] for b in batches]) for d in ("simulated", "second"))
    assert found["held_out_distance_second"] == pytest.approx(
        energy_distance(10 * simulated, second).item(), rel=1e-5
    )
    assert found["held_out_cycle_second"] == pytest.approx((14 * second).square().mean().item(), rel=1e-5)
