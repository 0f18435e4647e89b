"""Objective of SynDiff: adversarial steps of a diffusion, and a cycle that supplies the sources of unpaired samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, softplus

from napari_udt.models.autoencoders import DOMAINS as NETWORK_DOMAINS
from napari_udt.models.conditions import Conditions
from napari_udt.models.denoisers import one_hot
from napari_udt.models.draws import FreshDraws
from napari_udt.training.config import TrainingConfig
from napari_udt.training.cycle import Cycle, CycleGAN, classes_of
from napari_udt.training.discriminators import build_discriminator
from napari_udt.training.objective import DOMAINS, OTHER, Batch, Losses, named

_WORDS = dict(zip(DOMAINS, NETWORK_DOMAINS, strict=True))


class SynDiff(CycleGAN):
    """Losses of Özbey et al., IEEE TMI 2023: non-saturating adversarial ones with R1, and mean absolute errors.

    For a sample x_0 of a domain, a generator makes the pseudo-source y. After a random number t of steps the denoiser guesses
    x_0 from x_t and y; a discriminator compares x_{t-1}, drawn given that guess, with a true one, both beside the same x_t. Held out is judged
    as a CycleGAN is, by finished samples.
    """

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        adversarial = config.optimisation.gan_weight
        self.settings = config.syndiff
        self.weights = {
            "generator": adversarial,
            "pseudo": adversarial,
            "denoised": self.settings.denoised_weight,
            "cycle": self.settings.cycle_weight,
        }

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Make pseudo-sources of both domains, and take one step back from a random one towards each."""
        x, classes, generate = batch.by_domain(), classes_of(batch), self.network.generators
        pseudo = {d: generate(x[d], _WORDS[d], classes[d]) for d in DOMAINS}  # by the domain of their target
        back = {d: generate(pseudo[d], _WORDS[OTHER[d]], classes[d]) for d in DOMAINS}
        losses = named("cycle", {d: l1_loss(back[d], x[d]) for d in DOMAINS})
        fakes: dict[str, Tensor] = {}
        for d in DOMAINS:
            guess, steps = self._step(x[d], pseudo[d], d, classes[d])
            losses[f"denoised_{d}"] = l1_loss(guess, x[d])
            fakes |= {f"{name}_{d}": values for name, values in steps.items()} | {f"pseudo_{d}": pseudo[d]}
        return losses, fakes

    def _step(
        self, x: Tensor, pseudo: Tensor, domain: str, classes: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the guess, and what the discriminator sees: true and drawn samples before a random step, and those after it."""
        diffusion, draws = self.network.diffusion, FreshDraws(x)
        t = torch.randint(1, diffusion.steps + 1, (len(x),)).to(x.device)
        true = diffusion.noised(x, t - 1, draws.normal(*x.shape[1:]))
        after = diffusion.stepped(true, t, draws.normal(*x.shape[1:]))
        source = pseudo + self.settings.source_noise * torch.randn_like(pseudo)
        z = draws.normal(self.network.latent)
        guess = self.network.denoised(after, source, t, z, _WORDS[domain], classes)
        mean, deviation = diffusion.posterior(after, guess, t)
        drawn = mean + deviation * draws.normal(*x.shape[1:])
        return guess, {"true": true, "drawn": drawn, "after": _with_step(after, t, diffusion.steps)}

    def discriminators(self, channels: int) -> dict[str, nn.Module]:
        """Return those of pseudo-sources, by the domain of their target, and of steps."""
        config, steps = self.config, self.network.diffusion.steps
        sizes = {"pseudo": channels, "step": 2 * channels + steps}
        return {
            f"{kind}_{d}": build_discriminator(config.modality, size, config.discriminator)
            for kind, size in sizes.items()
            for d in DOMAINS
        }

    def generator_losses(
        self, discriminators: Mapping[str, nn.Module], fakes: Mapping[str, Tensor]
    ) -> Losses:
        """Non-saturating losses of denoisers and of generators."""
        judge = discriminators
        steps = {
            d: _size_of_wrong(judge[f"step_{d}"](_beside(fakes[f"drawn_{d}"], fakes[f"after_{d}"])), -1)
            for d in DOMAINS
        }
        sources = {d: _size_of_wrong(judge[f"pseudo_{d}"](fakes[f"pseudo_{d}"]), -1) for d in DOMAINS}
        return named("generator", steps) | named("pseudo", sources)

    def discriminator_losses(
        self, discriminators: Mapping[str, nn.Module], batch: Batch, fakes: Mapping[str, Tensor], step: int
    ) -> Losses:
        """Non-saturating losses, with the gradient's penalty on true samples in some steps."""
        x, losses = batch.by_domain(), {}
        penalised = self.settings.penalty_weight > 0 and step % self.settings.penalty_every == 0
        for d in DOMAINS:
            sources = discriminators[f"pseudo_{d}"]
            losses[f"discriminator_pseudo_{d}"] = _size_of_wrong(sources(x[OTHER[d]]), -1) + _size_of_wrong(
                sources(fakes[f"pseudo_{d}"].detach()), 1
            )
            steps, after = discriminators[f"step_{d}"], fakes[f"after_{d}"].detach()
            true = fakes[f"true_{d}"].detach().requires_grad_(penalised)
            scores = steps(_beside(true, after))
            drawn = steps(_beside(fakes[f"drawn_{d}"].detach(), after))
            losses[f"discriminator_{d}"] = _size_of_wrong(scores, -1) + _size_of_wrong(drawn, 1)
            if penalised:
                gradient = _gradient(scores, true).flatten(1).square().sum(dim=1).mean()
                losses[f"penalty_{d}"] = 0.5 * self.settings.penalty_weight * gradient
        return losses

    def _there(self, x: Tensor, classes: Tensor | None) -> Tensor:
        return self._sampled(x, "second", classes)

    def _cycle(self, batch: Batch, noise: float) -> Cycle:
        """Return finished samples there and back, for the judgement of held-out ones."""
        del noise
        classes = classes_of(batch)
        fakes = {OTHER[d]: self._sampled(x, OTHER[d], classes[d]) for d, x in batch.by_domain().items()}
        back = {d: self._sampled(fakes[OTHER[d]], d, classes[d]) for d in DOMAINS}
        return Cycle({}, {}, fakes, back)

    def _sampled(self, source: Tensor, target: str, classes: Tensor | None) -> Tensor:
        moved: Tensor = self.network.sample(source, _WORDS[target], classes, FreshDraws(source))
        return moved


def _size_of_wrong(scores: list[Tensor], sign: int) -> Tensor:
    """Mean softplus of scores that shall be large (-1) or small (1), over all scales."""
    return torch.stack([softplus(sign * score).mean() for score in scores]).sum()


def _gradient(scores: list[Tensor], x: Tensor) -> Tensor:
    """Gradient of a sample's mean score with respect to it, summed over scales; it can be differentiated again."""
    total = torch.stack([score.flatten(1).mean(dim=1).sum() for score in scores]).sum()
    return torch.autograd.grad(total, x, create_graph=True)[0]


def _with_step(x: Tensor, t: Tensor, steps: int) -> Tensor:
    """Return samples (n, C[, H, W]) with their step as further, constant channels."""
    entries = one_hot(t, steps, x).reshape(len(x), steps, *[1] * (x.ndim - 2))
    return torch.cat((x, entries.expand(-1, -1, *x.shape[2:])), dim=1)


def _beside(before: Tensor, after: Tensor) -> Tensor:
    return torch.cat((before, after), dim=1)
