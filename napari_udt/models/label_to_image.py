"""A picture of the target domain made from a label map alone, after Med-USIS.

x = G(m, z): labels m say where which tissue lies, a random code z everything else. Nothing of the source's spectra goes in, so nothing of them, its
oxygenation above all, can come out. G is a ladder of residual blocks whose normalisation takes scale and offset of every pixel from m
and z (Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019; Schönfeld et al., OASIS, ICLR 2021). With
wavelets its features become the four Haar bands of the picture at each scale, and what the coarser scale made goes on
through the transform (Eskandar et al., "Wavelet-based Unsupervised Label-to-Image Translation", ICASSP 2022; Tang, "Med-USIS",
thesis, Stuttgart 2024). Written from the equations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_udt.errors import ModelError
from napari_udt.models.haar import haar_downsample, haar_upsample
from napari_udt.models.image_layers import RegionNorm
from napari_udt.models.residual_pair import zeroed

# Normalised values beyond this are mistakes of an early network; the compression's way back would make infinity of them.
_LARGEST = 10.0
LARGEST_TRUNCATION = 3.0


@dataclass(frozen=True)
class GeneratorSize:
    """Size of a generator.

    Parameters
    ----------
    widths : sequence of int
        Channels at each scale, from the coarsest to the finest.
    latent : int
        Values of z that are the same at every pixel: what a picture as a whole is like.
    texture : int
        Values of z that every pixel has of its own: noise that speckle is made of; 0 for none.
    wavelets : bool
        Whether the network makes Haar bands, and not pixels.
    """

    widths: Sequence[int]
    latent: int
    texture: int
    wavelets: bool


class LabelGenerator(nn.Module):
    """From class entries and a random code to a picture in normalised units.

    Parameters
    ----------
    channels : int
        Wavelengths C.
    class_count : int
        Class entries K.
    size : GeneratorSize
    """

    def __init__(self, channels: int, class_count: int, size: GeneratorSize) -> None:
        super().__init__()
        self.size = size
        self.channels = channels
        entries = class_count + size.latent + size.texture
        widths = size.widths
        self.first = nn.Conv2d(entries, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            SpadeBlock(inputs, outputs, entries) for inputs, outputs in pairwise([widths[0], *widths])
        )
        # What is made is added to a spectrum of each class, and is nothing at first.
        self.spectra = nn.Parameter(torch.zeros(class_count, channels))
        if size.wavelets:
            self.bands = nn.ModuleList(zeroed(nn.Conv2d(width, 4 * channels, 1)) for width in widths)
        else:
            self.last = zeroed(nn.Conv2d(widths[-1], channels, 3, padding=1))

    @property
    def multiple(self) -> int:
        """Number that must divide a picture's height and width, in pixels."""
        return int(2 ** (len(self.size.widths) - (0 if self.size.wavelets else 1)))

    @torch.no_grad()
    def fit(self, values: Tensor, labels: Tensor) -> None:
        """Begin with the mean spectrum of every class.

        Parameters
        ----------
        values : Tensor, shape (N, C, H, W)
            Pictures of the target domain in normalised units.
        labels : integer Tensor, shape (N, H, W)
            -1 where unknown; a class that does not occur begins with the mean of all.
        """
        spectra = values.movedim(1, -1)
        self.spectra.copy_(spectra.flatten(0, -2).mean(dim=0).expand_as(self.spectra))
        for kind in range(len(self.spectra)):
            if bool((own := labels == kind).any()):
                self.spectra[kind] = spectra[own].mean(dim=0)

    def forward(self, classes: Tensor, latent: Tensor, texture: Tensor) -> Tensor:
        """Make pictures.

        Parameters
        ----------
        classes : Tensor, shape (n, K, H, W)
        latent : Tensor, shape (n, ``size.latent``)
        texture : Tensor, shape (n, ``size.texture``, H, W)

        Returns
        -------
        Tensor, shape (n, C, H, W)
        """
        step = self.multiple
        entries = self._entries(classes, latent, texture, step)
        features, picture = self.first(entries), None
        for level, block in enumerate(self.blocks):
            if level:
                step //= 2
                entries = self._entries(classes, latent, texture, step)
                features = functional.interpolate(features, scale_factor=2.0)
            features = block(features, entries)
            if self.size.wavelets:
                picture = self._with_bands(picture, self.bands[level](features))
        made = picture if picture is not None else self.last(functional.leaky_relu(features, 0.2))
        return (made + torch.einsum("nkhw,kc->nchw", classes, self.spectra)).clamp(-_LARGEST, _LARGEST)

    @staticmethod
    def _with_bands(coarser: Tensor | None, bands: Tensor) -> Tensor:
        """Return the picture of twice the size of ``bands`` (n, 4 C, h, w): these, added to those of the coarser picture."""
        if coarser is not None:
            wider = functional.interpolate(coarser, scale_factor=2.0, mode="bilinear", align_corners=False)
            bands = bands + haar_downsample(wider)
        return haar_upsample(bands)

    @staticmethod
    def _entries(classes: Tensor, latent: Tensor, texture: Tensor, step: int) -> Tensor:
        """Class shares, code and noise of unit variance of the blocks of ``step`` x ``step`` pixels."""
        shares = functional.avg_pool2d(classes, step)
        wide = latent[:, :, None, None].expand(-1, -1, *shares.shape[-2:])
        if not texture.shape[1]:
            return torch.cat((shares, wide), dim=1)
        return torch.cat((shares, wide, step * functional.avg_pool2d(texture, step)), dim=1)


class SpadeBlock(nn.Module):
    """Two convolutions, each after a normalisation by entries (n, E, h, w); the shortcut is a plain 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int, entries: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList((RegionNorm(inputs, entries), RegionNorm(outputs, entries)))
        self.layers = nn.ModuleList(
            (nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1))
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, entries: Tensor) -> Tensor:
        """Return features (n, outputs, h, w)."""
        changed = x
        for norm, layer in zip(self.norms, self.layers, strict=True):
            changed = layer(functional.leaky_relu(norm(changed, entries), 0.2))
        added: Tensor = self.shortcut(x) + changed
        return added


def truncated_normal(
    shape: Sequence[int], truncation: float | None, generator: torch.Generator | None = None
) -> Tensor:
    """Draw from the normal distribution cut at -a and a, or from the whole of it.

    The same state of the generator gives the same quantiles whatever a is: a code moves steadily with it, and is 0 at a = 0.

    Parameters
    ----------
    shape : sequence of int
    truncation : float or None
        a, from 0 to `LARGEST_TRUNCATION`; None for no bound.
    generator : torch.Generator, optional
        By default torch's own.

    Raises
    ------
    ModelError
        When a is out of bounds.
    """
    check_truncation(truncation)
    quantiles = torch.rand(tuple(shape), dtype=torch.float64, generator=generator).clamp(1e-9, 1 - 1e-9)
    if truncation is not None:
        below = 0.5 * math.erfc(truncation / math.sqrt(2.0))
        quantiles = below + quantiles * (1 - 2 * below)
    return torch.special.ndtri(quantiles).float()


def check_truncation(truncation: float | None) -> None:
    """Raise ModelError when the bound of a random code is no number that is allowed."""
    if truncation is not None and not 0 <= truncation <= LARGEST_TRUNCATION:
        raise ModelError(
            f"The truncation of the random code is {truncation:g}; expected a number from 0 to {LARGEST_TRUNCATION:g}, or none."
        )
