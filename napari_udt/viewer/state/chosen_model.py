"""The transfer model that all docks use, one per modality, and which models fit a cube. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_udt.cube import SpectralCube

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_SAME_GRID_NM = 0.05


def _installed() -> list[ModelSpec]:
    from napari_udt.models import list_models

    return list_models()


@dataclass(frozen=True)
class ModelChoice:
    """A model that may be chosen for a cube, or the reason why not (empty when it fits)."""

    spec: ModelSpec
    obstacle: str = ""


def model_choices(cube: SpectralCube, specs: Iterable[ModelSpec]) -> list[ModelChoice]:
    """Return all models for a cube: the fitting ones first, those on its very wavelengths before others."""
    choices = [ModelChoice(spec, model_obstacle(cube, spec)) for spec in specs]
    return sorted(choices, key=lambda c: (bool(c.obstacle), len(c.spec.wavelengths_nm) != cube.shape[2]))


def model_obstacle(cube: SpectralCube, spec: ModelSpec) -> str:
    """Return why a model cannot be used on a cube, in a few words; empty when it can."""
    if spec.modality != cube.modality:
        return f"made for {spec.modality}"
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    first, last = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
    if low < first - _SAME_GRID_NM or high > last + _SAME_GRID_NM:
        return f"needs {low:g}–{high:g} nm, the cube has {first:g}–{last:g} nm"
    return ""


class ChosenModel:
    """The chosen model of each modality; by default, or where it does not fit a cube, the best fitting one.

    Parameters
    ----------
    models : callable, optional
        Lists the installed models.
    """

    changed = Signal()

    def __init__(self, models: Callable[[], Iterable[ModelSpec]] = _installed) -> None:
        self._models = models
        self._installed: tuple[ModelSpec, ...] | None = None
        self._chosen: dict[str, ModelSpec] = {}

    def fitting(self, cube: SpectralCube) -> list[ModelSpec]:
        """Return the models that can be used on a cube, the best fitting first."""
        if self._installed is None:
            self._installed = tuple(self._models())
        return [choice.spec for choice in model_choices(cube, self._installed) if not choice.obstacle]

    def of(self, cube: SpectralCube) -> ModelSpec | None:
        """Return the model to use on a cube, None where none fits."""
        fitting, chosen = self.fitting(cube), self._chosen.get(cube.modality)
        return chosen if chosen in fitting else next(iter(fitting), None)

    def choose(self, spec: ModelSpec) -> None:
        """Choose a model for its modality."""
        if self._chosen.get(spec.modality) != spec:
            self._installed = None  # it may have been imported just now
            self._chosen[spec.modality] = spec
            self.changed.emit()
