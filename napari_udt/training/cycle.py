"""Objectives of the auto-encoders: CycleGAN and UNIT.

A transfer encodes with one domain's encoder and decodes with the other's decoder; a cycle does so there and back.
Weights and terms as in the published code of Dreher et al., MICCAI 2023; squared errors are means over all values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from napari_udt.models.autoencoders import DOMAINS as NETWORK_DOMAINS
from napari_udt.models.conditions import Conditions
from napari_udt.training.config import TrainingConfig
from napari_udt.training.losses import energy_distance
from napari_udt.training.objective import DOMAINS, OTHER, Batch, Losses, Objective, named, per_domain

# The network's own words for the two domains.
_WORDS = dict(zip(DOMAINS, NETWORK_DOMAINS, strict=True))
# An energy distance takes time with the square of the number of spectra.
_MOST_SPECTRA = 2000


@dataclass(frozen=True, eq=False)
class Cycle:
    """One batch, there and back.

    Parameters
    ----------
    codes, codes_again : dict of {"simulated", "second"} to Tensor
        Latents of the samples, and of their transfers; by the samples' own domain.
    fakes : dict
        Transferred samples, by the domain that they arrived in.
    back : dict
        Transferred samples transferred back, by their own domain.
    """

    codes: dict[str, Tensor]
    codes_again: dict[str, Tensor]
    fakes: dict[str, Tensor]
    back: dict[str, Tensor]


class CycleGAN(Objective):
    """Adversarial and cycle terms (Zhu et al., ICCV 2017).

    Held out is judged by the energy distance between the transferred samples and those of the domain that they
    arrived in, plus the mean squared cycle error: what a transfer is for, and what it must not lose. The
    adversarial losses say nothing there: they fall as well when the discriminators get worse.
    """

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        settings = config.autoencoder
        self.latent_noise = settings.latent_noise
        self.weights = {
            "generator": config.optimisation.gan_weight,
            "cycle": settings.cycle_weight,
            "reconstruction": settings.reconstruction_weight,
            "prior": settings.prior_weight,
            "cycle_prior": settings.cycle_prior_weight,
        }

    def conditioned(self, batch: Batch) -> Batch:
        """Draw the class entries, where the network takes any; they serve there and back."""
        if not self.conditions.class_count:
            return batch
        drawn = self.conditions.random(batch.labels.shape, batch.domain, batch.labels, like=batch.x)
        return replace(batch, own=drawn[:, 2:])  # the domain entries come first; here it chooses the network

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Transfer both domains there and back."""
        cycle = self._cycle(batch, self.latent_noise)
        return self._cycle_losses(batch, cycle), cycle.fakes

    def moved(self, simulated: Batch, *, noisy: bool = False) -> Tensor:
        """Transfer without latent noise."""
        x, labels = simulated.x if noisy else simulated.clean, simulated.labels
        classes: Tensor | None = None
        if self.conditions.class_count:
            classes = self.conditions.expected(labels.shape, "simulated", labels, like=x)[:, 2:]
        return self._there(x, classes)

    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Energy distance and cycle error of all batches together, without latent noise."""
        arrived: dict[str, list[Tensor]] = {domain: [] for domain in DOMAINS}
        there: dict[str, list[Tensor]] = {domain: [] for domain in DOMAINS}
        errors: dict[str, list[Tensor]] = {domain: [] for domain in DOMAINS}
        for batch in batches:
            cycle = self._cycle(batch, 0.0)
            for domain, x in batch.by_domain().items():
                there[domain].append(_spectra(x))
                arrived[domain].append(_spectra(cycle.fakes[domain]))
                errors[domain].append(mse_loss(cycle.back[domain], x))
        return {
            f"held_out_{kind}_{domain}": value.item()
            for domain in DOMAINS
            for kind, value in (
                ("distance", energy_distance(_thinned(arrived[domain]), _thinned(there[domain]))),
                ("cycle", torch.stack(errors[domain]).mean()),
            )
        }

    def _there(self, x: Tensor, classes: Tensor | None) -> Tensor:
        """Transfer samples of the simulated domain."""
        return self._decode(self._encode(x, "simulated", classes), "second", 0.0, classes)

    def _cycle(self, batch: Batch, noise: float) -> Cycle:
        classes = classes_of(batch)
        codes = {d: self._encode(x, d, classes[d]) for d, x in batch.by_domain().items()}
        fakes = {OTHER[d]: self._decode(codes[d], OTHER[d], noise, classes[d]) for d in DOMAINS}
        again = {d: self._encode(fakes[OTHER[d]], OTHER[d], classes[d]) for d in DOMAINS}
        back = {d: self._decode(again[d], d, noise, classes[d]) for d in DOMAINS}
        return Cycle(codes, again, fakes, back)

    def _cycle_losses(self, batch: Batch, cycle: Cycle) -> Losses:
        return named("cycle", {d: mse_loss(cycle.back[d], x) for d, x in batch.by_domain().items()})

    def _encode(self, x: Tensor, domain: str, classes: Tensor | None) -> Tensor:
        code: Tensor = self.network.encode(x, _WORDS[domain], classes)
        return code

    def _decode(self, code: Tensor, domain: str, noise: float, classes: Tensor | None) -> Tensor:
        noisy = code + noise * torch.randn_like(code) if noise else code
        decoded: Tensor = self.network.decode(noisy, _WORDS[domain], classes)
        return decoded


class ResidualCycleGAN(CycleGAN):
    """The same with generators that add a change to a sample (:class:`~napari_udt.models.residual_pair.ResidualPair`)."""

    def _there(self, x: Tensor, classes: Tensor | None) -> Tensor:
        return self._changed(x, "simulated", classes)

    def _cycle(self, batch: Batch, noise: float) -> Cycle:
        del noise  # of a latent, which there is none of
        classes = classes_of(batch)
        fakes = {OTHER[d]: self._changed(x, d, classes[d]) for d, x in batch.by_domain().items()}
        back = {d: self._changed(fakes[OTHER[d]], OTHER[d], classes[d]) for d in DOMAINS}
        return Cycle({}, {}, fakes, back)

    def _changed(self, x: Tensor, domain: str, classes: Tensor | None) -> Tensor:
        moved: Tensor = self.network(x, _WORDS[domain], classes)
        return moved


class UNIT(CycleGAN):
    """One latent space for both domains (Liu et al., NeurIPS 2017).

    Besides CycleGAN's terms: the squared error of each domain's reconstruction, and the latents' Kullback-Leibler
    term mean(mu^2), of the samples and of their transfers.
    """

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Transfer both domains there and back, and reconstruct them in their own."""
        cycle = self._cycle(batch, self.latent_noise)
        x = batch.by_domain()
        classes = classes_of(batch)
        same = {d: self._decode(cycle.codes[d], d, self.latent_noise, classes[d]) for d in DOMAINS}
        losses = {
            **named("reconstruction", {d: mse_loss(same[d], x[d]) for d in DOMAINS}),
            **named("prior", {d: cycle.codes[d].square().mean() for d in DOMAINS}),
            **self._cycle_losses(batch, cycle),
            **named("cycle_prior", {d: cycle.codes_again[d].square().mean() for d in DOMAINS}),
        }
        return losses, cycle.fakes


