"""Choices that outlive the program: a small JSON file in the user's configuration folder. No Qt."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

from napari_udt.files import whole_or_nothing
from napari_udt.viewer.state.session import DisplayOptions, Session

FILE_VARIABLE = "NAPARI_UDT_CHOICES"
# What is kept, and how to tell that a stored value is one of the kind.
_KEPT: dict[str, Callable[[Any], bool]] = {
    "live": lambda value: isinstance(value, bool),
    "live_band": lambda value: isinstance(value, bool),
    "explore": lambda value: isinstance(value, bool),
    "explore_class": lambda value: value is None or isinstance(value, str),
    "explore_domain": lambda value: isinstance(value, int | float) and 0 <= value <= 1,
}


class RememberedOptions:
    """Gives a session the options of last time, and keeps them when they change.

    A file that is missing, damaged or cannot be written is no reason to disturb anyone: the usual options hold.
    """

    def __init__(self, session: Session) -> None:
        self._last = _recall()
        session.set_options(**self._last)
        session.options_changed.connect(self._on_changed)

    def _on_changed(self, options: DisplayOptions) -> None:
        now = {name: getattr(options, name) for name in _KEPT}
        if now != {name: self._last.get(name, getattr(DisplayOptions(), name)) for name in _KEPT}:
            self._last = now
            _keep(now)


def choices_path() -> Path:
    """Return the file; the environment variable NAPARI_UDT_CHOICES overrides it."""
    override = os.environ.get(FILE_VARIABLE)
    return (
        Path(override)
        if override
        else platformdirs.user_config_path("napari-udt", appauthor=False) / "choices.json"
    )


def _recall() -> dict[str, Any]:
    try:
        found = json.loads(choices_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = found if isinstance(found, dict) else {}
    return {name: known[name] for name, fits in _KEPT.items() if name in known and fits(known[name])}


def _keep(choices: dict[str, Any]) -> None:
    path = choices_path()
    try:
        with whole_or_nothing(path) as temporary:
            temporary.write_text(json.dumps(choices), encoding="utf-8")
    except OSError:
        return
