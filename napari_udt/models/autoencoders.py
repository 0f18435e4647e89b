"""The auto-encoders of the comparison methods UNIT and CycleGAN.

One :class:`AutoencoderPair` serves both methods: a transfer encodes with the source domain's encoder and decodes
with the target domain's decoder. UNIT trains the two halves to share a latent space (Liu et al., NeurIPS 2017);
in CycleGAN (Zhu et al., ICCV 2017) each direction has a latent space of its own, so that only transfers, not
reconstructions, mean something. Layers as in Dreher et al., MICCAI 2023, and the authors' code.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from napari_udt.models.image_layers import (
    ACTIVATIONS,
    ClassLayers,
    ImageSize,
    RegionNorm,
    decoding_layers,
    encoding_layers,
)

DOMAINS = ("simulated", "real")


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
        self.decodes_by_class = any(isinstance(layer, RegionNorm) for layer in self.decoders.modules())

    def encode(self, x: Tensor, domain: str, classes: Tensor | None = None) -> Tensor:
        """Encode normalised values (n, C[, H, W]) of a domain, with class entries (n, K[, H, W]) if conditional."""
        encoder = self.encoders[domain]
        given = x if classes is None else torch.cat((x, classes), dim=1)
        return encoder(given, classes) if isinstance(encoder, ClassLayers) else encoder(given)

    def decode(self, z: Tensor, domain: str, classes: Tensor | None = None) -> Tensor:
        """Decode latents into normalised values of a domain, shape (n, C[, H, W]).

        Class entries are needed where the decoder's normalisation takes them; elsewhere the latent knows them.
        """
        decoder = self.decoders[domain]
        return decoder(z, classes) if isinstance(decoder, ClassLayers) else decoder(z)


def spectral_pair(
    channels: int,
    class_count: int,
    *,
    hidden: int,
    latent: int,
    activation: str,
    pair: Callable[..., AutoencoderPair] = AutoencoderPair,
) -> AutoencoderPair:
    """Auto-encoders of spectra: Linear - activation - Linear, then a linear decoder.

    The published networks are stacks of linear layers with one activation in the middle; multiplied out they are
    exactly this. ``pair`` makes the pair of the two halves.
    """
    return pair(
        lambda: nn.Sequential(
            nn.Linear(channels + class_count, hidden), ACTIVATIONS[activation](), nn.Linear(hidden, latent)
        ),
        lambda: nn.Linear(latent, channels),
    )


def image_pair(
    channels: int,
    class_count: int,
    size: ImageSize,
    pair: Callable[..., AutoencoderPair] = AutoencoderPair,
) -> AutoencoderPair:
    """Auto-encoders of images: convolutions that halve the picture, residual blocks, and their mirror image."""
    return pair(
        lambda: encoding_layers(channels + class_count, size, class_count),
        lambda: decoding_layers(channels, size, class_count),
        size.multiple,
    )
