"""The transfer model that all docks use, one per modality. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_udt.cube import SpectralCube
from napari_udt.inference.fitting import model_choices

if TYPE_CHECKING:
    from napari_udt.models import ModelSpec


def _installed() -> list[ModelSpec]:
    from napari_udt.models import list_models

    return list_models()


class ChosenModel:
    """The chosen model of each modality; by default, or where it does not fit a cube, the best fitting one.

    Parameters
    ----------
    models : callable, optional
        Lists the installed models.
    """

    changed = Signal()
    came = Signal(list)  # names of models that are new in the lists

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

    def announce(self, names: list[str]) -> None:
        """Let all docks list models that were trained just now."""
        self._installed = None
        self.came.emit(names)

    def choose(self, spec: ModelSpec) -> None:
        """Choose a model for its modality."""
        if self._chosen.get(spec.modality) != spec:
            self._installed = None  # it may have been imported just now
            self._chosen[spec.modality] = spec
            self.changed.emit()
