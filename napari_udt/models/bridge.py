r"""Flow matching along Brownian bridges: paths from domain to domain that wander, so that one spectrum has many transfers.

Between a pair x_0, x_1 lies x_t = (1 - t) x_0 + t x_1 + sigma sqrt(t (1 - t)) e with normal e, a Brownian bridge. Learnt are v = E[x_1 - x_0 | x_t] and
E[e | x_t]; both ends follow from them,

.. math:: E[x_1 | x_t] = x_t + (1 - t) v - \sigma \sqrt{t (1 - t)} E[e | x_t], \quad E[x_0 | x_t] = E[x_1 | x_t] - v.

A step from t to t' goes along the bridge to the expected end, as in Kim et al., "Unpaired Image-to-Image Translation via Neural Schrödinger Bridge", ICLR 2024
(equation 8), whose end a network guesses that discriminators trained; with many steps it is the diffusion of Tong et al., "Simulation-free
Schrödinger bridges via score and flow matching", AISTATS 2024, and its spread is right. Few steps give too little of it: the expected end has none. For
sigma = 0 the steps are Euler's along the velocity field of flow matching.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor

from napari_udt.models.conditions import DomainLike, Labels
from napari_udt.models.draws import Draws, OwnDraws
from napari_udt.models.flow_matching import FlowMatchingModel, VelocityField, time_of
from napari_udt.models.model import Array
from napari_udt.models.translator import TranslatorModel


class BridgeField(VelocityField):
    """Velocity and noise of spectra on their way, shape (n, 2 C), zero at first; see the module.

    Parameters
    ----------
    channels, class_count, hidden, layers
        See :class:`~napari_udt.models.flow_matching.VelocityField`.
    steps : int
        From one domain to the other.
    noise : float
        sigma, in normalised units.
    """

    def __init__(
        self, channels: int, class_count: int, *, hidden: int, layers: int, steps: int, noise: float
    ) -> None:
        super().__init__(
            channels, class_count, hidden=hidden, layers=layers, steps=steps, values=2 * channels
        )
        self.noise = noise

    def between(self, start: Tensor, end: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Return where pairs (n, C) are at times ``t`` (n,), with standard normal noise (n, C)."""
        share = t[:, None]
        return start + share * (end - start) + self.noise * (share * (1 - share)).sqrt() * noise

    def walk(
        self,
        x: Tensor,
        start: float,
        end: float,
        classes: Tensor | None,
        draws: Draws,
        steps: int | None = None,
    ) -> Tensor:
        """Lead spectra (n, C) from one time to another, forwards or backwards."""
        if start == end:
            return x
        steps = steps or max(1, math.ceil(self.steps * abs(end - start)))
        times = [start + (end - start) * index / steps for index in range(steps)] + [end]
        for now, then in pairwise(times):
            velocity, noise = self(x, x.new_full((len(x),), now), classes).chunk(2, dim=1)
            ahead = 1 - now if end > start else now  # time that is left to the end that is aimed at
            aim = (1 if end > start else -1) * ahead * velocity - self.noise * math.sqrt(
                now * (1 - now)
            ) * noise
            share = abs(then - now) / ahead
            x = x + share * aim
            if left := self.noise * math.sqrt(max(0.0, share * (1 - share) * ahead)):
                x = x + left * draws.normal(x.shape[1])
        return x


class BridgeModel(FlowMatchingModel):
    """A transfer that draws one path; see :class:`~napari_udt.models.model.TransferModel` for the conventions."""

    network: BridgeField

    def round_trip_error(self, x: Array, domain: DomainLike, labels: Labels = None) -> Array:
        """Refuse: no path leads back to where another one began."""
        return TranslatorModel.round_trip_error(self, x, domain, labels)

    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        draws = OwnDraws(x, seed)
        return self.network.walk(x, time_of(source), time_of(target), classes, draws, steps or None)
