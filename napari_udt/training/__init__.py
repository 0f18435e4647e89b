"""Losses, loops and data sets that turn two unpaired sets of spectra into a trained model.

``train(load_config("hsi_cinn_dy"), folder)`` is what ``napari-udt train`` does. torch is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_udt.training.config import TrainingConfig, load_config, packaged_configs
    from napari_udt.training.run import train

_HOMES = {"TrainingConfig": "config", "load_config": "config", "packaged_configs": "config", "train": "run"}

__all__ = ["TrainingConfig", "load_config", "packaged_configs", "train"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that holds it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
