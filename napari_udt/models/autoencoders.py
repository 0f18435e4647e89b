"""The auto-encoders of the comparison methods UNIT and CycleGAN.

One :class:`AutoencoderPair` serves both methods: a transfer encodes with the source domain's encoder and decodes
with the target domain's decoder. UNIT trains the two halves to share a latent space (Liu et al., NeurIPS 2017);
in CycleGAN (Zhu et al., ICCV 2017) each direction has a latent space of its own, so that only transfers, not
reconstructions, mean something. Layers as in Dreher et al., MICCAI 2023, and the authors' code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

DOMAINS = ("simulated", "real")
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "lrelu": lambda: nn.LeakyReLU(0.2),
    "none": nn.Identity,
}
Padding = Literal["reflect", "replicate"]


class AutoencoderPair(nn.Module):
    """An encoder and a decoder per domain.

    Parameters
    ----------
    encoder, decoder : callable () -> Module
        Make the two halves; called once per domain.
    multiple : int
        Number that must divide a picture's height and width, in pixels; 1 for spectra.
    """

    def __init__(
        self, encoder: Callable[[], nn.Module], decoder: Callable[[], nn.Module], multiple: int = 1
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({domain: encoder() for domain in DOMAINS})
        self.decoders = nn.ModuleDict({domain: decoder() for domain in DOMAINS})
        self.multiple = multiple

    def encode(self, x: Tensor, domain: str, classes: Tensor | None = None) -> Tensor:
        """Encode normalised values (n, C[, H, W]) of a domain, with class entries (n, K[, H, W]) if conditional."""
        return self.encoders[domain](x if classes is None else torch.cat((x, classes), dim=1))

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """Decode latents into normalised values of a domain, shape (n, C[, H, W])."""
        return self.decoders[domain](z)


def spectral_pair(
    channels: int, class_count: int, *, hidden: int, latent: int, activation: str
) -> AutoencoderPair:
    """Auto-encoders of spectra: Linear - activation - Linear, then a linear decoder.

    The published networks are stacks of linear layers with one activation in the middle; multiplied out they are
    exactly this.
    """
    return AutoencoderPair(
        lambda: nn.Sequential(
            nn.Linear(channels + class_count, hidden), ACTIVATIONS[activation](), nn.Linear(hidden, latent)
        ),
        lambda: nn.Linear(latent, channels),
    )


def image_pair(
    channels: int,
    class_count: int,
    *,
    widths: Sequence[int],
    residual_blocks: int,
    padding: Padding,
    activation: str,
) -> AutoencoderPair:
    """Auto-encoders of images: convolutions that halve the picture, residual blocks, and their mirror image.

    Parameters
    ----------
    widths : sequence of int
        Channels at each scale, from the finest to the coarsest.
    residual_blocks : int
        At the coarsest scale, in encoder and decoder each.
    padding : {"reflect", "replicate"}
    activation : {"relu", "lrelu", "none"}
    """

    def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, active: bool = True) -> nn.Module:
        layer = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, padding_mode=padding)
        chosen = ACTIVATIONS[activation]() if active else nn.Identity()
        return nn.Sequential(layer, nn.InstanceNorm2d(outputs), chosen)

    def residuals() -> list[nn.Module]:
        width = widths[-1]
        return [
            _Residual(conv(width, width, 3), conv(width, width, 3, active=False))
            for _ in range(residual_blocks)
        ]

    def encoder() -> nn.Module:
        down = [conv(fine, coarse, 4, stride=2) for fine, coarse in pairwise(widths)]
        return nn.Sequential(conv(channels + class_count, widths[0], 7), *down, *residuals())

    def decoder() -> nn.Module:
        up = [
            nn.Sequential(nn.Upsample(scale_factor=2), conv(coarse, fine, 5))
            for coarse, fine in pairwise(reversed(widths))
        ]
        last = nn.Conv2d(widths[0], channels, 7, padding=3, padding_mode=padding)
        return nn.Sequential(*residuals(), *up, last)

    return AutoencoderPair(encoder, decoder, multiple=2 ** (len(widths) - 1))


class _Residual(nn.Module):
    """x + second(first(x))."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))
