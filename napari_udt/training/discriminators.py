"""Discriminators of a domain's own samples and transferred ones.

They exist during training only. Both return a list of score tensors, one per scale; there is no
activation after the last layer because the losses are least-squares (LSGAN).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from napari_udt.training.config import DiscriminatorConfig

LEAKINESS = 0.2


class SpectrumDiscriminator(nn.Module):
    """Judge single spectra: as many scores as channels.

    Linear - dropout - leaky ReLU on the first hidden layer, plain linear layers after it, as in the paper's
    published code.

    Parameters
    ----------
    channels : int
    width, layers, dropout
        See :class:`~napari_udt.training.config.DiscriminatorConfig`.
    """

    def __init__(self, channels: int, width: int = 256, layers: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        hidden = [nn.Linear(width, width) for _ in range(layers - 1)]
        self.layers = nn.Sequential(
            nn.Linear(channels, width),
            nn.Dropout(dropout),
            nn.LeakyReLU(LEAKINESS),
            *hidden,
            nn.Linear(width, channels),
        )

    def forward(self, spectra: Tensor) -> list[Tensor]:
        """Scores of shape (n, channels), in a list of one."""
        return [self.layers(spectra)]


class PatchDiscriminator(nn.Module):
    """Judge patches of images at several resolutions (multi-scale PatchGAN).

    Per scale: strided 4x4 convolutions whose width doubles, leaky ReLU after each, then a 1x1 convolution to one
    score per patch. Scales are reached by average pooling (3x3, stride 2).

    Parameters
    ----------
    channels : int
    width, layers, scales
        See :class:`~napari_udt.training.config.DiscriminatorConfig`.
    """

    def __init__(self, channels: int, width: int = 64, layers: int = 3, scales: int = 3) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_patch_layers(channels, width, layers) for _ in range(scales))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Scores of shape (n, 1, rows, columns), one tensor per scale, finest first."""
        scores = []
        for index, layers in enumerate(self.scales):
            if index:
                images = functional.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)
            scores.append(layers(images))
        return scores


def _patch_layers(channels: int, width: int, layers: int) -> nn.Sequential:
    stack: list[nn.Module] = []
    for index in range(layers):
        wider = width * 2**index
        stack += [nn.Conv2d(channels, wider, 4, stride=2, padding=1), nn.LeakyReLU(LEAKINESS)]
        channels = wider
    return nn.Sequential(*stack, nn.Conv2d(channels, 1, 1))


def build_discriminator(modality: str, channels: int, config: DiscriminatorConfig) -> nn.Module:
    """Return the discriminator of one domain."""
    judge: nn.Module
    if modality == "HSI":
        judge = SpectrumDiscriminator(channels, config.width, config.layers, config.dropout)
    else:
        judge = PatchDiscriminator(channels, config.width, config.layers, config.scales)
    if config.spectral_norm:
        for layer in [m for m in judge.modules() if isinstance(m, nn.Linear | nn.Conv2d)]:
            spectral_norm(layer)
    return judge
