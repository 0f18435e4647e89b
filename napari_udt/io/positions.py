"""Where the pictures of a series lie: names of the axes of time and depth, their units, and positions in s or mm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.series import Axis

Positions = NDArray[np.float64]

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
# Names of lists of positions, with or without a unit.
_LISTS: Mapping[Axis, str] = {
    "time": r"t|((frame|acquisition|measurement|scan|relative)[ _]?)?(times?|time[ _]?stamps?)|time[ _]?(axis|points?)|frames?",
    "depth": r"z|depths?|(z|depth|slice|plane)[ _]?(positions?|axis|coordinates?)|slices?",
}
_LIST = {
    axis: re.compile(rf"({names})([ _]*[ _(\[](in[ _])?(?P<unit>[a-zµ]+)[)\]]?)?", re.IGNORECASE)
    for axis, names in _LISTS.items()
}


def named_axis(name: str) -> Axis | None:
    """Return which axis a name means; None for any other."""
    return next((axis for axis, names in _NAMES.items() if name.strip().casefold() in names), None)


def axis_of_list(name: str) -> Axis | None:
    """Return along which axis a list of this name gives positions ("time", "t_ms", "depth (mm)"); None for any other."""
    return next((axis for axis in _LIST if _matched(name, axis) is not None), None)


def unit_in_list_name(name: str) -> str:
    """Return the unit in the name of a list of positions, as in ``time_ms``; empty where there is none."""
    axis = axis_of_list(name)
    found = _matched(name, axis) if axis is not None else None
    return (found["unit"] or "") if found is not None else ""


def _matched(name: str, axis: Axis) -> re.Match[str] | None:
    found = _LIST[axis].fullmatch(name.rsplit("/", 1)[-1].strip())
    if found is None or (found["unit"] and per_unit(found["unit"], axis) is None):
        return None
    return found


def listed_positions(
    lists: Mapping[str, int],
    axis: Axis,
    count: int,
    read: Callable[[str], Any],
    unit_beside: Callable[[str], str],
) -> Positions | None:
    """Return positions from the first list that is called as an axis, has its length and a unit; None where there is none.

    Parameters
    ----------
    lists : mapping of str to int
        Names and lengths of the lists in a file, the nearest first.
    axis, count
        Axis of the series, and how many pictures it has.
    read : callable
        ``read(name)`` gives the numbers of a list.
    unit_beside : callable
        ``unit_beside(name)`` gives a unit that is stated for it; empty where none is.
    """
    for name, length in lists.items():
        if length == count and axis_of_list(name) == axis:
            unit = unit_beside(name) or unit_in_list_name(name)
            found = stated_positions(read(name), unit, axis, count)
            if found is not None:
                return found
    return None


def is_unit_of_list(name: str, of: str) -> bool:
    """Whether a text of this name holds the unit of a list: "time_units" that of "time"."""
    bare = re.sub(r"[_ ]units?$", "", name.rsplit("/", 1)[-1].strip().lower())
    return bare != name.rsplit("/", 1)[-1].strip().lower() and bare == of.rsplit("/", 1)[-1].strip().lower()


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
