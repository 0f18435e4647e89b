"""Settings, and where they are kept. No Qt.

* With a session: plain JSON under one name per dock in ``session.settings``; a session file saves it, and docks read it
  again when ``session.settings_restored`` is emitted.
* Between sessions: a JSON file in the user's configuration folder, see :func:`read_user_settings`.
* What the user sets in napari's preferences: :mod:`napari_udt.viewer.state.preferences`.

Both kinds are dataclasses that :func:`plain` turns into JSON and :func:`settings_from` reads back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import platformdirs
from pydantic import ConfigDict, TypeAdapter, ValidationError

from napari_udt.files.reading import read_text
from napari_udt.files.writing import whole_or_nothing
from napari_udt.viewer.state.session import DisplayOptions, Session

T = TypeVar("T")

FILE_VARIABLE = "NAPARI_UDT_CHOICES"
_MAX_BYTES = 1_000_000
# Display options that a new session takes over from the last one.
_REMEMBERED = ("live", "live_band", "explore", "explore_class", "explore_domain")
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def plain(settings: Any) -> dict[str, Any]:
    """Return a dataclass of settings as plain JSON."""
    return json.loads(json.dumps(asdict(settings)))


def settings_from(kind: type[T], stored: Any) -> T:
    """Return settings from plain JSON; a field that is missing, damaged or not of its type keeps its default.

    Parameters
    ----------
    kind : type
        A dataclass whose fields all have defaults; their types may be annotated with limits (:class:`pydantic.Field`).
    stored : Any
        What a file says, whatever that is.
    """
    types, good = get_type_hints(kind, include_extras=True), {}
    for field in fields(kind):  # type: ignore[arg-type]
        if isinstance(stored, Mapping) and field.name in stored:
            reader = TypeAdapter(types[field.name], config=_STRICT)
            try:
                good[field.name] = reader.validate_json(json.dumps(stored[field.name]))
            except (ValidationError, TypeError, ValueError):
                continue
    return kind(**good)


def number_within(stored: Any, low: float, high: float) -> float | None:
    """Return a number that a file holds, brought within limits; None for anything else, also for NaN."""
    if isinstance(stored, bool) or not isinstance(stored, int | float) or stored != stored:
        return None
    return float(min(max(stored, low), high))


def user_settings_path() -> Path:
    """Return the file of the user's settings; the environment variable NAPARI_UDT_CHOICES overrides it."""
    override = os.environ.get(FILE_VARIABLE)
    folder = platformdirs.user_config_path("napari-udt", appauthor=False)
    return Path(override) if override else folder / "choices.json"


def read_user_settings() -> dict[str, Any]:
    """Return what was kept between sessions; nothing where the file is missing or damaged."""
    try:
        found = json.loads(read_text(user_settings_path(), _MAX_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_user_settings(**changes: Any) -> None:
    """Keep settings between sessions, beside those that are kept already; a file that cannot be written is left."""
    try:
        with whole_or_nothing(user_settings_path()) as temporary:
            temporary.write_text(json.dumps(read_user_settings() | changes), encoding="utf-8")
    except OSError:
        return


class RememberedOptions:
    """Gives a session some of the display options of the last one, and keeps them when they change."""

    def __init__(self, session: Session) -> None:
        self._kept = _remembered(settings_from(DisplayOptions, read_user_settings()))
        session.set_options(**self._kept)
        session.options_changed.connect(self._options_changed)

    def _options_changed(self, options: DisplayOptions) -> None:
        if (now := _remembered(options)) != self._kept:
            self._kept = now
            write_user_settings(**now)


def _remembered(options: DisplayOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in _REMEMBERED}
