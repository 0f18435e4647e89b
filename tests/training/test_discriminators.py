import pytest
import torch

from napari_udt.training.config import DiscriminatorConfig
from napari_udt.training.discriminators import build_discriminator


def test_a_spectrum_gets_one_unbounded_score_per_channel():
    discriminator = build_discriminator("HSI", 12, DiscriminatorConfig(width=16)).eval()
    (scores,) = discriminator(1e4 * torch.randn(5, 12))
    assert scores.shape == (5, 12)
    assert scores.abs().max() > 10


def test_an_image_gets_patch_scores_at_every_resolution():
    discriminator = build_discriminator("PAT", 4, DiscriminatorConfig(width=8, layers=2, scales=3))
    shapes = [tuple(scores.shape) for scores in discriminator(torch.randn(2, 4, 32, 64))]
    assert shapes == [(2, 1, 8, 16), (2, 1, 4, 8), (2, 1, 2, 4)]


@pytest.mark.parametrize("modality", ["HSI", "PAT"])
def test_every_parameter_gets_a_gradient(modality):
    torch.manual_seed(0)
    discriminator = build_discriminator(modality, 8, DiscriminatorConfig(width=8, layers=2, scales=2))
    samples = torch.randn(3, 8) if modality == "HSI" else torch.randn(3, 8, 32, 32)
    torch.stack([scores.square().mean() for scores in discriminator(samples)]).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in discriminator.parameters())


def test_spectral_normalisation_bounds_how_fast_scores_change():
    torch.manual_seed(0)
    free = build_discriminator("HSI", 8, DiscriminatorConfig(width=32, dropout=0))
    bounded = build_discriminator("HSI", 8, DiscriminatorConfig(width=32, dropout=0, spectral_norm=True))
    for discriminator in (free, bounded):
        for parameter in discriminator.parameters():
            parameter.data.mul_(20)
    x = torch.randn(64, 8)
    for _ in range(50):  # the singular value is found by power iteration, one step a call
        bounded(x)
    step = 1e-3 * torch.randn(64, 8)
    steepest = [
        ((d(x + step)[0] - d(x)[0]).norm(dim=1) / step.norm(dim=1)).max().item()
        for d in (free.eval(), bounded.eval())
    ]
    assert steepest[0] > 10
    assert steepest[1] < 1.1
