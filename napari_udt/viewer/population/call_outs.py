"""Call-outs on pictures: placing, moving, naming, deleting; and the layout of pictures on a sheet. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from napari_udt.population.scenes import CallOut, Picture

CallOuts = tuple[CallOut, ...]
SMALLEST, LARGEST = 3, 512  # pixels, the side of a square
_FARTHEST = 2**31  # pixels
_SHARE = 0.14  # of the picture's shorter side: a new call-out


def placed(call_outs: CallOuts, picture: Picture, row: int, column: int) -> CallOuts:
    """Return call-outs with a new one around a pixel, named by the first number that is free."""
    size = max(SMALLEST, round(_SHARE * min(picture.values.shape)))
    taken = {call_out.text for call_out in call_outs}
    text = next(str(i) for i in range(1, len(call_outs) + 2) if str(i) not in taken)
    return (*call_outs, inside(CallOut(picture.name, row, column, size, text), picture))


def changed(call_outs: CallOuts, position: int, **changes: Any) -> CallOuts:
    """Return call-outs with one changed; texts are stripped, sizes kept within bounds."""
    if "text" in changes:
        changes["text"] = str(changes["text"]).strip()
    if "size" in changes:
        changes["size"] = min(max(int(changes["size"]), SMALLEST), LARGEST)
    return tuple(replace(one, **changes) if i == position else one for i, one in enumerate(call_outs))


def without(call_outs: CallOuts, positions: Sequence[int]) -> CallOuts:
    """Return call-outs without those at some positions."""
    return tuple(one for i, one in enumerate(call_outs) if i not in positions)


def inside(call_out: CallOut, picture: Picture) -> CallOut:
    """Return a call-out with its centre in the picture."""
    rows, columns = picture.values.shape
    return replace(
        call_out, row=min(max(call_out.row, 0), rows - 1), column=min(max(call_out.column, 0), columns - 1)
    )


def call_outs_from(plain: Any) -> CallOuts:
    """Return call-outs from plain JSON; damaged ones are left out."""
    found = []
    for item in plain if isinstance(plain, list) else []:
        try:
            one = CallOut(**item)
        except TypeError:
            continue
        numbers = (one.row, one.column, one.size)
        if (
            isinstance(one.picture, str)
            and isinstance(one.text, str)
            and all(isinstance(n, int) and abs(n) < _FARTHEST for n in numbers)
        ):
            found.append(replace(one, size=min(max(one.size, SMALLEST), LARGEST)))
    return tuple(found)


def shown_in(call_outs: CallOuts, pictures: Mapping[str, object]) -> list[tuple[int, CallOut]]:
    """Return the call-outs whose picture is shown, with their positions in the list."""
    return [(i, one) for i, one in enumerate(call_outs) if one.picture in pictures]


def best_columns(count: int, aspect: float, width: float, height: float, title: float = 0.0) -> int:
    """Return the number of columns in which pictures are largest on a sheet.

    Parameters
    ----------
    count : int
        Pictures.
    aspect : float
        Width of a picture over its height.
    width, height : float
        Of the sheet.
    title : float
        Height of the title of each picture.
    """

    def picture_width(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns, aspect * max(height / rows - title, 1.0))

    return max(range(1, max(count, 1) + 1), key=picture_width)
