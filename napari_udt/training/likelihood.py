"""Objective of the conditional invertible networks: maximum likelihood, and the transfer for the discriminators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from napari_udt.models.conditions import Conditions
from napari_udt.training.config import TrainingConfig
from napari_udt.training.losses import maximum_likelihood
from napari_udt.training.objective import Batch, Losses, Objective, named, per_domain


class Likelihood(Objective):
    """Equation (4) of Dreher et al., MICCAI 2023: likelihood of both domains, and the adversarial terms.

    Held out is judged by the likelihood.
    """

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        self.weights = {"ml": 1.0, "generator": config.optimisation.gan_weight}

    def conditioned(self, batch: Batch) -> Batch:
        """Draw the condition of encoding and, with the same classes, that of decoding in the other domain."""
        own = self.conditions.random(batch.labels.shape, batch.domain, batch.labels, like=batch.x)
        other = self.conditions.with_domain(own, 1 - batch.domain, torch.default_generator)
        return replace(batch, own=own, other=other)

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Encode both domains and, where there are discriminators, decode each sample in the other one."""
        z, log_det = self.network(batch.x, batch.own)
        return self._losses("ml", z, log_det), self._transferred(z, batch.other) if self.adversarial else {}

    def moved(self, simulated: Batch, *, noisy: bool = False) -> Tensor:
        """Encode and decode under the expected conditions."""
        x, labels = simulated.x if noisy else simulated.clean, simulated.labels
        own, other = (
            self.conditions.expected(labels.shape, d, labels, like=x) for d in ("simulated", "real")
        )
        moved: Tensor = self.network.inverse(self.network(x, own)[0], other)[0]
        return moved

    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Mean over the batches of equation (1) per dimension."""
        found: dict[str, list[float]] = defaultdict(list)
        for batch in batches:
            for name, value in self._losses("held_out", *self.network(batch.x, batch.own)).items():
                found[name].append(value.item())
        return {name: sum(values) / len(values) for name, values in found.items()}

    @staticmethod
    def _losses(kind: str, z: Tensor, log_det: Tensor) -> Losses:
        halves = per_domain(maximum_likelihood(z, log_det))
        return named(kind, {domain: half.mean() for domain, half in halves.items()})

    def _transferred(self, z: Tensor, condition: Any) -> dict[str, Tensor]:
        """Decode every sample in the other domain; named by where it went."""
        to_second, to_simulated = self.network.inverse(z, condition)[0].chunk(2)
        return {"simulated": to_simulated, "second": to_second}
