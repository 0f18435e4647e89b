"""How cubes were compared in the picture, kept with the session's settings. No Qt."""

from __future__ import annotations

from typing import Any, get_args

from napari_udt.viewer.layers import PairMode, PairView, SideBySide
from napari_udt.viewer.state.session import Session

_NAME = "layout"


class LayoutMemory:
    """Writes down whether cubes stand side by side or two in one picture, and brings it back with a session file.

    Blinking does not come back by itself: whoever opens a session did not ask for it.
    """

    def __init__(self, session: Session, side_by_side: SideBySide, pair_view: PairView) -> None:
        self._session, self._side_by_side, self._pair_view = session, side_by_side, pair_view
        side_by_side.changed.connect(self._note)
        pair_view.changed.connect(self._note)
        session.settings_restored.connect(self._restore)

    def _note(self, _active: bool = False) -> None:
        self._session.settings[_NAME] = {
            "side_by_side": self._side_by_side.active,
            "pictures": list(self._side_by_side.chosen),
            "mode": self._pair_view.mode,
            "pair": list(self._pair_view.pair),
            "divider": self._pair_view.divider,
        }

    def _restore(self) -> None:
        told = self._session.settings.get(_NAME, {})
        self._side_by_side.choose(_keys(told.get("pictures"), self._session))
        self._side_by_side.set_active(told.get("side_by_side") is True)
        if isinstance(divider := told.get("divider"), int | float):
            self._pair_view.put_divider(divider)
        pair = _keys(told.get("pair"), self._session)
        modes = {mode: mode for mode in get_args(PairMode) if mode not in ("off", "blink")}
        if len(pair) == 2 and told.get("mode") in modes:
            self._pair_view.show(modes[told["mode"]], *pair)


def _keys(told: Any, session: Session) -> tuple[str, ...]:
    """Return those keys of a list that are open."""
    return (
        tuple(key for key in told if isinstance(key, str) and key in session)
        if isinstance(told, list)
        else ()
    )
