"""What the user prefers in every window: napari's own preferences, declared in ``napari.yaml``. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from napari_udt.io.contract import MEMORY_LIMIT_MB, prefer_memory_limit
from napari_udt.spectral.spectra import Spread
from napari_udt.viewer.state.display_options import ChosenScaling
from napari_udt.viewer.state.session import Session

_PLUGIN = "napari-udt"
_CATEGORY = "viewer"


@dataclass(frozen=True)
class Preferences:
    """The preferences, with the values that hold where napari (before 0.9) has none.

    Parameters
    ----------
    device : str
        Where transfers run: "auto", "cpu", "cuda:0", "mps".
    memory_limit_mb : float
        Larger cubes stay in their files.
    window : {1, 3, 5, 7}
        Side of the square of pixels that is averaged.
    normalisation, spread : str
        As in :class:`~napari_udt.viewer.state.session.DisplayOptions`.
    hover : bool
        Whether curves follow the mouse.
    """

    device: str = "auto"
    memory_limit_mb: float = MEMORY_LIMIT_MB
    window: int = 1
    normalisation: ChosenScaling = "auto"
    spread: Spread = "std"
    hover: bool = True


def preferences() -> Preferences:
    """Return the user's preferences; the defaults where napari or the plugin is not set up for them."""
    stored = _stored()
    known = {f.name: getattr(stored, f.name) for f in fields(Preferences) if hasattr(stored, f.name)}
    return Preferences(**known)


def _stored() -> Any:
    try:
        from napari.settings import get_plugin_settings

        return getattr(get_plugin_settings(_PLUGIN), _CATEGORY)
    except (ImportError, LookupError, AttributeError, ValueError):  # an older napari, or no installed plugin
        return None


def apply(wanted: Preferences, session: Session) -> None:
    """Let a new session, and files that are opened from now on, be as preferred."""
    prefer_memory_limit(wanted.memory_limit_mb)
    session.set_options(
        window=wanted.window, normalisation=wanted.normalisation, spread=wanted.spread, hover=wanted.hover
    )
    session.settings.setdefault("transfer", {}).setdefault("device", wanted.device)
