"""Moments of classes over the recent batches, for domains of which one batch shows too little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

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
    r"""Moments of every class over the recent batches; gradients reach the newest batch only.

    One crop of an image holds one or two vessels. Held to the mean of all vessels by itself, each would be drawn to that
    one spectrum, and the class would become tighter than it is. Over many crops only the class as a whole is held.

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
        """Return the same value with the gradient that it would have, were the newest batch all there is.

        Of the samples that count, the newest batch holds the share 1 - memory, and so would its gradient.
        """
        return loss.detach() + (loss - loss.detach()) / (1 - self.memory)


def merged(first: Moments, second: Moments) -> Moments:
    """Moments of two sets of samples together (Chan, Golub, LeVeque 1979), variances over the number of samples."""
    count = first.samples + second.samples
    share = (second.samples / count.clamp_min(1e-12))[:, None]
    apart = second.mean - first.mean
    variance = (1 - share) * first.variance + share * second.variance + share * (1 - share) * apart.square()
    return Moments(count, first.mean + share * apart, variance)
