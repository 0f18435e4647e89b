"""One level of a wavelet flow: details given the coarser picture, or the coarsest picture given the classes.

A linear prior comes first (:mod:`napari_udt.models.flow_prior`). A context network corrects its scale and shift, and coupling blocks code what is
neither linear nor normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_udt.models.coupling import CouplingBlock, CouplingChain, conv_subnet
from napari_udt.models.flow_prior import DOMAIN_CHANNELS, LinearPrior

# Bound of the context network's log-scale.
_LOG_SCALE_BOUND = 3.0
_KERNELS = (3, 1, 3)


@dataclass(frozen=True)
class LevelSize:
    """Coupling blocks of one level, and the channels of their subnets and of the context network."""

    blocks: int
    width: int


class FlowLevel(nn.Module):
    """Flow of the details of one level, or of the coarsest picture.

    Only the first components go through the coupling blocks: the others are weak and mostly noise, and normal given the rest.

    Parameters
    ----------
    components : int
        Spectral components.
    details : int
        Details of each at a place: 3, or 1 for the coarsest picture, which is coded given the classes only.
    coupled : int
        Components whose details go through the coupling blocks, the first ones.
    class_channels : int
        Maps of the classes.
    size : LevelSize
    clamp, initial_scale : float
        See :class:`~napari_udt.models.coupling.CouplingBlock`.

    Notes
    -----
    The condition of a level is (n, [components +] 2 + class_channels, H, W): coarser picture, domain, classes.
    """

    def __init__(
        self,
        components: int,
        details: int,
        coupled: int,
        class_channels: int,
        size: LevelSize,
        clamp: float,
        initial_scale: float,
    ) -> None:
        super().__init__()
        has_coarser = details > 1
        condition = has_coarser * components + DOMAIN_CHANNELS + class_channels
        channels, width = components * details, size.width
        self.parts = coupled * details, channels - coupled * details
        self.prior = LinearPrior(components, details, has_coarser, class_channels)
        self.context = nn.Sequential(
            nn.Conv2d(condition, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.affine = _zero(nn.Conv2d(width, 2 * channels, 1))
        self.blocks = CouplingChain(
            CouplingBlock(
                coupled * details,
                width,
                conv_subnet(width, _KERNELS),
                clamp=clamp,
                picture=True,
                initial_scale=initial_scale,
            )
            for _ in range(size.blocks)
        )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (n, channels, H, W) given their condition; with the log-determinant (n,) in nats."""
        features, log_scale, shift = self.coefficients(condition)
        x, log_det = self.prior(x, condition)
        coupled, rest = ((x - shift) * log_scale.exp()).split(self.parts, dim=1)
        coupled, change = self.blocks(coupled, features)
        return torch.cat((coupled, rest), dim=1), log_det + log_scale.flatten(1).sum(dim=1) + change

    def inverse(self, z: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode; with the log-determinant of the inverse map."""
        features, log_scale, shift = self.coefficients(condition)
        coupled, rest = z.split(self.parts, dim=1)
        coupled, change = self.blocks.inverse(coupled, features)
        x = torch.cat((coupled, rest), dim=1) * torch.exp(-log_scale) + shift
        x, log_det = self.prior.inverse(x, condition)
        return x, change - log_scale.flatten(1).sum(dim=1) + log_det

    def coefficients(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (n, width, H, W) of a condition, and log-scale and shift (n, channels, H, W) after the prior."""
        features = self.context(condition)
        return features, *bounded(self.affine(features))

    def fit(self, domains: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Fit the prior to what is to be coded, (N, channels, H, W), and its condition, for each domain."""
        self.prior.fit(domains)


def bounded(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Log-scale and shift from what the context network's last layer gives, (n, 2 channels, H, W)."""
    log_scale, shift = raw.chunk(2, dim=1)
    return _LOG_SCALE_BOUND * torch.tanh(log_scale / _LOG_SCALE_BOUND), shift


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
