"""The job of a transfer run, and the handling of a full device memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import ArrayLike3D, SpectralCube
from napari_udt.inference.grid import Regridding
from napari_udt.inference.tissue import TissueCondition
from napari_udt.models.noise import InputNoise

if TYPE_CHECKING:
    from napari_udt.models.model import TransferModel

Scale = Literal["source", "unit"]
Noise = Literal["training", "none"]
Side = Literal["simulated", "real"]

UNIT_SCALE = "every spectrum on the model's own, L2-normalised scale"  # in the provenance


class Target(ArrayLike3D, Protocol):
    """Where transferred spectra go: an array or a dataset in a file."""

    def __setitem__(self, key: Any, value: NDArray[np.float32]) -> None: ...


@dataclass(frozen=True, eq=False)
class Job:
    """One transfer, resolved: the cube, the model, wavelengths, condition and scale.

    Parameters
    ----------
    cube : SpectralCube
    model : TransferModel
        On the device where it runs.
    domains : (str, str)
        Source and target domain: "simulated" or "real".
    grid : Regridding
        From the cube's wavelengths to the model's.
    tissue : TissueCondition
        Class probabilities per pixel.
    noise : InputNoise
        What is added to normalised pictures and spectra, see :mod:`napari_udt.models.noise`.
    scale : {"source", "unit"}
        Whether spectra get their input's L2 norm back.
    seed : int
        Of the noise, and of what a stochastic model draws.
    steps : int
        Of a model that takes steps; 0 for its own number.
    deformed : bool
        Whether a DicycleGAN's result is displaced as the target's devices would, for looking at what it ascribes to them.
    truncation : float, optional
        Bound of the random code that a picture from labels is made with; None for no bound.
    """

    cube: SpectralCube
    model: TransferModel
    domains: tuple[Side, Side]
    grid: Regridding
    tissue: TissueCondition
    scale: Scale
    noise: InputNoise = field(default_factory=InputNoise)
    seed: int = 0
    steps: int = 0
    deformed: bool = False
    truncation: float | None = None

    @property
    def draws(self) -> bool:
        """Whether the seed decides anything."""
        return bool(self.noise) or self.model.spec.is_stochastic

    def translated(self, x: NDArray[np.float32], tissue: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Transfer samples in normalised units by the plain network, under class probabilities."""
        source, target = self.domains
        if self.truncation is not None:  # was checked: the model makes pictures from labels
            made: NDArray[np.float32] = self.model.generate(tissue, self.seed, self.truncation).cpu().numpy()  # type: ignore[attr-defined]
            return made
        return self.model.translate(x, source, target, tissue, seed=self.seed, steps=self.steps)


def is_at_unit_scale(made: Mapping[str, Any]) -> bool:
    """Whether a provenance says that spectra were left on the model's own, L2-normalised scale."""
    note = str(made.get("scale", ""))
    return note == UNIT_SCALE or "unit norm" in note  # as earlier versions said it


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that the device's memory is full."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def release_memory() -> None:
    """Give cached device memory back before another try."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
