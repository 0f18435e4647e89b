"""Bringing models into the user's own: published checkpoints, and folders that training wrote; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_udt.errors import ModelError

Importer = Callable[[Path], Sequence[str]]


def import_models(folder: Path) -> Sequence[str]:
    """Import what is in a folder or below it, trained models or else published checkpoints; return the models' names.

    Raises
    ------
    ModelError
        When there is no model, or a name is taken; nothing is imported then.
    """
    from napari_udt.models.published import import_model

    return _trained(folder) or import_model(folder)


def _trained(folder: Path) -> list[str]:
    """Copy the models of ours that lie in a folder, or one below it, unless a name is taken; return their names."""
    from napari_udt.models.store import SPEC, load_model, save_model, user_folder

    found = [spec.parent for spec in (folder / SPEC, *sorted(folder.glob(f"*/{SPEC}"))) if spec.is_file()]
    models = [load_model(path) for path in found]
    for path, model in zip(found, models, strict=True):
        kept = user_folder() / model.spec.name
        if (kept / SPEC).is_file():
            raise ModelError(
                f"{path}: {kept} holds a model of that name already, so nothing was imported; remove that folder, or "
                f"give the new model another name in {SPEC}."
            )
    return [save_model(model, user_folder() / model.spec.name).name for model in models]
