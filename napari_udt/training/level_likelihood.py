"""Objective of wavelet flows: the likelihood level by level, on parts of the fine levels."""

from __future__ import annotations

import torch
from torch import Tensor

from napari_udt.training.likelihood import Likelihood
from napari_udt.training.losses import maximum_likelihood
from napari_udt.training.objective import DOMAINS, Batch, Losses


class LevelLikelihood(Likelihood):
    """Mean over the levels of the negative log-likelihood per dimension, and the adversarial terms.

    Every level counts as much as any other: they share no weights, and by dimensions the finest would outweigh
    all others where the further terms pull at the same weights. Only a part of a fine level is encoded
    (``optimisation.window``), and of coarse levels more of the batch's samples. Held out is judged by the likelihood of whole samples.
    """

    def __call__(self, batch: Batch) -> tuple[Losses, dict[str, Tensor]]:
        """Encode both domains and, where there are discriminators, decode each sample in the other one."""
        losses = {}
        for index, domain in enumerate(DOMAINS):
            x, condition = batch.x.chunk(2)[index], batch.own.chunk(2)[index]
            parts = self.network.parts(x, condition, self.config.optimisation.window)
            values = [maximum_likelihood(z.flatten(1), log_det).mean() for z, log_det in parts]
            losses[f"ml_{domain}"] = torch.stack(values).mean()
        if not self.adversarial:
            return losses, {}
        return losses, self._transferred(self.network(batch.x, batch.own)[0], batch.other)
