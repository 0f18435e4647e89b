"""The first layer of a spectral flow at either end of a planned transfer; spectra lie features-first, (channels, n)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from napari_udt.models.class_transport import ClassTransport, Stage

Statistics = tuple[float, float]
# Products are made of a multiple of so many spectra: BLAS computes every column of such products alike, so that a spectrum
# gets the same bits in any company.
GRAIN = 64


class TransportEnd:
    """A :class:`~napari_udt.models.class_transport.ClassTransport` under fixed conditions.

    Parameters
    ----------
    transport : ClassTransport
    conditions : Tensor, shape (entries, condition channels)
        One row per tissue entry.
    statistics : (mean, std)
        Of the standardisation on this side: spectra come and go without it.
    device : torch.device
    """

    def __init__(
        self, transport: ClassTransport, conditions: Tensor, statistics: Statistics, device: torch.device
    ) -> None:
        share, entry = transport.places(conditions.to(transport.colouring.device))
        places = torch.stack([share, entry.to(share)], dim=1)
        distinct, self._of_entry = torch.unique(places, dim=0, return_inverse=True)
        self._of_entry = self._of_entry.cpu()
        self._mean, self._std = statistics
        self._stages = [_on(transport.stage_at(a, int(b)), device) for a, b in distinct.tolist()]

    def enter(self, spectra: Tensor, entries: int | Tensor) -> Tensor:
        """Whiten spectra (channels, n), normalised but not standardised."""

        def through(stage: Stage, spectra: Tensor) -> Tensor:
            x = (spectra.to(stage.matrix) - self._mean) / self._std
            ratio = (x * stage.std + stage.mean) / stage.scale
            return (stage.matrix @ (torch.asinh(ratio) - stage.centre[:, None])).to(spectra)

        return self._each(spectra, entries, through)

    def leave(self, white: Tensor, entries: int | Tensor) -> Tensor:
        """Undo `enter` with this end's conditions and standardisation."""

        def through(stage: Stage, white: Tensor) -> Tensor:
            ratio = torch.sinh(stage.inverse @ white.to(stage.matrix) + stage.centre[:, None])
            x = (ratio * stage.scale - stage.mean) / stage.std
            return (x * self._std + self._mean).to(white)

        return self._each(white, entries, through)

    def _each(
        self, values: Tensor, entries: int | Tensor, through: Callable[[Stage, Tensor], Tensor]
    ) -> Tensor:
        """Send all columns through the one stage, or each through its own."""
        if isinstance(entries, int):
            return through(self._stages[int(self._of_entry[entries])], values)
        own = self._of_entry[entries.cpu()].to(values.device)
        found = torch.empty_like(values)
        for index in torch.unique(own).tolist():
            columns = torch.nonzero(own == index).flatten()
            spare = -len(columns) % GRAIN if values.shape[1] % GRAIN == 0 else 0
            filled = torch.cat((columns, columns[:1].expand(spare)))
            found[:, columns] = through(self._stages[index], values[:, filled])[:, : len(columns)]
        return found


def _on(stage: Stage, device: torch.device) -> Stage:
    moved = (value.to(device).contiguous() for value in (stage.centre, stage.matrix, stage.inverse))
    centre, matrix, inverse = moved
    return replace(stage, centre=centre, matrix=matrix, inverse=inverse)