class ResidualUNIT(UNIT):
    """The same where the difference of the decoders is added to a sample (:class:`~napari_udt.models.residual_pair.ResidualAutoencoders`)."""

    def _there(self, x: Tensor, classes: Tensor | None) -> Tensor:
        moved: Tensor = self.network(x, _WORDS["simulated"], classes)
        return moved

    def _cycle(self, batch: Batch, noise: float) -> Cycle:
        del noise  # the sample itself is carried, not only its latent
        classes, x = classes_of(batch), batch.by_domain()
        codes = {d: self._encode(x[d], d, classes[d]) for d in DOMAINS}
        fakes = {OTHER[d]: self._changed(x[d], codes[d], d, classes[d]) for d in DOMAINS}
        again = {d: self._encode(fakes[OTHER[d]], OTHER[d], classes[d]) for d in DOMAINS}
        back = {d: self._changed(fakes[OTHER[d]], again[d], OTHER[d], classes[d]) for d in DOMAINS}
        return Cycle(codes, again, fakes, back)

    def _changed(self, x: Tensor, code: Tensor, domain: str, classes: Tensor | None) -> Tensor:
        moved: Tensor = self.network.changed(x, code, _WORDS[domain], classes)
        return moved


def classes_of(batch: Batch) -> dict[str, Tensor | None]:
    """Class entries of each domain's samples; None where the network takes none."""
    return dict.fromkeys(DOMAINS) if batch.own is None else {**per_domain(batch.own)}


def _spectra(x: Tensor) -> Tensor:
    """Spectra (n, C) of a batch of spectra or images."""
    return x if x.ndim == 2 else x.movedim(1, -1).flatten(0, -2)


def _thinned(parts: list[Tensor]) -> Tensor:
    """At most `_MOST_SPECTRA` spectra, evenly spaced."""
    spectra = torch.cat(parts)
    return spectra[:: -(-len(spectra) // _MOST_SPECTRA)]
