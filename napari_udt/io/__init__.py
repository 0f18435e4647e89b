"""Reading and writing spectral cubes: one module per format, one registry, one sniffing step."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "describe": "info",
    "format_text": "info",
    "is_damaged": "opening",
    "is_readable": "opening",
    "list_candidates": "opening",
    "open_cube": "opening",
    "open_cubes": "opening",
    "recordings": "opening",
    "save_cube": "opening",
    "save_cubes": "opening",
}

__all__ = [
    "describe",
    "format_text",
    "is_damaged",
    "is_readable",
    "list_candidates",
    "open_cube",
    "open_cubes",
    "recordings",
    "save_cube",
    "save_cubes",
]

if TYPE_CHECKING:
    from napari_udt.io.info import describe, format_text
    from napari_udt.io.opening import (
        is_damaged,
        is_readable,
        list_candidates,
        open_cube,
        open_cubes,
        recordings,
        save_cube,
        save_cubes,
    )


def __getattr__(name: str) -> Any:
    """Load a public name, and h5py with it, when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'napari_udt.io' has no attribute {name!r}")
    return getattr(importlib.import_module(f"napari_udt.io.{_HOMES[name]}"), name)
