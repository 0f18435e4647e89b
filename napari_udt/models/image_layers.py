"""The convolutional layers that the image networks of UNIT and CycleGAN are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "lrelu": lambda: nn.LeakyReLU(0.2),
    "none": nn.Identity,
}
Padding = Literal["reflect", "replicate"]
Norm = Literal["instance", "group", "region"]

_GROUPS = 8
_REGION_WIDTH = 16


@dataclass(frozen=True)
class ImageSize:
    """Size and kind of the layers.

    Parameters
    ----------
    widths : sequence of int
        Channels at each scale, from the finest to the coarsest.
    residual_blocks : int
        At the coarsest scale, in encoder and decoder each.
    padding : {"reflect", "replicate"}
    activation : {"relu", "lrelu", "none"}
    norm : {"instance", "group", "region"}
        "instance" as published: every channel of a picture gets mean 0 and variance 1, and its level is lost. "group" does so
        for groups of channels together, with a learnt scale and offset. "region" takes scale and offset of every pixel from
        its class entries (region-adaptive normalisation, Park et al., "Semantic Image Synthesis with Spatially-Adaptive
        Normalization", CVPR 2019, equation 1).
    """

    widths: Sequence[int]
    residual_blocks: int
    padding: Padding
    activation: str
    norm: Norm = "instance"

    @property
    def multiple(self) -> int:
        """Number that must divide a picture's height and width, in pixels."""
        return int(2 ** (len(self.widths) - 1))


class ClassLayers(nn.Sequential):
    """Layers in a row, of which some take the class entries (n, K, H, W) beside their input."""

    def forward(self, x: Tensor, classes: Tensor | None = None) -> Tensor:
        """Run all layers."""
        for layer in self:
            takes_classes = isinstance(layer, ClassLayers | RegionNorm | _Residual)
            x = layer(x, classes) if takes_classes else layer(x)
        return x


class RegionNorm(nn.Module):
    """Normalise channels in groups, then scale and shift every pixel as its class entries say.

    Parameters
    ----------
    channels : int
    classes : int
        K, number of class entries.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_groups(channels), channels, affine=False)
        self.shared = nn.Conv2d(classes, _REGION_WIDTH, 3, padding=1)
        self.scale = nn.Conv2d(_REGION_WIDTH, channels, 3, padding=1)
        self.shift = nn.Conv2d(_REGION_WIDTH, channels, 3, padding=1)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """Normalise (n, channels, H, W) by class entries (n, K, H', W') of the whole picture, averaged to that size."""
        entries = functional.adaptive_avg_pool2d(classes, (x.shape[-2], x.shape[-1]))
        hidden = functional.relu(self.shared(entries))
        normalised: Tensor = self.norm(x)
        return normalised * (1 + self.scale(hidden)) + self.shift(hidden)


class _Residual(nn.Module):
    """x + second(first(x))."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor, classes: Tensor | None = None) -> Tensor:
        return x + self.second(self.first(x, classes), classes)


def encoding_layers(channels: int, size: ImageSize, class_count: int = 0) -> ClassLayers:
    """Return the layers from a picture with ``channels`` to the coarsest scale: 7 x 7, halvings, residual blocks."""
    down = [_conv(fine, coarse, 4, size, class_count, stride=2) for fine, coarse in pairwise(size.widths)]
    first = _conv(channels, size.widths[0], 7, size, class_count)
    return ClassLayers(first, *down, *_residuals(size, class_count))


def decoding_layers(channels: int, size: ImageSize, class_count: int = 0) -> ClassLayers:
    """Return the layers from the coarsest scale to a picture with ``channels``: residual blocks, doublings, 7 x 7."""
    up = [
        ClassLayers(nn.Upsample(scale_factor=2), _conv(coarse, fine, 5, size, class_count))
        for coarse, fine in pairwise(reversed(size.widths))
    ]
    last = nn.Conv2d(size.widths[0], channels, 7, padding=3, padding_mode=size.padding)
    return ClassLayers(*_residuals(size, class_count), *up, last)


def _residuals(size: ImageSize, class_count: int) -> list[nn.Module]:
    width = size.widths[-1]
    return [
        _Residual(
            _conv(width, width, 3, size, class_count),
            _conv(width, width, 3, size, class_count, active=False),
        )
        for _ in range(size.residual_blocks)
    ]


def _conv(
    inputs: int,
    outputs: int,
    kernel: int,
    size: ImageSize,
    class_count: int,
    *,
    stride: int = 1,
    active: bool = True,
) -> ClassLayers:
    layer = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, padding_mode=size.padding)
    chosen = ACTIVATIONS[size.activation]() if active else nn.Identity()
    return ClassLayers(layer, _norm(size.norm, outputs, class_count), chosen)


def _norm(norm: Norm, channels: int, class_count: int) -> nn.Module:
    if norm == "instance":
        return nn.InstanceNorm2d(channels)
    return nn.GroupNorm(_groups(channels), channels) if norm == "group" else RegionNorm(channels, class_count)


def _groups(channels: int) -> int:
    return _GROUPS if channels % _GROUPS == 0 else 1
