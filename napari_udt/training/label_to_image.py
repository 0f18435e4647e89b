"""Objective of pictures made from labels alone: Med-USIS, and its switches USIS and OASIS.

The generator G(m, z) shall make pictures that a discriminator takes for real ones of the target domain, and in which a segmenter S recognises
the labels m; S is trained on made pictures only, so nothing is paired:

    L_G = softplus(-D(G(m, z))) + w L_seg(m, S(G(m, z)))
    L_D = softplus(-D(x)) + softplus(D(G(m, z))) + r / 2 |dD/dx|^2,    L_S = L_seg(m, S(G(m, z)))

with L_seg the cross-entropy in which a pixel of class c counts alpha_c = H W / E[pixels of c] (Tang, "Med-USIS", thesis, Stuttgart 2024; gradient
penalty R1: Mescheder et al., ICML 2018). S would recognise labels in whatever code G agrees on with it; whether they can be read from the
pictures is judged by another segmenter, which has seen the target alone (`napari_udt.evaluation.label_recovery`). The thesis's
mask loss is left out: its threshold has no gradient, and the thesis finds no gain from it with wavelets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, softplus

from napari_udt.models.conditions import Conditions
from napari_udt.models.haar import haar_downsample
from napari_udt.models.label_to_image import LabelGenerator, truncated_normal
from napari_udt.models.unet import UNet
from napari_udt.training.config import TrainingConfig
from napari_udt.training.label_judges import PictureDiscriminator, class_weights, segmentation_loss
from napari_udt.training.losses import energy_distance
from napari_udt.training.objective import Batch, Losses, Objective

_MOST_SPECTRA = 2000
_SMALLEST = 1e-6


class LabelToImage(Objective):
    """Losses of a generator of pictures from labels, see the module.

    Held out is judged by the energy distance of made spectra from the target's, and by how far the power of the Haar details of either
    size is from the target's: mean absolute difference of the logarithms.
    """

    network: LabelGenerator

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        self.settings = config.label_to_image
        self.weights = {
            "generator": config.optimisation.gan_weight,
            "segmentation": self.settings.segmentation_weight,
        }

    def discriminators(self, channels: int) -> dict[str, nn.Module]:
        """Return discriminator and segmenter, or one network that is both."""
        settings, classes = self.settings, self.conditions.class_count
        if settings.discriminator == "segmentation":
            return {"both": UNet(channels, classes + 1, settings.widths)}
        judge = PictureDiscriminator(
            channels,
            settings.widths,
            wavelets=settings.wavelets,
            reconstructs=settings.reconstruction_weight > 0,
        )
        return {"second": judge, "segmenter": UNet(channels, classes, settings.segmenter_widths)}

    def conditioned(self, batch: Batch) -> Batch:
        """Draw the class entries."""
        drawn = self.conditions.random(batch.labels.shape, batch.domain, batch.labels, like=batch.x)
        return replace(
            batch, own=drawn[:, 2:]
        )  # the domain entries come first; pictures are of the target alone

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Make a picture from the labels of every simulated sample; all losses are the discriminators'."""
        simulated = batch.simulated()
        return {}, {"second": self._made(simulated.own), "labels": simulated.labels}

    def moved(self, simulated: Batch, *, noisy: bool = False) -> Tensor:
        """Make pictures from the labels of simulated samples, each with a code of its own."""
        del noisy
        labels = simulated.labels
        return self._made(self.conditions.expected(labels.shape, "real", labels, like=simulated.x)[:, 2:])

    def generator_losses(
        self, discriminators: Mapping[str, nn.Module], fakes: Mapping[str, Tensor]
    ) -> Losses:
        """Whether made pictures pass for real ones, and whether their labels are recognised."""
        labels, made = fakes["labels"], fakes["second"]
        weights = class_weights(labels, self.conditions.class_count)
        if self.settings.discriminator == "segmentation":
            logits = discriminators["both"](made)
            return {
                "segmentation_second": segmentation_loss(logits, labels, torch.cat((weights, weights[:1])))
            }
        return {
            "generator_second": softplus(-discriminators["second"](made)).mean(),
            "segmentation_second": segmentation_loss(discriminators["segmenter"](made), labels, weights),
        }

    def discriminator_losses(
        self, discriminators: Mapping[str, nn.Module], batch: Batch, fakes: Mapping[str, Tensor], step: int
    ) -> Losses:
        """Losses of discriminator and segmenter."""
        real, made = batch.by_domain()["second"], fakes["second"].detach()
        due = self.settings.r1_weight > 0 and step % self.settings.r1_every == 0
        real = real.detach().requires_grad_(due)
        if self.settings.discriminator == "segmentation":
            losses, scores = self._of_one_judge(discriminators["both"], real, made, batch)
        else:
            losses, scores = self._judged(discriminators, real, made, batch)
        factor = 0.5 * self.settings.r1_every * self.settings.r1_weight
        losses["r1_second"] = factor * _penalty(scores, real) if due else scores.new_zeros(())
        return losses

    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Distance of made pictures from the target's, in their spectra and in the power of their details."""
        made, real, powers = [], [], []
        for batch in batches:
            fake, true = self._made(batch.simulated().own), batch.by_domain()["second"]
            made.append(_spectra(fake))
            real.append(_spectra(true))
            powers.append(torch.stack([_detail_power(fake), _detail_power(true)]))
        ours, theirs = torch.stack(powers).mean(dim=0).clamp_min(_SMALLEST).log()
        return {
            "held_out_distance_second": energy_distance(_thinned(made), _thinned(real)).item(),
            "held_out_detail_second": (ours - theirs).abs().mean().item(),
        }

    def _made(self, classes: Tensor) -> Tensor:
        size, (n, _, rows, columns) = self.network.size, classes.shape
        latent = truncated_normal((n, size.latent), None).to(classes)
        texture = truncated_normal((n, size.texture, rows, columns), None).to(classes)
        made: Tensor = self.network(classes, latent, texture)
        return made

    def _judged(
        self, discriminators: Mapping[str, nn.Module], real: Tensor, made: Tensor, batch: Batch
    ) -> tuple[Losses, Tensor]:
        """Losses of a discriminator of pictures and of a segmenter beside it, and the scores of real pictures."""
        judge = discriminators["second"]
        assert isinstance(judge, PictureDiscriminator)
        features = judge.features(real)
        scores = judge.scores(features[-1])
        labels = batch.simulated().labels
        weights = class_weights(labels, self.conditions.class_count)
        losses = {
            "discriminator_second": softplus(-scores).mean() + softplus(judge(made)).mean(),
            "segmenter_second": segmentation_loss(discriminators["segmenter"](made), labels, weights),
        }
        if self.settings.reconstruction_weight:
            error = l1_loss(judge.reconstruction(features), real.detach())
            losses["reconstruction_second"] = self.settings.reconstruction_weight * error
        return losses, scores

    def _of_one_judge(
        self, judge: nn.Module, real: Tensor, made: Tensor, batch: Batch
    ) -> tuple[Losses, Tensor]:
        """Losses of a segmenter that knows the classes of real pictures, and one more for made ones (OASIS)."""
        labels, classes = batch.labels.chunk(2)[1], self.conditions.class_count
        weights = torch.cat((class_weights(labels, classes), torch.ones(1)))
        logits = judge(real)
        fake = torch.full_like(labels, classes)
        losses = {
            "discriminator_second": segmentation_loss(logits, labels, weights)
            + segmentation_loss(judge(made), fake, weights)
        }
        return losses, torch.logsumexp(logits[:, :classes], dim=1) - logits[:, classes]


def _penalty(scores: Tensor, real: Tensor) -> Tensor:
    """Squared gradient of each picture's mean score, mean over the pictures."""
    (gradient,) = torch.autograd.grad(scores.flatten(1).mean(dim=1).sum(), real, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()


def _detail_power(pictures: Tensor) -> Tensor:
    """Mean square of the horizontal, vertical and diagonal details of pictures (n, C, H, W) at two sizes, shape (6,)."""
    found = []
    for _ in range(2):
        bands = haar_downsample(pictures).unflatten(1, (-1, 4))
        found.append(bands[:, :, 1:].square().mean(dim=(0, 1, 3, 4)))
        pictures = 0.5 * bands[:, :, 0]
    return torch.cat(found)


def _spectra(x: Tensor) -> Tensor:
    return x.movedim(1, -1).flatten(0, -2)


def _thinned(parts: list[Tensor]) -> Tensor:
    """At most `_MOST_SPECTRA` spectra, evenly spaced."""
    spectra = torch.cat(parts)
    return spectra[:: -(-len(spectra) // _MOST_SPECTRA)]
