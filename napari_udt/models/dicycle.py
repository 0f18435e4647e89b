"""DicycleGAN: generators of appearance, and beside them a field of offsets that takes the domain's own deformation.

After Wang et al., "Unsupervised Learning for Cross-Domain Medical Image Synthesis Using Deformation Invariant Cycle Consistency Networks",
SASHIMI workshop, MICCAI 2018. A device sees tissue displaced: by a speed of sound that is assumed, by its membrane, by the probe's pressure. Only the deformed
picture is compared with the target domain, so that a generator need not displace anything; transfers use the undeformed one, whose
structures stay where they were simulated. Written from the equations, with generators that add a bounded change, and one field for all wavelengths.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_udt.models.autoencoders import DOMAINS
from napari_udt.models.conditions import DomainLike, Labels
from napari_udt.models.model import Array, as_given, picture_of
from napari_udt.models.residual_pair import ResidualModel, ResidualPair, zeroed

_COARSE = 4  # pixels of a picture in one of the field's network: neighbours move together
_WIDTH = 16


class OffsetField(nn.Module):
    """Convolutions from a picture with its class entries to how far every pixel is displaced, zero at first.

    Parameters
    ----------
    channels : int
        Of picture and class entries together.
    largest : float
        Bound of a displacement along rows, and along columns, in pixels.
    """

    def __init__(self, channels: int, largest: float) -> None:
        super().__init__()
        self.largest = largest
        self.layers = nn.Sequential(
            nn.Conv2d(channels, _WIDTH, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
            nn.LeakyReLU(0.2),
            zeroed(nn.Conv2d(_WIDTH, 2, 3, padding=1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Offsets (n, 2, H, W) along rows and columns, in pixels, of pictures (n, channels, H, W)."""
        coarse = self.layers(functional.avg_pool2d(x, _COARSE, ceil_mode=True, count_include_pad=False))
        smooth = functional.interpolate(coarse, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return self.largest * torch.tanh(smooth)


class DicyclePair(ResidualPair):
    """A generator and a field of offsets of either direction.

    Parameters
    ----------
    change, bound, multiple
        See :class:`~napari_udt.models.residual_pair.ResidualPair`.
    channels : int
        Of pictures and class entries together.
    largest_offset : float
        In pixels.
    """

    def __init__(
        self,
        change: Callable[[], nn.Module],
        bound: float,
        multiple: int,
        *,
        channels: int,
        largest_offset: float,
    ) -> None:
        super().__init__(change, bound, multiple)
        self.fields = nn.ModuleDict({domain: OffsetField(channels, largest_offset) for domain in DOMAINS})

    def deformed(
        self, x: Tensor, source: str, classes: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Carry pictures to the other domain: undeformed (n, C, H, W), deformed, and the offsets (n, 2, H, W) between them."""
        moved = self(x, source, classes)
        offsets: Tensor = self.fields[source](x if classes is None else torch.cat((x, classes), dim=1))
        return moved, warped(moved, offsets), offsets


class DicycleModel(ResidualModel):
    """The transfer by the undeformed generators; see :class:`~napari_udt.models.model.TransferModel` for the conventions."""

    network: DicyclePair

    def deformed(
        self, x: Array, source: DomainLike, target: DomainLike, labels: Labels = None
    ) -> tuple[Array, Array]:
        """Carry pictures in normalised units to the other domain as its devices would displace them.

        Returns
        -------
        moved : array of the shape of ``x``
        offsets : array, shape (n, 2, rows, columns)
            The pixel (r, c) shows what lies undeformed at (r + offsets[:, 0], c + offsets[:, 1]), in pixels.

        Raises
        ------
        ModelError
            When the shape, the domains or the labels do not fit the model.
        """
        values: Tensor = self._tensor(x)
        self._check(values)
        self._check_picture(values.shape[2:])
        entries = self._entries(picture_of(values), labels)
        first = self._end(source)
        if first == self._end(target):
            self._refuse("deforms nothing within one domain")
        with torch.no_grad():
            _, moved, offsets = self.network.deformed(values, DOMAINS[first], entries)
        return as_given(x, moved), as_given(x, offsets)


def warped(x: Tensor, offsets: Tensor) -> Tensor:
    """Take every pixel from elsewhere: bilinear, beyond the border from the border, exact where an offset is zero.

    Parameters
    ----------
    x : Tensor, shape (n, C, H, W)
    offsets : Tensor, shape (n, 2, H, W)
        Along rows and columns, in pixels.
    """
    height, width = x.shape[-2:]
    rows = torch.arange(height, dtype=x.dtype, device=x.device)[:, None] + offsets[:, 0]
    columns = torch.arange(width, dtype=x.dtype, device=x.device) + offsets[:, 1]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    top, left = rows.detach().floor(), columns.detach().floor()
    down, right = (rows - top)[:, None], (columns - left)[:, None]
    flat = x.flatten(2)

    def at(row: Tensor, column: Tensor) -> Tensor:
        index = (row.clamp(max=height - 1) * width + column.clamp(max=width - 1)).long().flatten(1)
        return flat.gather(2, index[:, None].expand(-1, x.shape[1], -1)).view_as(x)

    upper = at(top, left) + right * (at(top, left + 1) - at(top, left))
    lower = at(top + 1, left) + right * (at(top + 1, left + 1) - at(top + 1, left))
    return upper + down * (lower - upper)
