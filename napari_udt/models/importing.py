"""Bringing models into the user's own: archives, folders that training wrote, and published checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_udt.errors import ModelError
from napari_udt.models.store import SPEC, load_model, user_folder

Importer = Callable[[Path], list[str]]


def import_models(
    path: Path,
    name: str | None = None,
    *,
    overwrite: bool = False,
    left_out: Callable[[ModelError], None] | None = None,
) -> list[str]:
    """Import an archive, or what is in a folder or below it, trained models or else published checkpoints.

    Parameters
    ----------
    path : Path
    name : str, optional
        For a single model.
    overwrite : bool
        Replace models of the same name.
    left_out : callable, optional
        Called with the error of each of several checkpoints that could not be imported; by default a warning.

    Returns
    -------
    list of str
        Names of the models.

    Raises
    ------
    ModelError
        When there is no model, or a name is taken; nothing is imported then.
    """
    from napari_udt.models.archive import import_archive
    from napari_udt.models.published import import_model

    if path.is_file():
        return [import_archive(path, name, overwrite=overwrite)]
    return _trained(path, name, overwrite) or import_model(
        path, name, overwrite=overwrite, **({} if left_out is None else {"left_out": left_out})
    )


def is_model(path: Path) -> bool:
    """Whether a file or folder is a model to import, so that it is no cube: a trained one, an archive or a checkpoint's folder."""
    from napari_udt.models.archive import is_archive

    if path.is_dir():
        return (path / SPEC).is_file() or (path / "model_checkpoint.ckpt").is_file()
    return is_archive(path)


def _trained(folder: Path, name: str | None, overwrite: bool) -> list[str]:
    """Copy the models of ours that lie in a folder, or one below it, unless a name is taken; return their names."""
    from napari_udt.models.archive import keep

    found = [spec.parent for spec in (folder / SPEC, *sorted(folder.glob(f"*/{SPEC}"))) if spec.is_file()]
    if name is not None and len(found) > 1:
        raise ModelError(f"{folder} holds {len(found)} models; a name can be given to a single one only.")
    for path in found:
        kept = user_folder() / (name or load_model(path).spec.name)
        if (kept / SPEC).is_file() and not overwrite:
            raise ModelError(
                f"{path}: {kept} holds a model of that name already, so nothing was imported; remove that folder, or "
                f"give the new model another name in {SPEC}."
            )
    return [keep(path, name, overwrite=overwrite) for path in found]
