"""What a training step minimises, one class per family of networks.

The :class:`~napari_udt.training.trainer.Trainer` owns batches, discriminators and optimisers and drives any of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from napari_udt.models.conditions import Conditions
from napari_udt.training.config import TrainingConfig
from napari_udt.training.discriminators import build_discriminator
from napari_udt.training.losses import discriminator_adversarial, generator_adversarial

# In the order of the batch: simulated samples first, as in the conditions' domain entries.
DOMAINS = ("simulated", "second")
OTHER = {"simulated": "second", "second": "simulated"}

Losses = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of both domains, the simulated ones first.

    Parameters
    ----------
    x : Tensor, shape (2 n, C) or (2 n, C, H, W)
        In normalised units.
    labels : Tensor, shape (2 n,) or (2 n, H, W)
        -1 where training must not know the class.
    domain : Tensor, shape (2 n,)
        0 for simulated, 1 for second.
    clean : Tensor
        ``x`` without the noise of training.
    own, other : Tensor or list of Tensor, optional
        The network's conditions in the samples' own and in the other domain, see `Objective.conditioned`.
    """

    x: Tensor
    labels: Tensor
    domain: Tensor
    clean: Tensor
    own: Any = None
    other: Any = None

    def part(self, index: int, count: int) -> Batch:
        """Return one of ``count`` equal parts, with as many samples of either domain."""

        def cut(values: Tensor) -> Tensor:
            return torch.cat([half.chunk(count)[index] for half in values.chunk(2)])

        return self._each(cut) if count > 1 else self

    def simulated(self) -> Batch:
        """Return the half that holds the simulated samples."""
        return self._each(lambda values: values.chunk(2)[0])

    def first(self, count: int) -> Batch:
        """Return the first ``count`` samples of what is no more than one domain; all of them for 0."""
        return self._each(lambda values: values[:count]) if count else self

    def to(self, device: str) -> Batch:
        """Return the batch on a device."""
        return self._each(lambda values: values.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        def changed(value: Any) -> Any:
            if isinstance(value, list):
                return [change(entry) for entry in value]
            return None if value is None else change(value)

        return Batch(*(changed(getattr(self, entry.name)) for entry in fields(self)))

    def by_domain(self) -> dict[str, Tensor]:
        """Return the samples of each domain."""
        return per_domain(self.x)


class Objective(ABC):
    """Losses of one family of networks, apart from those that its discriminators give.

    Parameters
    ----------
    config : TrainingConfig
    network : Module
        Of the family.
    conditions : Conditions
        Maker of the network's conditions.
    """

    # Factor of every loss by the first part of its name; "generator" is the adversarial one.
    weights: Mapping[str, float]

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        self.config = config
        self.network = network
        self.conditions = conditions
        self.adversarial = config.optimisation.gan_weight > 0

    @abstractmethod
    def conditioned(self, batch: Batch) -> Batch:
        """Return the batch with the conditions that the network needs, drawn at random."""

    @abstractmethod
    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Run the network on one batch.

        Returns
        -------
        losses : dict of str to Tensor, shape ()
            Unweighted, named ``<kind>_<domain>``.
        fakes : dict of {"simulated", "second"} to Tensor
            Transferred samples by the domain that they arrived in, for the discriminators; empty where the
            run has none.
        """

    @abstractmethod
    def moved(self, simulated: Batch, *, noisy: bool = False) -> Tensor:
        """Transfer simulated samples as inference does, under the expected conditions; with or without training's noise."""

    @abstractmethod
    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Criteria on samples that are not trained on; their sum decides which weights are kept."""

    def discriminators(self, channels: int) -> dict[str, nn.Module]:
        """Return new discriminators, by name: one of each domain's samples."""
        config = self.config
        return {d: build_discriminator(config.modality, channels, config.discriminator) for d in DOMAINS}

    def generator_losses(
        self, discriminators: Mapping[str, nn.Module], fakes: Mapping[str, Tensor]
    ) -> Losses:
        """Adversarial losses of the network, by what it was run on."""
        aim = self.config.discriminator.real_target
        judged = {d: generator_adversarial(discriminators[d](fake), aim) for d, fake in fakes.items()}
        return named("generator", judged)

    def discriminator_losses(
        self, discriminators: Mapping[str, nn.Module], batch: Batch, fakes: Mapping[str, Tensor], step: int
    ) -> Losses:
        """Losses of the discriminators in a step (counted from 0); their sum trains them."""
        del step
        aim, true = self.config.discriminator.real_target, batch.by_domain()
        judged = {
            d: discriminator_adversarial(
                discriminators[d](true[d]), discriminators[d](fakes[d].detach()), aim
            )
            for d in DOMAINS
        }
        return named("discriminator", judged)

    def total(self, losses: Losses) -> Tensor:
        """Weighted sum of the losses that the network is trained on."""
        weighted = [self.weights[name.rpartition("_")[0]] * value for name, value in losses.items()]
        return sum(weighted[1:], start=weighted[0])


def per_domain(values: Tensor) -> dict[str, Tensor]:
    """Halves of what was computed for a batch."""
    return dict(zip(DOMAINS, values.chunk(2), strict=True))


def named(kind: str, values: Mapping[str, Tensor]) -> Losses:
    """Losses of both domains as they are named in the log."""
    return {f"{kind}_{domain}": value for domain, value in values.items()}
