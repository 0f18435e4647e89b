"""Bringing published checkpoints into the user's models; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_udt.errors import UdtError


@dataclass(frozen=True)
class Imported:
    """Names of the models that came, and one sentence on what went wrong (empty when nothing did)."""

    names: tuple[str, ...] = ()
    problem: str = ""


Importer = Callable[[Path], Imported]


def import_models(folder: Path) -> Imported:
    """Import all published checkpoints in a folder or below it into the user's models."""
    from napari_udt.models.published import import_model

    try:
        return Imported(tuple(import_model(folder)))
    except UdtError as error:
        return Imported(problem=str(error))
    except Exception as error:  # whatever a damaged file raises shall reach the user, not the log
        return Imported(problem=f"{folder}: the import failed ({type(error).__name__}: {error}).")
