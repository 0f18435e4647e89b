"""Listing a trained model among the user's own."""

from __future__ import annotations

from pathlib import Path

from napari_udt.errors import TrainingError
from napari_udt.models.archive import keep
from napari_udt.models.store import SPEC, list_models, user_folder
from napari_udt.training.preparation import model_name


def require_free_name(folder: Path) -> None:
    """Refuse a model's folder whose name another model has already: before hours are spent on it.

    Raises
    ------
    TrainingError
        When the name is taken.
    """
    name = model_name(folder)
    if name in {spec.name for spec in list_models()} or (user_folder() / name / SPEC).exists():
        raise TrainingError(
            f"{folder}: there is a model named {name} already; choose another folder name, or --no-install."
        )


def install(folder: Path) -> str:
    """Copy a model's folder to the user's own models; return its name."""
    return keep(folder)
