"""The four losses of UDT-cINN (Dreher et al., MICCAI 2023, equations 1-4).

The transfer networks see one batch that holds both domains, simulated samples first; the functions below
therefore give one value per sample, and the trainer averages per domain.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def maximum_likelihood(z: Tensor, log_det: Tensor) -> Tensor:
    """Negative log-likelihood per dimension and sample, equation (1) divided by the dimension.

    The constant ln(2 pi) / 2 is left out, as in the paper.

    Parameters
    ----------
    z : Tensor, shape (n, d)
        Latent codes.
    log_det : Tensor, shape (n,)
        log |det df/dx|.

    Returns
    -------
    Tensor, shape (n,)
        In nats per dimension.
    """
    return (0.5 * z.square().sum(dim=1) - log_det) / z.shape[1]


def generator_adversarial(fake_scores: Sequence[Tensor], real_target: float = 1.0) -> Tensor:
    """Least-squares loss of the generator, equation (2), summed over the discriminator's scales.

    Parameters
    ----------
    fake_scores : sequence of Tensor
        One tensor of scores per scale, for transferred samples.
    real_target : float
        Score of real samples; 1 in the paper.
    """
    return _mean_square_distance(fake_scores, real_target)


def discriminator_adversarial(
    true_scores: Sequence[Tensor], fake_scores: Sequence[Tensor], real_target: float = 1.0
) -> Tensor:
    """Least-squares loss of a discriminator, equation (3), summed over its scales.

    Parameters
    ----------
    true_scores, fake_scores : sequence of Tensor
        Scores per scale for samples of the discriminator's own domain and for transferred ones.
    real_target : float
        Score of real samples; 1 in the paper.
    """
    return _mean_square_distance(true_scores, real_target) + _mean_square_distance(fake_scores, 0.0)


def _mean_square_distance(scores: Sequence[Tensor], aim: float) -> Tensor:
    return torch.stack([(score - aim).square().mean() for score in scores]).sum()


def energy_distance(first: Tensor, second: Tensor) -> Tensor:
    """Distance of two distributions by their samples: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 when they agree.

    |.| is the root mean square over channels, so that the value does not grow with their number (Székely and
    Rizzo 2013). Pairs of a sample with itself are not counted: the value is free of bias and may fall below 0.

    Parameters
    ----------
    first, second : Tensor, shape (n, C) and (m, C)
        Two or more samples each.
    """
    between = torch.cdist(first, second).mean()
    within = [torch.cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (first, second)]
    distance: Tensor = (2 * between - within[0] - within[1]) / first.shape[1] ** 0.5
    return distance
