"""napari-udt: see what an unsupervised domain transfer does to spectra.

The names below are the public interface. They are loaded when first used, so that
``import napari_udt`` needs neither torch nor Qt and takes a fraction of a second.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from napari_udt.version import __version__

_HOMES = {
    "CubeError": "napari_udt.errors",
    "ModelError": "napari_udt.errors",
    "TransferCancelled": "napari_udt.errors",
    "TransferError": "napari_udt.errors",
    "UdtError": "napari_udt.errors",
    "SpectralCube": "napari_udt.cube",
    "open_cube": "napari_udt.io",
    "open_cubes": "napari_udt.io",
    "save_cube": "napari_udt.io",
    "list_models": "napari_udt.models",
    "load_model": "napari_udt.models",
    "transfer": "napari_udt.inference",
}

__all__ = [
    "CubeError",
    "ModelError",
    "SpectralCube",
    "TransferCancelled",
    "TransferError",
    "UdtError",
    "__version__",
    "list_models",
    "load_model",
    "open_cube",
    "open_cubes",
    "save_cube",
    "transfer",
]

if TYPE_CHECKING:
    from napari_udt.cube import SpectralCube
    from napari_udt.errors import CubeError, ModelError, TransferCancelled, TransferError, UdtError
    from napari_udt.inference import transfer
    from napari_udt.io import open_cube, open_cubes, save_cube
    from napari_udt.models import list_models, load_model


def __getattr__(name: str) -> Any:
    """Load a public name from the module that holds it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'napari_udt' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
