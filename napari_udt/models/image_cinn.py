"""The multi-scale conditional invertible network for images (PAT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_udt.errors import ModelError
from napari_udt.models.coupling import CouplingBlock, CouplingChain, conv_subnet
from napari_udt.models.haar import haar_downsample, haar_upsample

DOMAIN_CHANNELS = 2  # simulated, real


@dataclass(frozen=True)
class Scale:
    """One scale of the network: its coupling blocks and their subnets."""

    blocks: int
    width: int
    kernels: tuple[int, ...]


class ImageCINN(nn.Module):
    """Coupling blocks at several scales, with a Haar transform between them.

    The network is fully convolutional. The finest scale sees the domain and the classes, the others the domain
    only.

    Parameters
    ----------
    channels : int
        Wavelengths per pixel.
    condition_channels : int
        Maps of the finest scale's condition: 2 for the domain (simulated before real), then one per class.
    scales : sequence of Scale
        From the finest to the coarsest.
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.

    Notes
    -----
    The published network has 16 channels and the scales (4, 256), (2, 256), (1, 1040), (1, 2056), (2, 256) as
    (blocks, width) with three 3 x 3 convolutions each (Dreher et al., MICCAI 2023, and the authors' code).
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        scales: Sequence[Scale],
        *,
        clamp: float = 1.0,
        initial_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            CouplingChain(
                CouplingBlock(
                    channels * 4**level,
                    condition_channels if level == 0 else DOMAIN_CHANNELS,
                    conv_subnet(scale.width, scale.kernels),
                    clamp=clamp,
                    picture=True,
                    initial_scale=initial_scale,
                )
                for _ in range(scale.blocks)
            )
            for level, scale in enumerate(scales)
        )
        self.channels = channels

    @property
    def multiple(self) -> int:
        """Number that must divide a picture's height and width, in pixels."""
        return 2 ** (len(self.scales) - 1)

    def forward(self, x: Tensor, condition: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Encode normalised images.

        Parameters
        ----------
        x : Tensor, shape (n, channels, H, W)
        condition : sequence of Tensor
            One per scale: (n, 2 + classes, H, W), (n, 2, H / 2, W / 2), (n, 2, H / 4, W / 4), ...

        Returns
        -------
        z : Tensor, shape (n, channels * H * W)
            The coarsest scale, flattened.
        log_det : Tensor, shape (n,)
            In nats.

        Raises
        ------
        ModelError
            When H or W cannot be halved often enough, or the conditions are not one per scale.
        """
        self.check(x.shape[-2:], condition)
        log_det = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for level, blocks in enumerate(self.scales):
            x = x if level == 0 else haar_downsample(x)
            x, change = blocks(x, condition[level])
            log_det = log_det + change
        return x.flatten(1), log_det

    def inverse(self, z: Tensor, condition: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Decode; the picture's size is that of the finest condition. Shapes as in `forward`."""
        height, width = condition[0].shape[-2:]
        self.check((height, width), condition)
        coarsest = len(self.scales) - 1
        x = z.reshape(len(z), self.channels * 4**coarsest, height >> coarsest, width >> coarsest)
        log_det = torch.zeros(len(z), dtype=z.dtype, device=z.device)
        for level in range(coarsest, -1, -1):
            blocks = self.scales[level]
            assert isinstance(blocks, CouplingChain)
            x, change = blocks.inverse(x, condition[level])
            log_det = log_det + change
            x = x if level == 0 else haar_upsample(x)
        return x, log_det

    def check(self, picture: Sequence[int], condition: Sequence[Tensor]) -> None:
        """Raise ModelError when a picture of (rows, columns) or the number of conditions does not fit."""
        if any(side % self.multiple for side in picture):
            raise ModelError(
                f"The picture is {picture[0]} x {picture[1]} pixels; this network needs multiples of "
                f"{self.multiple}: pad or crop it first."
            )
        if len(condition) != len(self.scales):
            raise ModelError(f"{len(condition)} conditions for {len(self.scales)} scales; expected one each.")
