"""Where the pictures of a series lie: names of the axes of time and depth, their units, and positions in s or mm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.series import Axis

MM: Mapping[str, float] = {
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-6),
    **dict.fromkeys(("µm", "um", "\\u00b5m", "micron", "microns", "micrometer", "micrometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 10.0),
    **dict.fromkeys(("m", "meter", "metre"), 1e3),
}
SECONDS: Mapping[str, float] = {
    **dict.fromkeys(("ns", "nanosecond"), 1e-9),
    **dict.fromkeys(("µs", "us", "microsecond"), 1e-6),
    **dict.fromkeys(("ms", "msec", "millisecond"), 1e-3),
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
}
_NAMES: Mapping[Axis, tuple[str, ...]] = {
    "time": ("t", "time", "times", "frame", "frames"),
    "depth": ("z", "depth", "slice", "slices", "plane"),
}


def named_axis(name: str) -> Axis | None:
    """Return which axis a name means; None for any other."""
    return next((axis for axis, names in _NAMES.items() if name.strip().casefold() in names), None)


def per_unit(unit: str, axis: Axis) -> float | None:
    """Return what one unit is in s or mm; None where the unit is none of time or length.

    "seconds since 2026-11-30" are seconds.
    """
    spelled = unit.split(" since ")[0].strip()
    known = SECONDS if axis == "time" else MM
    one = known.get(spelled, known.get(spelled.casefold()))
    return known.get(spelled.casefold().removesuffix("s")) if one is None else one


def stated_positions(values: Any, unit: str, axis: Axis, count: int) -> NDArray[np.float64] | None:
    """Return positions in s or mm, counted from the first picture's; None where unit or numbers are of no use.

    Depths that fall are counted downwards.
    """
    one, relative = per_unit(unit, axis), usable_positions(values, count)
    if relative is None and axis == "depth" and values is not None:
        relative = usable_positions(-np.asarray(values, np.float64), count)
    return None if one is None or relative is None else relative * one


def usable_positions(values: Any, count: int) -> NDArray[np.float64] | None:
    """Return positions counted from the first picture's; None unless there is one each and they increase."""
    numbers = np.asarray([] if values is None else values).reshape(-1)
    if numbers.size != count or numbers.dtype.kind not in "fiu":
        return None
    # Subtracted as they are: time stamps of 100 ns since the year 1 have more digits than a float.
    relative = (numbers - numbers[0]).astype(np.float64) if np.all(numbers >= numbers[0]) else None
    if relative is None or not np.all(np.isfinite(relative)) or np.any(np.diff(relative) <= 0):
        return None
    return relative


def evenly_spaced(spacing: float | None, count: int) -> NDArray[np.float64] | None:
    """Return positions at equal distances from 0; None where the distance is no positive number."""
    if spacing is None or not np.isfinite(spacing) or spacing <= 0:
        return None
    return np.arange(count, dtype=np.float64) * spacing
