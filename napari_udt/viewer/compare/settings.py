"""What the Compare dock remembers from one day to the next. No Qt."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args

from napari_udt.viewer.compare.colour_pictures import RGB_NM
from napari_udt.viewer.layers.arrangements.comparison import Scale
from napari_udt.viewer.layers.planes import DifferenceKind

SLOWEST_HZ, FASTEST_HZ = 1.0, 4.0


@dataclass(frozen=True)
class CompareSettings:
    """Choices of the Compare dock that do not depend on what is open.

    Parameters
    ----------
    scale : {"automatic", "common", "own"}
        Whether pictures share their contrast limits.
    kind : {"absolute", "relative"}
        Difference in the cubes' unit or in %.
    rate_hz : float
        Pictures per second while two cubes blink, 1-4.
    red_nm, green_nm, blue_nm : float
        Wavelengths of the false colours.
    """

    scale: Scale = "automatic"
    kind: DifferenceKind = "absolute"
    rate_hz: float = 2.0
    red_nm: float = RGB_NM[0]
    green_nm: float = RGB_NM[1]
    blue_nm: float = RGB_NM[2]

    def text(self) -> str:
        """Return the settings as one line of JSON."""
        return json.dumps(asdict(self))


def settings_from(text: str) -> CompareSettings:
    """Return the settings in a text; what is damaged or unknown in it is left at its default."""
    try:
        return settings_of(json.loads(text))
    except ValueError:
        return CompareSettings()


def settings_of(stored: Any) -> CompareSettings:
    """Return the settings that a session or the user's settings tell; what is damaged is left at its default."""
    usual = CompareSettings()
    if not isinstance(stored, dict):
        return usual
    good = {
        f.name: stored[f.name] for f in fields(usual) if f.name in stored and _fits(f.name, stored[f.name])
    }
    return replace(usual, **good)


def _fits(name: str, value: Any) -> bool:
    match name:
        case "scale":
            return value in get_args(Scale)
        case "kind":
            return value in get_args(DifferenceKind)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "rate_hz":
        return number and SLOWEST_HZ <= value <= FASTEST_HZ
    return number and value > 0
