"""What every further term of the loss is: a judgement of transferred samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor

from napari_udt.models.model import TransferModel


class Term(ABC):
    """One more loss on what a batch was transferred to.

    Parameters
    ----------
    model : TransferModel
        Gives the units: ``denormalise``.
    """

    loss: str  # its name in the log: the samples that it judges come from the simulated domain
    sees_noise: bool = False  # whether it judges transfers of noisy samples, or of clean ones

    def __init__(self, model: TransferModel) -> None:
        self.model = model
        self.classes = len(model.spec.class_names)

    def state(self) -> dict[str, Tensor]:
        """Return what the next call depends on besides its arguments."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:  # noqa: B027 - a term without a memory has nothing to restore
        """Go back to a state."""

    @abstractmethod
    def __call__(self, x: Tensor, moved: Tensor, labels: Tensor) -> Tensor:
        """Loss, a scalar, of simulated samples ``x`` and their transfers, both in normalised units, by their labels."""

    def raw(self, x: Tensor, domain: str) -> Tensor:
        """Spectra (n, C) of a batch in normalised units, back in the units of the data."""
        values: Tensor = self.model.denormalise(x, "real" if domain == "second" else "simulated")
        return as_spectra(values)


def as_spectra(x: Tensor) -> Tensor:
    """Spectra (n, C) of a batch of spectra (n, C) or images (n, C, H, W)."""
    return x if x.ndim == 2 else x.movedim(1, -1).flatten(0, -2)
