"""Entries of a model's architecture, checked: it may come from a foreign file.

Each function raises ModelError with a sentence that names the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_udt.errors import ModelError
from napari_udt.models.spec import ModelSpec

# Bounds on what a file may ask for; the published networks stay a factor of ten below.
MAX_BLOCKS = 400
MAX_WIDTH = 32_768
MAX_SCALES = 8


def integer(spec: ModelSpec, entries: Mapping[str, Any], key: str, largest: int, smallest: int = 1) -> int:
    """Return a whole number of a table of the architecture."""
    value = entries.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected a whole number from {smallest} to {largest}."
        )
    return value


def choice(spec: ModelSpec, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
    """Return one of several words of the architecture."""
    value = spec.architecture.get(key, default)
    if value not in choices:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected one of {', '.join(choices)}."
        )
    return str(value)


def positive(spec: ModelSpec, key: str, default: float) -> float:
    """Return a number above 0, at most 100, of the architecture."""
    value = spec.architecture.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 100:
        raise ModelError(
            f"Model {spec.name!r}: {key} is {value!r} in its architecture; expected a number in (0, 100]."
        )
    return float(value)
