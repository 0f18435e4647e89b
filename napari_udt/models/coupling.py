"""The affine coupling block of the transfer networks, and the small networks inside it.

The block agrees with ``AllInOneBlock`` of FrEIA 0.2 (https://github.com/vislearn/FrEIA) with soft clamping, a
global affine layer and a hard permutation; the tests compare the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SubnetMaker = Callable[[int, int], nn.Module]

# Subnet outputs are scaled down before use (as in FrEIA): larger steps in the weights stay harmless.
_SUBNET_SCALE = 0.1
# Factor on the initial weights of a subnet's last layer: blocks start near the identity.
_LAST_LAYER_INIT = 0.01


def linear_subnet(width: int) -> SubnetMaker:
    """Maker of Linear - ReLU - Linear networks with ``width`` hidden units."""

    def make(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), _near_zero(nn.Linear(width, outputs)))

    return make


def conv_subnet(width: int, kernels: Sequence[int]) -> SubnetMaker:
    """Maker of fully convolutional networks with ReLU between the layers.

    Parameters
    ----------
    width : int
        Channels between the layers.
    kernels : sequence of odd int
        Kernel size of each layer, e.g. (3, 3, 3) or (3, 1, 3); zero padding keeps the picture's size.
    """

    def make(inputs: int, outputs: int) -> nn.Module:
        sizes = [inputs, *[width] * (len(kernels) - 1), outputs]
        layers: list[nn.Module] = []
        for before, after, kernel in zip(sizes[:-1], sizes[1:], kernels, strict=True):
            layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU()]
        _near_zero(layers[-2])
        return nn.Sequential(*layers[:-1])

    return make


def _near_zero(layer: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(_LAST_LAYER_INIT)
    return layer


class CouplingBlock(nn.Module):
    r"""Affine coupling, global affine layer and fixed permutation.

    The first ``C - C // 2`` channels pass and, with the condition, decide how the others are transformed. With
    ``a = 0.1 subnet([passive, condition])``, its first half ``a1`` and second half ``a2``:

    .. math::

        L = c \tanh(a_1), \quad
        \text{active} \leftarrow \text{active} \cdot e^{L} + a_2, \quad
        y = P (s \odot u + o)

    with the clamp :math:`c`, the scale :math:`s = 0.1\,\mathrm{softplus}_{0.5}(\gamma)` and the offset :math:`o`
    per channel, and the permutation :math:`P`. With ``restore_order`` the input is permuted by :math:`P^{-1}`
    first, so that a chain of blocks keeps the channels in their places.

    Parameters
    ----------
    channels : int
        Channels C of the input (n, C) or (n, C, H, W).
    condition_channels : int
        Channels of the condition, 0 for an unconditional block.
    subnet : callable (inputs, outputs) -> Module
        Makes the network that predicts ``a``; see `linear_subnet` and `conv_subnet`.
    clamp : float
        Bound of the log-scale L.
    restore_order : bool
        Permute the input by the inverse permutation first (spectra: yes, images: no).
    picture : bool
        Whether the input has two picture axes.
    initial_scale : float
        Initial value of every ``s`` (0.7 in the published networks).

    Notes
    -----
    Source: Dreher et al., MICCAI 2023, with the blocks of Ardizzone et al., "Guided image generation with
    conditional invertible neural networks", 2019, and the soft clamping of Dinh et al., 2017.
    """

    permutation: Tensor

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        subnet: SubnetMaker,
        *,
        clamp: float = 1.0,
        restore_order: bool = False,
        picture: bool = False,
        initial_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.active_count = channels // 2
        self.passive_count = channels - self.active_count
        self.condition_channels = condition_channels
        self.clamp = clamp
        self.restore_order = restore_order
        per_channel = (1, channels, 1, 1) if picture else (1, channels)
        self.global_scale = nn.Parameter(torch.full(per_channel, _scale_parameter(initial_scale)))
        self.global_offset = nn.Parameter(torch.zeros(per_channel))
        self.register_buffer("permutation", torch.randperm(channels))
        self.subnet = subnet(self.passive_count + condition_channels, 2 * self.active_count)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode.

        Parameters
        ----------
        x : Tensor, shape (n, C) or (n, C, H, W)
        condition : Tensor, shape (n, condition_channels[, H, W]), optional
            Required when the block is conditional.

        Returns
        -------
        y : Tensor, shape of ``x``
        log_det : Tensor, shape (n,)
            Logarithm of the absolute Jacobian determinant, in nats.
        """
        if self.restore_order:
            x = x.index_select(1, self.inverse_permutation)
        passive, active = x.split((self.passive_count, self.active_count), dim=1)
        log_scale, shift = self._coefficients(passive, condition)
        changed = torch.cat((passive, active * log_scale.exp() + shift), dim=1)
        y = changed * self.scale + self.global_offset
        return y.index_select(1, self.permutation), self._log_det(log_scale)

    def inverse(self, y: Tensor, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Decode: the mirror image of `forward`, with the log-determinant of the inverse map."""
        changed = (y.index_select(1, self.inverse_permutation) - self.global_offset) / self.scale
        passive, active = changed.split((self.passive_count, self.active_count), dim=1)
        log_scale, shift = self._coefficients(passive, condition)
        x = torch.cat((passive, (active - shift) * torch.exp(-log_scale)), dim=1)
        if self.restore_order:
            x = x.index_select(1, self.permutation)
        return x, -self._log_det(log_scale)

    @property
    def scale(self) -> Tensor:
        """Scale s of the global affine layer, positive, shape (1, C) or (1, C, 1, 1)."""
        return 0.1 * functional.softplus(self.global_scale, beta=0.5)

    @property
    def inverse_permutation(self) -> Tensor:
        """Index vector that undoes ``permutation``, shape (C,)."""
        return torch.argsort(self.permutation)

    def _coefficients(self, passive: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.condition_channels:
            assert condition is not None, "a conditional block needs its condition"
            passive = torch.cat((passive, condition), dim=1)
        a = _SUBNET_SCALE * self.subnet(passive)
        first, last = a.split((self.active_count, self.active_count), dim=1)
        return self.clamp * torch.tanh(first), last

    def _log_det(self, log_scale: Tensor) -> Tensor:
        pixels = math.prod(log_scale.shape[2:])
        return log_scale.flatten(1).sum(dim=1) + pixels * self.scale.log().sum()


class CouplingChain(nn.ModuleList):
    """Coupling blocks one after the other, all with the same condition."""

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Encode: shapes as in `CouplingBlock.forward`; the log-determinants add up."""
        log_det = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for block in self:
            x, change = block(x, condition)
            log_det = log_det + change
        return x, log_det

    def inverse(self, y: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Decode: the blocks' inverses in reverse order."""
        log_det = torch.zeros(len(y), dtype=y.dtype, device=y.device)
        for block in reversed(list(self)):
            assert isinstance(block, CouplingBlock)
            y, change = block.inverse(y, condition)
            log_det = log_det + change
        return y, log_det


def _scale_parameter(scale: float) -> float:
    """Parameter whose softplus is ``scale``: the inverse of `CouplingBlock.scale`."""
    return 2.0 * math.log(math.expm1(5.0 * scale))
