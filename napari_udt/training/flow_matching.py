"""Objective of flow matching: straight lines between samples of the two domains that belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from napari_udt.models.bridge import BridgeField
from napari_udt.models.conditions import Conditions
from napari_udt.models.draws import FreshDraws
from napari_udt.training.config import TrainingConfig
from napari_udt.training.losses import energy_distance
from napari_udt.training.objective import Batch, Losses, Objective, per_domain

# Steps of the integration where gradients go through it, and where held-out samples are judged.
_TRAINING_STEPS = 2
_BRIDGE_STEPS = 4


class FlowMatching(Objective):
    """Squared error of the velocity on the lines between paired samples (Lipman et al., ICLR 2023, equation 14), on bridges of the noise too.

    Within a batch, simulated and target samples of a class are paired so that the sum of their squared distances is least (optimal
    transport), or as they come. Where training must not know the target's classes, all samples are one class for the pairing. Held
    out is judged by the energy distance between transferred samples and the target's.
    """

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        self.weights = {"velocity": 1.0, "noise": 1.0}
        self.adversarial = False

    def conditioned(self, batch: Batch) -> Batch:
        """Draw the class entries, where the network takes any."""
        if not self.conditions.class_count:
            return batch
        drawn = self.conditions.random(batch.labels.shape, batch.domain, batch.labels, like=batch.x)
        return replace(batch, own=drawn[:, 2:])  # the domain entries come first; here time takes their place

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Error at a random time of every pair."""
        start, end = per_domain(batch.x).values()
        rows, columns = self._paired(batch)
        start, end = start[rows], end[columns]
        t = torch.rand(len(start), device=start.device, dtype=start.dtype)
        classes = None if batch.own is None else batch.own.chunk(2)[0][rows]
        if isinstance(self.network, BridgeField):
            noise = torch.randn_like(start)
            found = self.network(self.network.between(start, end, t, noise), t, classes)
            velocity, guess = found.chunk(2, dim=1)
            losses = {"noise_second": (guess - noise).square().mean()}
        else:
            velocity, losses = self.network(start + t[:, None] * (end - start), t, classes), {}
        return {"velocity_second": (velocity - (end - start)).square().mean(), **losses}, {}

    def moved(self, simulated: Batch, *, noisy: bool = False) -> Tensor:
        """Integrate from the simulated to the target domain, in few steps."""
        x, labels = simulated.x if noisy else simulated.clean, simulated.labels
        classes: Tensor | None = None
        if self.conditions.class_count:
            classes = self.conditions.expected(labels.shape, "simulated", labels, like=x)[:, 2:]
        if isinstance(self.network, BridgeField):
            return self.network.walk(x, 0.0, 1.0, classes, FreshDraws(x), _BRIDGE_STEPS)
        moved: Tensor = self.network.move(x, 0.0, 1.0, classes, _TRAINING_STEPS)
        return moved

    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Energy distance of all batches together."""
        there, arrived = [], []
        for batch in batches:
            there.append(batch.x.chunk(2)[1])
            arrived.append(self.moved(batch.simulated(), noisy=True))
        return {"held_out_distance_second": energy_distance(torch.cat(arrived), torch.cat(there)).item()}

    def _paired(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the indices of the simulated and of the target samples of each pair."""
        first, second = per_domain(batch.clean).values()
        groups = [torch.where(labels >= 0, labels, 0) for labels in batch.labels.chunk(2)]
        if bool((batch.labels.chunk(2)[1] < 0).all()):  # the target's classes are unknown
            groups = [torch.zeros_like(group) for group in groups]
        pairs = []
        for name in groups[0].unique():
            own, theirs = (torch.nonzero(group == name).flatten() for group in groups)
            pairs.append(_pair(first, second, own, theirs, self._optimal))
        rows, columns = (torch.cat(side) for side in zip(*pairs, strict=True))
        return rows, columns

    @property
    def _optimal(self) -> bool:
        return self.config.flow_matching.pairs == "transport"


def _pair(
    first: Tensor, second: Tensor, rows: Tensor, columns: Tensor, optimal: bool
) -> tuple[Tensor, Tensor]:
    """Pair as many samples of one class as both domains have in the batch."""
    if not optimal:
        count = min(len(rows), len(columns))
        return rows[:count], columns[:count]
    from scipy.optimize import linear_sum_assignment

    cost = torch.cdist(first[rows], second[columns]).square()
    i, j = (torch.from_numpy(index).to(rows.device) for index in linear_sum_assignment(cost.cpu().numpy()))
    return rows[i], columns[j]
