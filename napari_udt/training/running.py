"""Statistics over recent batches, for domains of which one batch shows too little.

One crop of an image holds one or two vessels. Held to the mean of all vessels by itself, each would be drawn to that one
spectrum, and the class would become tighter than it is; and the order of its pixels says nothing about the order of vessels.
Over many crops both can be constrained. Gradients reach the newest batch only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """Moments of every class.

    Parameters
    ----------
    samples : Tensor, shape (K,)
        Samples of each class.
    mean, variance : Tensor, shape (K, F)
    """

    samples: Tensor
    mean: Tensor
    variance: Tensor


class RunningMoments:
    r"""Moments of every class over the recent batches.

    Parameters
    ----------
    memory : float
        :math:`m` in [0, 1): the samples of a batch :math:`k` steps ago count :math:`m^k`; with 0 only the newest do.
    """

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self._past: Moments | None = None

    def __call__(self, batch: Moments) -> Moments:
        """Return the moments with a batch added."""
        if not self.memory:
            return batch
        joined = batch if self._past is None else merged(self._past, batch)
        past = Moments(*(values.detach() for values in joined))
        self._past = past._replace(samples=self.memory * past.samples)
        return joined

    def state(self) -> dict[str, Tensor]:
        """Return what the next call depends on."""
        return {} if self._past is None else self._past._asdict()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state."""
        self._past = Moments(**state) if state else None

    def unhurried(self, loss: Tensor) -> Tensor:
        """Return the same value with the gradient that it would have, if the newest batch were the only one.

        Of the samples that count, the newest batch holds the share 1 - memory, and so would its gradient.
        """
        return steered(loss, 1 / (1 - self.memory))


class RecentSamples:
    """Some samples of every class from each of the recent batches.

    Parameters
    ----------
    batches : int
        How many, the newest included.
    per_class : int
        Samples of one class and batch that are kept, drawn at random.
    """

    def __init__(self, batches: int, per_class: int = 32) -> None:
        self.batches, self.per_class = batches, per_class
        self._past: list[tuple[Tensor, Tensor]] = []

    def __call__(self, values: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
        """Add a batch.

        Parameters
        ----------
        values : Tensor, shape (n, F)
        labels : integer Tensor, shape (n,)
            -1 where unknown.

        Returns
        -------
        values : Tensor, shape (m, F)
        labels : Tensor, shape (m,)
            Samples of the recent batches; those of the newest bear gradients.
        batches : int
            How many they come from.
        """
        drawn = self._drawn(labels)
        recent = [*self._past, (values[drawn], labels[drawn])]
        self._past = [(v.detach(), own) for v, own in recent][1 - self.batches :] if self.batches > 1 else []
        kept, kinds = zip(*recent, strict=True)
        return torch.cat(kept), torch.cat(kinds), len(recent)

    def state(self) -> dict[str, Tensor]:
        """Return what the next call depends on."""
        parts: dict[str, Tensor] = {}
        for i, (values, labels) in enumerate(self._past):
            parts |= {f"values_{i}": values, f"labels_{i}": labels}
        return parts

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state."""
        self._past = [(state[f"values_{i}"], state[f"labels_{i}"]) for i in range(len(state) // 2)]

    def _drawn(self, labels: Tensor) -> Tensor:
        """Draw indices of some samples of every class that occurs, from torch's global generator."""
        chosen = []
        for label in labels.unique():
            if label >= 0:
                own = torch.nonzero(labels == label).flatten()
                chosen.append(own[torch.randperm(len(own))[: self.per_class].to(own.device)])
        return torch.cat(chosen) if chosen else torch.zeros(0, dtype=torch.long, device=labels.device)


def steered(loss: Tensor, factor: float) -> Tensor:
    """Return the same value with a gradient ``factor`` times as strong."""
    return loss.detach() + factor * (loss - loss.detach())


def merged(first: Moments, second: Moments) -> Moments:
    """Moments of two sets of samples together (Chan, Golub, LeVeque 1979), variances over the number of samples."""
    count = first.samples + second.samples
    share = (second.samples / count.clamp_min(1e-12))[:, None]
    apart = second.mean - first.mean
    variance = (1 - share) * first.variance + share * second.variance + share * (1 - share) * apart.square()
    return Moments(count, first.mean + share * apart, variance)
