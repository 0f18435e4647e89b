"""SynDiff: a diffusion of few steps draws the target from noise, guided by the source.

After Özbey et al., "Unsupervised Medical Image Translation with Adversarial Diffusion Models", IEEE TMI 2023: a denoiser per domain, and a pair of
generators that make a pseudo-source of every unpaired target sample, for training alone. Written from the equations; denoisers and
generators add a bounded change here, so that a transfer keeps its source's structure.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from napari_udt.models.autoencoders import DOMAINS
from napari_udt.models.conditions import DomainLike
from napari_udt.models.diffusion import Diffusion
from napari_udt.models.draws import Draws, OwnDraws
from napari_udt.models.residual_pair import ResidualPair
from napari_udt.models.translator import TranslatorModel


class SynDiffNetworks(nn.Module):
    """The denoisers of both domains and the generators of pseudo-sources.

    Parameters
    ----------
    denoiser : callable () -> Module
        Makes a network (x_t, source, t, z, classes) -> x_0; called once per domain.
    generators : ResidualPair
        From either domain to the other.
    latent, steps : int
        Entries of the latent z, and steps of the diffusion.
    """

    def __init__(
        self, denoiser: Callable[[], nn.Module], generators: ResidualPair, *, latent: int, steps: int
    ) -> None:
        super().__init__()
        self.denoisers = nn.ModuleDict({domain: denoiser() for domain in DOMAINS})  # by the domain they give
        self.generators = generators
        self.diffusion = Diffusion(steps)
        self.latent = latent
        self.multiple = max(
            generators.multiple, *(int(getattr(d, "multiple", 1)) for d in self.denoisers.values())
        )

    def denoised(
        self, x_t: Tensor, source: Tensor, t: Tensor, z: Tensor, target: str, classes: Tensor | None
    ) -> Tensor:
        """Guess the samples (n, C[, H, W]) of a domain behind noisy ones at steps ``t`` (n,)."""
        found: Tensor = self.denoisers[target](x_t, source, t, z, classes)
        return found

    def sample(self, source: Tensor, target: str, classes: Tensor | None, draws: Draws) -> Tensor:
        """Draw a sample (n, C[, H, W]) of a domain for every source, from noise in all steps."""
        x = draws.normal(*source.shape[1:])
        for step in range(self.diffusion.steps, 0, -1):
            t = torch.full((len(x),), step, device=x.device)
            guess = self.denoised(x, source, t, draws.normal(self.latent), target, classes)
            x, deviation = self.diffusion.posterior(x, guess, t)
            if step > 1:
                x = x + deviation * draws.normal(*source.shape[1:])
        return x


class SynDiffModel(TranslatorModel):
    """A transfer that draws one sample; see :class:`~napari_udt.models.model.TransferModel` for the conventions."""

    network: SynDiffNetworks

    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        del steps  # their number is that of the training
        first, last = self._end(source), self._end(target)
        return x if first == last else self.network.sample(x, DOMAINS[last], classes, OwnDraws(x, seed))
