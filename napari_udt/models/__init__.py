"""The transfer networks, their weights and their cards. torch is imported when a model is first loaded."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from napari_udt.threads import wait_passively

_HOMES = {
    "ModelSpec": "napari_udt.models.spec",
    "TransferModel": "napari_udt.models.model",
    "build_network": "napari_udt.models.build",
    "list_models": "napari_udt.models.store",
    "load_model": "napari_udt.models.store",
    "save_model": "napari_udt.models.store",
}

__all__ = ["ModelSpec", "TransferModel", "build_network", "list_models", "load_model", "save_model"]

if TYPE_CHECKING:
    from napari_udt.models.build import build_network
    from napari_udt.models.model import TransferModel
    from napari_udt.models.spec import ModelSpec
    from napari_udt.models.store import list_models, load_model, save_model


def __getattr__(name: str) -> Any:
    """Load a public name from the module that holds it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'napari_udt.models' has no attribute {name!r}")
    wait_passively()
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
