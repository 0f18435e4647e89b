"""Mutual information of two pictures, differentiable: how well one says what the other shows, whatever its grey values mean."""

from __future__ import annotations

import torch
from torch import Tensor

_FEWEST = 64  # pixels of a class that an estimate needs
_SMALLEST = 1e-12


def normalised_mutual_information(
    first: Tensor, second: Tensor, bins: int = 32, width: float = 1.0
) -> Tensor:
    """2 I / (H_1 + H_2) of paired values: 0 when they are independent, 1 when each decides the other.

    Every value belongs to the bins around it with the weights of a Gaussian, so that a gradient reaches it; that
    smoothing keeps the value of two equal signals below 1. (scikit-image's ``normalized_mutual_information`` s = (H_1 + H_2) / H_12
    is 2 - 2 / s here.)

    Parameters
    ----------
    first, second : Tensor, shape (n, wavelengths)
        Values of the same places; each wavelength counts for itself.
    bins : int
        From the least to the largest value of each.
    width : float
        Standard deviation of the Gaussian, in bins.

    Returns
    -------
    Tensor, shape ()
        Mean over the wavelengths.
    """
    weights = [_memberships(values, bins, width) for values in (first, second)]
    joint = torch.einsum("nlb,nlc->lbc", *weights) / len(first)
    entropies = [_entropy(joint.sum(dim=axis)) for axis in (2, 1)]
    together = _entropy(joint.flatten(1))
    size = entropies[0] + entropies[1]
    return (2 * (size - together) / size.clamp_min(_SMALLEST)).mean()


def alignment(first: Tensor, second: Tensor, labels: Tensor, *, pixels: int, wavelengths: int) -> Tensor:
    """Mutual information of pictures and what they became, class by class: between the classes an exchange would be free.

    Parameters
    ----------
    first, second : Tensor, shape (n, C, H, W)
    labels : integer Tensor, shape (n, H, W)
        -1 where unknown: those pixels are a class of their own.
    pixels, wavelengths : int
        So many are drawn at random.

    Returns
    -------
    Tensor, shape ()
        Mean over the classes with enough pixels; 1 where there is none.
    """
    chosen = torch.randperm(first.shape[1])[:wavelengths].to(first.device)
    kinds = labels.flatten()
    place = torch.randperm(len(kinds))[:pixels].to(first.device)
    a, b = (values.index_select(1, chosen).movedim(1, -1).flatten(0, 2)[place] for values in (first, second))
    found = [
        normalised_mutual_information(a[inside], b[inside])
        for kind in kinds[place].unique()
        if int((inside := kinds[place] == kind).sum()) >= _FEWEST
    ]
    return torch.stack(found).mean() if found else 1.0 + 0.0 * b.sum()


def _memberships(values: Tensor, bins: int, width: float) -> Tensor:
    """Weights (n, wavelengths, bins) of values (n, wavelengths), 1 in all for each."""
    low, high = values.detach().amin(dim=0), values.detach().amax(dim=0)
    place = (values - low) / (high - low).clamp_min(_SMALLEST) * (bins - 1)
    apart = place.unsqueeze(-1) - torch.arange(bins, dtype=values.dtype, device=values.device)
    return torch.softmax(-0.5 * (apart / width).square(), dim=-1)


def _entropy(shares: Tensor) -> Tensor:
    """Entropy of distributions (wavelengths, m), in nats."""
    return -(shares * shares.clamp_min(_SMALLEST).log()).sum(dim=1)
