"""One training step, the held-out loss, and the state that a run resumes from.

Everything random is drawn from torch's global generator, whose state is part of :meth:`Trainer.state`: a resumed
run draws what the uninterrupted one would have drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from napari_udt.errors import TrainingError
from napari_udt.models.conditions import Conditions
from napari_udt.models.noise import drawn_noise
from napari_udt.threads import one_thread_each
from napari_udt.training.config import TrainingConfig
from napari_udt.training.families import objective_of
from napari_udt.training.objective import DOMAINS, Batch, Losses
from napari_udt.training.processes import Processes
from napari_udt.training.samples import Samples, vary
from napari_udt.training.term import Term
from napari_udt.training.weight_average import WeightAverage


class Trainer:
    """The transfer network, its discriminators and their two optimisers.

    Parameters
    ----------
    config : TrainingConfig
    network : Module
        Of the configuration's method.
    conditions : Conditions
        Maker of the network's conditions.
    samples : mapping of {"simulated", "second"} to Samples
        What is trained on.
    processes : Processes, optional
        The processes that share the work, and this one's device; batches and conditions are drawn on the CPU.
    terms : sequence of (Term, float)
        Further losses on transferred samples, and their weights.
    """

    def __init__(
        self,
        config: TrainingConfig,
        network: nn.Module,
        conditions: Conditions,
        samples: Mapping[str, Samples],
        processes: Processes | None = None,
        terms: Sequence[tuple[Term, float]] = (),
    ) -> None:
        self.config = config
        self.processes = processes or Processes()
        self.network = network.to(self.processes.device).train()
        self.average = WeightAverage(self.network, config.optimisation.weight_average)
        self.objective = objective_of(config)(config, self.network, conditions)
        self.terms = terms
        self.samples = samples
        self.steps_done = 0
        channels = samples["simulated"].values.shape[1]
        self.discriminators = nn.ModuleDict()
        if config.optimisation.gan_weight:
            judges = self.objective.discriminators(channels)
            self.discriminators = nn.ModuleDict(judges).to(self.processes.device)
        decay = config.optimisation.weight_decay
        betas = (config.optimisation.momentum, 0.999)
        self.optimiser = torch.optim.Adam(self.network.parameters(), betas=betas, weight_decay=decay)
        self.discriminator_optimiser = (
            torch.optim.Adam(self.discriminators.parameters(), betas=betas, weight_decay=decay)
            if self.discriminators
            else None
        )

    def step(self) -> dict[str, float]:
        """Train on one batch of both domains and return its losses.

        Raises
        ------
        TrainingError
            When a loss is not a finite number; nothing has been changed by this step then.
        """
        with one_thread_each(on=self.config.optimisation.single_thread):
            return self._step()

    def _step(self) -> dict[str, float]:
        self._set_learning_rates()
        batch = self.batch(self.samples, self.config.optimisation.batch_size, self.processes)
        losses, fakes = self.objective(batch)
        judged: Losses = {}
        if self.discriminators:
            judges = dict(self.discriminators.items())
            losses |= self.objective.generator_losses(judges, fakes)
            judged = self.objective.discriminator_losses(judges, batch, fakes, self.steps_done)
        guiding = self._guiding(batch)
        total = self.objective.total(losses)
        total = total + sum(
            weight * guiding[term.loss] for term, weight in self.terms if term.loss in guiding
        )
        losses |= guiding
        values = self._averaged(losses | judged)
        self._update(self.optimiser, total, self.network.parameters())
        self.average.follow()
        if self.discriminator_optimiser is not None:
            total = torch.stack(list(judged.values())).sum()
            self._update(self.discriminator_optimiser, total, self.discriminators.parameters())
        self.steps_done += 1
        return values

    def _guiding(self, batch: Batch) -> Losses:
        """Values of the further terms, on what inference would make of the batch's simulated samples."""
        if not self.terms or self.steps_done % self.config.terms.every:
            return {}
        simulated = batch.simulated().first(self.config.terms.samples)
        wanted = {term.sees_noise for term, _ in self.terms}
        moved = {noisy: self.objective.moved(simulated, noisy=noisy) for noisy in sorted(wanted)}
        return {
            term.loss: term(simulated.clean, moved[term.sees_noise], simulated.labels)
            for term, _ in self.terms
        }

    def batch(self, samples: Mapping[str, Samples], n: int, processes: Processes | None = None) -> Batch:
        """Draw and vary ``n`` samples of each domain, and their conditions.

        With a processes that is for each of its processes, and this one gets its part.
        """
        processes = processes or Processes(self.processes.device)
        clean, labels = zip(
            *(vary(*samples[domain].draw(n * processes.size), self.config.data) for domain in DOMAINS),
            strict=True,
        )
        values = torch.cat(clean)
        noisy = values + self._noise(values)
        domain = torch.arange(2.0).repeat_interleave(n * processes.size)
        batch = self.objective.conditioned(Batch(noisy, torch.cat(labels), domain, values))
        return batch.part(processes.rank, processes.size).to(processes.device)

    def _noise(self, values: Tensor) -> Tensor:
        """Draw the noise of a batch, simulated samples first."""
        data = self.config.data
        if (
            data.noise_profile == "none"
            and not (data.speckle or data.noise_variation)
            and data.second_noise_share == 1
        ):
            return data.noise * torch.randn_like(values)
        halves = zip(values.chunk(2), DOMAINS, strict=True)
        return torch.cat([drawn_noise(half, self.samples[d].noise) for half, d in halves])

    @torch.no_grad()
    def held_out_losses(self, held_out: Mapping[str, Samples]) -> dict[str, float]:
        """Evaluate the network on samples that are not trained on, see the objective.

        Samples, noise and conditions are drawn alike at every call, and the generator of the training is
        left as it was.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            return self.objective.held_out(self._held_out_batches(held_out))

    def _held_out_batches(self, held_out: Mapping[str, Samples]) -> Iterator[Batch]:
        wanted, size = self.config.optimisation.held_out_samples, self.config.optimisation.batch_size
        return (self.batch(held_out, size) for _ in range(math.ceil(wanted / size)))

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on, besides configuration and data."""
        return {
            "steps_done": self.steps_done,
            "network": self.network.state_dict(),
            "average": self.average.state(),
            "discriminators": self.discriminators.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "discriminator_optimiser": (
                {} if self.discriminator_optimiser is None else self.discriminator_optimiser.state_dict()
            ),
            "terms": [term.state() for term, _ in self.terms],
            "generator": torch.get_rng_state(),
            "device_generators": torch.cuda.get_rng_state_all()
            if self.processes.device.startswith("cuda")
            else [],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state; the next step then is the one that followed it."""
        self.network.load_state_dict(state["network"])
        self.average.restore(state["average"])
        self.discriminators.load_state_dict(state["discriminators"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.discriminator_optimiser is not None:
            self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])
        for (term, _), its_state in zip(self.terms, state["terms"], strict=True):
            term.restore(its_state)
        self.steps_done = state["steps_done"]
        torch.set_rng_state(state["generator"].cpu())
        if state["device_generators"] and self.processes.device.startswith("cuda"):
            torch.cuda.set_rng_state_all([generator.cpu() for generator in state["device_generators"]])

    def _update(
        self, optimiser: torch.optim.Optimizer, loss: Tensor, parameters: Iterable[nn.Parameter]
    ) -> None:
        """One optimiser step; gradients reach ``parameters`` and no others."""
        own = list(parameters)
        optimiser.zero_grad()
        loss.backward(inputs=own)
        self.processes.average([parameter.grad for parameter in own if parameter.grad is not None])
        nn.utils.clip_grad_value_(own, self.config.optimisation.gradient_clip)
        optimiser.step()

    def _set_learning_rates(self) -> None:
        share = cosine_share(self.steps_done, self.config.optimisation.steps)
        _set_learning_rate(self.optimiser, share * self.config.optimisation.learning_rate)
        if self.discriminator_optimiser is not None:
            rate = share * self.config.optimisation.discriminator_learning_rate
            _set_learning_rate(self.discriminator_optimiser, rate)

    def _averaged(self, losses: Losses) -> dict[str, float]:
        """Means of the losses over all processes; raises TrainingError unless all are finite numbers."""
        values = torch.stack([loss.detach() for loss in losses.values()])
        self.processes.average([values])
        found = dict(zip(losses, values.tolist(), strict=True))
        if broken := [name for name, value in found.items() if not math.isfinite(value)]:
            raise TrainingError(
                f"{self.config.name}: the loss {broken[0]} was not a finite number in step {self.steps_done + 1}; "
                f"learn more slowly (in the window More > Learning rate; --set optimisation.learning_rate="
                f"{self.config.optimisation.learning_rate / 10:g}), else with a smaller optimisation.gradient_clip or gan_weight, or "
                "look for extreme values in the cubes."
            )
        return found


def cosine_share(step: int, steps: int) -> float:
    """Share of the learning rate in a step: a half cosine from 1 to 0 that depends on nothing but the step."""
    return 0.5 * (1 + math.cos(math.pi * min(step / steps, 1.0)))


def _set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
