import math

import pytest
import torch

from napari_udt.training.losses import (
    discriminator_adversarial,
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
