"""Networks that guess a sample of the target domain from a noisy one, its source, the step, the class and a latent.

Both add a change to the source, which is zero until they are trained: the guess then is the source itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_udt.models.residual_pair import spectral_change, zeroed

LARGEST_CHANGE = 6.0  # in the domain's standard deviations: beyond it lies nothing but early mistakes
_EMBEDDED = 64
_GROUPS = 8


class SpectralDenoiser(nn.Module):
    """A perceptron.

    Parameters
    ----------
    channels, class_count : int
    hidden, layers : int
        Width and number of the hidden layers.
    latent, steps : int
        Entries of the latent z, and steps T of the diffusion.
    """

    def __init__(
        self, channels: int, class_count: int, *, hidden: int, layers: int, latent: int, steps: int
    ) -> None:
        super().__init__()
        self.steps = steps
        inputs = class_count + channels + steps + latent
        self.change = spectral_change(channels, inputs, hidden=hidden, layers=layers)

    def forward(self, x_t: Tensor, source: Tensor, t: Tensor, z: Tensor, classes: Tensor | None) -> Tensor:
        """Guess samples (n, C) from noisy ones and sources (n, C), steps (n,), latents (n, latent), class entries (n, K)."""
        given = [x_t, source, one_hot(t, self.steps, x_t), z]
        change = self.change(torch.cat(given if classes is None else [*given, classes], dim=1))
        return source + change.clamp(-LARGEST_CHANGE, LARGEST_CHANGE)


class ImageDenoiser(nn.Module):
    """A U-Net whose features are scaled and shifted by step and latent.

    Parameters
    ----------
    channels, class_count : int
    widths : sequence of int
        Features at each scale, from the finest to the coarsest.
    latent, steps : int
        As for spectra.
    """

    def __init__(
        self, channels: int, class_count: int, widths: Sequence[int], *, latent: int, steps: int
    ) -> None:
        super().__init__()
        self.steps = steps
        self.multiple = 2 ** (len(widths) - 1)
        self.embedding = nn.Sequential(
            nn.Linear(steps + latent, _EMBEDDED), nn.SiLU(), nn.Linear(_EMBEDDED, _EMBEDDED), nn.SiLU()
        )
        self.first = nn.Conv2d(2 * channels + class_count, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 4, 2, 1) for fine, coarse in pairwise(widths))
        self.encoding = nn.ModuleList(_Block(width, width) for width in widths)
        self.decoding = nn.ModuleList(_Block(fine + coarse, fine) for fine, coarse in pairwise(widths))
        self.last = zeroed(nn.Conv2d(widths[0], channels, 3, padding=1))

    def forward(self, x_t: Tensor, source: Tensor, t: Tensor, z: Tensor, classes: Tensor | None) -> Tensor:
        """Guess samples (n, C, H, W) from noisy ones and sources, steps (n,), latents (n, latent), class entries (n, K, H, W)."""
        code = self.embedding(torch.cat((one_hot(t, self.steps, x_t), z), dim=1))
        given = [x_t, source] if classes is None else [x_t, source, classes]
        x = self.encoding[0](self.first(torch.cat(given, dim=1)), code)
        passed = []
        for halve, block in zip(self.down, self.encoding[1:], strict=True):
            passed.append(x)
            x = block(halve(x), code)
        for block, fine in zip(reversed(self.decoding), reversed(passed), strict=True):
            x = block(torch.cat((functional.interpolate(x, scale_factor=2), fine), dim=1), code)
        change: Tensor = self.last(x)
        return source + change.clamp(-LARGEST_CHANGE, LARGEST_CHANGE)


class _Block(nn.Module):
    """Two convolutions with a normalisation in between that step and latent scale and shift (FiLM, Perez et al., AAAI 2018)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.GroupNorm(_GROUPS if outputs % _GROUPS == 0 else 1, outputs, affine=False)
        self.film = nn.Linear(_EMBEDDED, 2 * outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.film(code)[:, :, None, None].chunk(2, dim=1)
        hidden = functional.silu(self.norm(self.first(x)) * (1 + scale) + shift)
        out: Tensor = functional.silu(self.second(hidden))
        return out


def one_hot(t: Tensor, steps: int, like: Tensor) -> Tensor:
    """Return steps (n,) from 1 to ``steps`` as entries (n, steps)."""
    return functional.one_hot(t - 1, steps).to(like)
