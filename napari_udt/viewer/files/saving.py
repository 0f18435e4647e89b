"""Save a file and say in one sentence what was saved, or why not; a failure is shown as a notification too. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari.utils.notifications import show_error

from napari_udt.errors import UdtError


def saved(save: Callable[[Path], object], path: Path) -> str:
    """Write a file with ``save`` and say so, or why not: that is shown as a notification as well, for a dock may be covered."""
    try:
        save(path)
    except OSError as error:
        failure = f"{path.name} was not saved: {error.strerror or error}."
    except UdtError as error:
        failure = str(error) if path.name in str(error) else f"{path.name} was not saved: {error}"
    else:
        return f"Saved {path}"
    show_error(failure)
    return failure
