"""Settings of the Compare dock and of the arrangement in the picture. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from napari_udt.viewer.compare.colour_pictures import RGB_NM
from napari_udt.viewer.layers.arrangements.comparison import Scale
from napari_udt.viewer.layers.arrangements.pair_view import PairMode, PairView
from napari_udt.viewer.layers.arrangements.side_by_side import SideBySide
from napari_udt.viewer.layers.planes import DifferenceKind
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.state.settings import plain, settings_from

SLOWEST_HZ, FASTEST_HZ = 1.0, 4.0
_LAYOUT = "layout"  # in the session's settings

Wavelength = Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class CompareSettings:
    """Choices of the Compare dock that do not depend on what is open.

    Parameters
    ----------
    scale : {"automatic", "common", "own"}
        Whether pictures share their contrast limits.
    kind : {"absolute", "relative", "added"}
        Difference in the cubes' unit, in %, or beyond one gain for all pixels and wavelengths.
    rate_hz : float
        Pictures per second while two cubes blink, 1-4.
    red_nm, green_nm, blue_nm : float
        Wavelengths of the false colours.
    names, legend : bool
        Whether names of structures stand on the picture, and a legend of their colours.
    """

    scale: Scale = "automatic"
    kind: DifferenceKind = "absolute"
    rate_hz: Annotated[float, Field(ge=SLOWEST_HZ, le=FASTEST_HZ)] = 2.0
    red_nm: Wavelength = RGB_NM[0]
    green_nm: Wavelength = RGB_NM[1]
    blue_nm: Wavelength = RGB_NM[2]
    names: bool = False
    legend: bool = False


@dataclass(frozen=True)
class Layout:
    """Which cubes stand side by side or share one picture, by their keys; ``divider`` is a share of the width."""

    side_by_side: bool = False
    pictures: tuple[str, ...] = ()
    mode: PairMode = "off"
    pair: tuple[str, ...] = ()
    divider: float | None = None


class SavedLayout:
    """Keeps the arrangement in the session's settings and arranges the cubes again after a session file was opened.

    Two cubes do not begin to blink by themselves.
    """

    def __init__(self, session: Session, side_by_side: SideBySide, pair_view: PairView) -> None:
        self._session, self._side_by_side, self._pair_view = session, side_by_side, pair_view
        side_by_side.changed.connect(self._keep)
        pair_view.changed.connect(self._keep)
        session.settings_restored.connect(self._restore)

    def _keep(self, _active: bool = False) -> None:
        arranged, pair = self._side_by_side, self._pair_view
        self._session.settings[_LAYOUT] = plain(
            Layout(arranged.active, arranged.chosen, pair.mode, pair.pair, pair.divider)
        )

    def _restore(self) -> None:
        layout = settings_from(Layout, self._session.settings.get(_LAYOUT))
        pictures, pair = (
            tuple(key for key in keys if key in self._session) for keys in (layout.pictures, layout.pair)
        )
        self._side_by_side.choose(pictures)
        self._side_by_side.set_active(layout.side_by_side)
        if layout.divider is not None:
            self._pair_view.put_divider(layout.divider)
        if len(pair) == 2 and layout.mode not in ("off", "blink"):
            self._pair_view.show(layout.mode, *pair)
