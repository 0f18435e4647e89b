"""Results as plain JSON values, and the versions of the software that computed them."""

from __future__ import annotations

import math
import platform
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from napari_udt import __version__

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")


def software_versions() -> dict[str, str]:
    """Versions of what computes the numbers."""
    found = {name: version(name) for name in _LIBRARIES}
    return {"napari-udt": __version__, "python": platform.python_version(), **found}


def plain(value: Any) -> Any:
    """Return ``value`` in types that JSON knows; dataclasses with their properties' values beside their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return found | {name: plain(getattr(value, name)) for name in _properties(type(value))}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _properties(kind: type) -> list[str]:
    """Public properties of a class: what follows from its fields, as means and verdicts."""
    return [name for name, item in vars(kind).items() if isinstance(item, property) and name[0] != "_"]
