"""Transport along a learnt velocity field: flow matching between the two domains.

A spectrum starts at time 0 in the simulated domain and moves with dx/dt = v(x, t, class) until time 1, the target domain. v is learnt
by regression on straight lines between paired samples (Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023,
equation 14, with the simulated domain in the place of the normal distribution; pairs by optimal transport as in Tong et al.,
"Improving and generalizing flow-based generative models with minibatch optimal transport", TMLR 2024). Written from the equations.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from napari_udt.models.conditions import DomainLike, Labels, domain_number
from napari_udt.models.model import Array, as_given
from napari_udt.models.residual_pair import zeroed
from napari_udt.models.translator import TranslatorModel

_FREQUENCIES = 4


class VelocityField(nn.Module):
    """The velocity v(x, t, class) of spectra in normalised units, zero at first, and its integration.

    Parameters
    ----------
    channels : int
    class_count : int
        Class entries K; 0 for none.
    hidden, layers : int
        Width and number of the hidden layers.
    steps : int
        Steps of the Runge-Kutta method of fourth order from one domain to the other.
    values : int, optional
        How many the network gives for each spectrum; by default the velocity alone.
    """

    def __init__(
        self, channels: int, class_count: int, *, hidden: int, layers: int, steps: int, values: int = 0
    ) -> None:
        super().__init__()
        widths = [channels + class_count + 2 * _FREQUENCIES, *[hidden] * layers]
        stack: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            stack += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.layers = nn.Sequential(*stack, zeroed(nn.Linear(hidden, values or channels)))
        self.steps = steps

    def forward(self, x: Tensor, t: Tensor, classes: Tensor | None) -> Tensor:
        """Velocity (n, C) at ``x`` (n, C) and times ``t`` (n,) from 0 to 1, with class entries (n, K)."""
        angles = math.pi * t[:, None] * torch.arange(1, _FREQUENCIES + 1, dtype=x.dtype, device=x.device)
        given = [x, angles.cos(), angles.sin()]
        velocity: Tensor = self.layers(torch.cat(given if classes is None else [*given, classes], dim=1))
        return velocity

    def move(
        self, x: Tensor, start: float, end: float, classes: Tensor | None, steps: int | None = None
    ) -> Tensor:
        """Integrate spectra (n, C) from one time to another, forwards or backwards."""
        if start == end:
            return x
        steps = steps or max(1, math.ceil(self.steps * abs(end - start)))
        h = (end - start) / steps

        def velocity(at: Tensor, time: float) -> Tensor:
            return self(at, at.new_full((len(at),), time), classes)

        for index in range(steps):
            t = start + index * h
            k1 = velocity(x, t)
            k2 = velocity(x + 0.5 * h * k1, t + 0.5 * h)
            k3 = velocity(x + 0.5 * h * k2, t + 0.5 * h)
            k4 = velocity(x + h * k3, t + h)
            x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x


class FlowMatchingModel(TranslatorModel):
    """A transfer along a velocity field.

    Domains between the two are times between 0 and 1. There and back is exact up to the error of the integration. A likelihood
    would need the density of the simulated domain, which is not modelled. See
    :class:`~napari_udt.models.model.TransferModel` for parameters and conventions.
    """

    network: VelocityField

    def round_trip_error(self, x: Array, domain: DomainLike, labels: Labels = None) -> Array:
        """Largest deviation of each sample, shape (n,), after a way to the other domain and back, in normalised units."""
        other = 1.0 - time_of(domain)
        values: Tensor = self._tensor(x)
        back = self.translate(self.translate(values, domain, other, labels), other, domain, labels)
        return as_given(x, (back - values).abs().amax(dim=1))

    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        return self.network.move(x, time_of(source), time_of(target), classes, steps or None)


def time_of(domain: DomainLike) -> float:
    """Return when a path passes a domain: 0 at the simulated one, 1 at the target."""
    return float(domain_number(domain, torch.empty(0, dtype=torch.float64)))
