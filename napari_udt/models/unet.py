"""A small U-Net."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.2


class UNet(nn.Module):
    """A small U-Net: what a picture shows at every pixel.

    Parameters
    ----------
    inputs, outputs : int
        Channels of the picture and of the result.
    widths : sequence of int
        Channels at each scale, from the finest to the coarsest.
    """

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.down = nn.ModuleList(_double(a, b) for a, b in pairwise([inputs, *widths]))
        self.up = nn.ModuleList(
            _double(coarse + fine, fine) for fine, coarse in reversed(list(pairwise(widths)))
        )
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (n, outputs, H, W) of pictures (n, inputs, H, W), whose sides 2 ** (scales - 1) divides."""
        found: list[Tensor] = []
        state = pictures
        for level, block in enumerate(self.down):
            state = block(functional.avg_pool2d(state, 2) if level else state)
            found.append(state)
        for block, finer in zip(self.up, reversed(found[:-1]), strict=True):
            state = block(torch.cat((functional.interpolate(state, scale_factor=2.0), finer), dim=1))
        shown: Tensor = self.last(state)
        return shown


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.LeakyReLU(_SLOPE),
    )
