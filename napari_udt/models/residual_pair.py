"""Generators that add a bounded change to a sample instead of making it anew.

An auto-encoder has to bring everything that a transfer must keep through its code; what a generator of the form
G(x) = x + b tanh(d(x, classes)) does not touch stays as it is. The change starts from zero (the identity) and can never be
larger than b standard deviations of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from napari_udt.models.autoencoders import DOMAINS, AutoencoderPair
from napari_udt.models.conditions import DomainLike
from napari_udt.models.image_layers import ClassLayers, ImageSize, decoding_layers, encoding_layers
from napari_udt.models.translator import TranslatorModel


class ResidualPair(nn.Module):
    """A generator of either direction.

    Parameters
    ----------
    change : callable () -> Module
        Makes the network d, from a sample with its class entries (n, C + K[, H, W]) to (n, C[, H, W]); called once per direction.
    bound : float
        Largest change b, in normalised units.
    multiple : int
        Number that must divide a picture's height and width, in pixels; 1 for spectra.
    """

    def __init__(self, change: Callable[[], nn.Module], bound: float, multiple: int = 1) -> None:
        super().__init__()
        self.changes = nn.ModuleDict({domain: change() for domain in DOMAINS})  # by the domain it starts from
        self.bound = bound
        self.multiple = multiple

    def forward(self, x: Tensor, source: str, classes: Tensor | None = None) -> Tensor:
        """Carry samples (n, C[, H, W]) of a domain to the other, with their class entries (n, K[, H, W])."""
        given = x if classes is None else torch.cat((x, classes), dim=1)
        change = self.changes[source]
        raw = change(given, classes) if isinstance(change, ClassLayers) else change(given)
        moved: Tensor = x + self.bound * torch.tanh(raw)
        return moved


class ResidualAutoencoders(AutoencoderPair):
    """The same with UNIT's networks: the change is how the decoders of the two domains differ at the sample's latent.

    G(x) = x + b tanh((D_target(E_source(x)) - D_source(E_source(x))) / b). What the code cannot hold, such as speckle, stays in x;
    decoders that agree, as they do at first, change nothing.

    Parameters
    ----------
    encoder, decoder, multiple
        As for :class:`~napari_udt.models.autoencoders.AutoencoderPair`.
    bound : float
        Largest change b, in normalised units.
    """

    def __init__(
        self,
        encoder: Callable[[], nn.Module],
        decoder: Callable[[], nn.Module],
        multiple: int = 1,
        *,
        bound: float,
    ) -> None:
        super().__init__(encoder, decoder, multiple)
        self.bound = bound
        first, last = (self.decoders[domain] for domain in DOMAINS)
        last.load_state_dict(first.state_dict())

    def forward(self, x: Tensor, source: str, classes: Tensor | None = None) -> Tensor:
        """Carry samples (n, C[, H, W]) of a domain to the other, with their class entries (n, K[, H, W])."""
        return self.changed(x, self.encode(x, source, classes), source, classes)

    def changed(self, x: Tensor, code: Tensor, source: str, classes: Tensor | None = None) -> Tensor:
        """Carry samples whose latents (n, latent[, h, w]) are known."""
        (target,) = set(DOMAINS) - {source}
        own, other = (self.decode(code, domain, classes) for domain in (source, target))
        moved: Tensor = x + self.bound * torch.tanh((other - own) / self.bound)
        return moved


class ResidualModel(TranslatorModel):
    """The transfer by one of two such generators; see :class:`~napari_udt.models.model.TransferModel` for the conventions."""

    network: ResidualPair | ResidualAutoencoders

    def _carried(
        self,
        x: Tensor,
        source: DomainLike,
        target: DomainLike,
        classes: Tensor | None,
        seed: int,
        steps: int,
    ) -> Tensor:
        del seed, steps
        first, last = self._end(source), self._end(target)
        return x if first == last else self.network(x, DOMAINS[first], classes)


def spectral_change(channels: int, class_count: int, *, hidden: int, layers: int) -> nn.Module:
    """Return a perceptron from spectra with their class entries to the change, zero at first."""
    widths = [channels + class_count, *[hidden] * layers]
    stack: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        stack += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*stack, zeroed(nn.Linear(hidden, channels)))


def image_change(channels: int, class_count: int, size: ImageSize) -> nn.Module:
    """Return convolutions from pictures with their class entries to the change, zero at first."""
    encoder = encoding_layers(channels + class_count, size, class_count)
    decoder = decoding_layers(channels, size, class_count)
    zeroed(decoder[-1])
    return ClassLayers(encoder, decoder)


def zeroed(layer: nn.Module) -> nn.Module:
    """Return a layer that gives zeros until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
