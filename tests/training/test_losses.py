import math

import pytest
import torch

from napari_udt.training.losses import (
    discriminator_adversarial,
    energy_distance,
    generator_adversarial,
    maximum_likelihood,
)


def test_maximum_likelihood_equals_the_value_computed_by_hand():
    z = torch.tensor([[1.0, 2.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    log_det = torch.tensor([0.5, 3.0])
    torch.testing.assert_close(maximum_likelihood(z, log_det), torch.tensor([(4.5 - 0.5) / 4, -3.0 / 4]))


def test_maximum_likelihood_is_the_normal_density_without_its_constant():
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    scale = torch.tensor([2.0, 0.5, 4.0])
    z, log_det = x * scale, scale.log().sum().expand(5)
    density = torch.distributions.Normal(0.0, 1 / scale).log_prob(x).sum(dim=1)
    torch.testing.assert_close(maximum_likelihood(z, log_det) + 0.5 * math.log(2 * math.pi), -density / 3)


def test_adversarial_losses_equal_the_values_computed_by_hand():
    true = [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5]])]
    fake = [torch.tensor([[1.0, 2.0]]), torch.tensor([[-1.0]])]
    assert generator_adversarial(fake).item() == pytest.approx((0 + 1) / 2 + 4)
    assert discriminator_adversarial(true, fake).item() == pytest.approx((0.5 + 0.25) + (2.5 + 1.0))


def test_the_energy_distance_equals_the_value_computed_by_hand():
    first, second = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]])
    between, within_first, within_second = (1 + 5 + 1 + 3) / 4, 2.0, 4.0
    assert energy_distance(first, second).item() == pytest.approx(2 * between - within_first - within_second)


def test_the_energy_distance_is_zero_on_average_between_samples_of_one_distribution():
    generator = torch.Generator().manual_seed(0)
    same = [energy_distance(*torch.randn(2, 60, 9, generator=generator).unbind()).item() for _ in range(40)]
    shifted = energy_distance(torch.randn(500, 9, generator=generator), 1 + torch.randn(500, 9)).item()
    assert abs(sum(same) / len(same)) < 0.01
    assert shifted > 0.2


def test_a_smoothed_label_moves_what_real_samples_and_the_network_aim_at():
    scores = [torch.tensor([[0.9, 0.9]])]
    assert generator_adversarial(scores, 0.9).item() == pytest.approx(0)
    assert discriminator_adversarial(scores, [torch.zeros(1, 2)], 0.9).item() == pytest.approx(0)
