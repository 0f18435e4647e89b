"""Objective of DicycleGAN: deformed pictures meet the discriminators, undeformed ones stay aligned with their source."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import l1_loss

from napari_udt.models.autoencoders import DOMAINS as NETWORK_DOMAINS
from napari_udt.models.conditions import Conditions
from napari_udt.models.dicycle import warped
from napari_udt.training.config import TrainingConfig
from napari_udt.training.cycle import ResidualCycleGAN, classes_of
from napari_udt.training.mutual_information import alignment
from napari_udt.training.objective import DOMAINS, OTHER, Batch, Losses, named, per_domain

_WORDS = dict(zip(DOMAINS, NETWORK_DOMAINS, strict=True))


class DicycleGAN(ResidualCycleGAN):
    """Losses of Wang et al., SASHIMI 2018: L = L_GAN + 0.9 L_align + 10 L_cyc + 10 L_dicyc.

    L_GAN sees deformed pictures only. L_align is one minus the normalised mutual information of a picture and its undeformed transfer, of each
    direction. L_cyc and L_dicyc are mean absolute errors of undeformed and of deformed cycles. Held out is judged as a CycleGAN is,
    by undeformed transfers.
    """

    def __init__(self, config: TrainingConfig, network: Any, conditions: Conditions) -> None:
        super().__init__(config, network, conditions)
        self.settings = config.dicyclegan
        self.weights = {
            "generator": config.optimisation.gan_weight,
            "align": self.settings.align_weight,
            "cycle": config.autoencoder.cycle_weight,
            "dicycle": self.settings.dicycle_weight,
        }

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Transfer both domains there and back, undeformed and deformed."""
        x, classes, labels = batch.by_domain(), classes_of(batch), per_domain(batch.labels)
        settings, fakes = self.settings, {}
        losses: dict[str, dict[str, Tensor]] = {"align": {}, "cycle": {}, "dicycle": {}}
        for d in DOMAINS:
            moved, bent, offsets = self.network.deformed(x[d], _WORDS[d], classes[d])
            fakes[OTHER[d]] = bent
            losses["align"][d] = 1 - alignment(
                x[d], moved, labels[d], pixels=settings.pixels, wavelengths=settings.wavelengths
            )
            back = self._changed(moved, OTHER[d], classes[d])
            losses["cycle"][d] = l1_loss(back, x[d])
            there = classes[d]
            there = (
                None if there is None else warped(there, offsets)
            )  # classes are displaced with their pixels
            bent_back = self.network.deformed(bent, _WORDS[OTHER[d]], there)[1]
            losses["dicycle"][d] = l1_loss(bent_back, x[d])
        return {key: value for kind, by in losses.items() for key, value in named(kind, by).items()}, fakes
