"""Save a file and say in one sentence what was saved, or why not. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def saved(save: Callable[[Path], object], path: Path) -> str:
    """Write a file with ``save`` and say so, or why not."""
    try:
        save(path)
    except OSError as error:
        return f"{path.name} was not saved: {error.strerror or error}."
    return f"Saved {path}"
