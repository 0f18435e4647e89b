"""Which models can be used on a cube, and which of them is taken when the user names none. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_udt.cube import SpectralCube
from napari_udt.errors import ModelError
from napari_udt.models.classes import known_names

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec

_SAME_GRID_NM = 0.05


@dataclass(frozen=True)
class ModelChoice:
    """A model that may be chosen for a cube, or the reason why not (empty when it fits)."""

    spec: ModelSpec
    obstacle: str = ""


def model_choices(cube: SpectralCube, specs: Iterable[ModelSpec]) -> list[ModelChoice]:
    """Return all models for a cube: the fitting ones first, those on its very wavelengths before others, from labels alone last."""
    choices = [ModelChoice(spec, model_obstacle(cube, spec)) for spec in specs]
    return sorted(
        choices,
        key=lambda c: (bool(c.obstacle), c.spec.from_labels, len(c.spec.wavelengths_nm) != cube.shape[2]),
    )


def model_obstacle(cube: SpectralCube, spec: ModelSpec) -> str:
    """Return why a model cannot be used on a cube, in a few words; empty when it can."""
    if spec.modality != cube.modality:
        return f"made for {spec.modality}"
    low, high = spec.wavelengths_nm[0], spec.wavelengths_nm[-1]
    first, last = cube.wavelengths_nm[0], cube.wavelengths_nm[-1]
    if low < first - _SAME_GRID_NM or high > last + _SAME_GRID_NM:
        return f"needs {low:g}–{high:g} nm, the cube has {first:g}–{last:g} nm"
    if spec.from_labels and not (
        cube.labels is not None and known_names(cube.present_labels, spec.class_names)
    ):
        return "makes pictures from labels, of which the cube has none that it knows"
    return ""


def fitting_models(cube: SpectralCube) -> list[ModelSpec]:
    """List the installed models that can be used on a cube, the one that a window preselects first.

    Raises
    ------
    ModelError
        When there is none.
    """
    from napari_udt.models import list_models

    fitting = [choice.spec for choice in model_choices(cube, list_models()) if not choice.obstacle]
    if not fitting:
        raise ModelError(
            f"No installed model fits {cube.name} ({cube.modality}, {cube.wavelengths_nm[0]:g}-"
            f"{cube.wavelengths_nm[-1]:g} nm); `napari-udt models` lists what there is, `napari-udt train` makes one."
        )
    return fitting


def choice_note(fitting: Iterable[ModelSpec]) -> str:
    """Return how the model was chosen where the user named none, for the provenance."""
    first, *others = fitting
    return f"none was named: {first.name} is the first of the {1 + len(others)} installed that fit"
