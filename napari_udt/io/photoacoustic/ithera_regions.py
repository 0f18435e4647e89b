"""Regions that iThera's iLabs keeps beside a scan: ``X.iannotation``, JSON with ellipses, rectangles and polygons.

Lengths are in metres, x to the right and y downwards from the middle of the field of view; a place is text such as
"(0.001, 0.002)". ``pos`` is the corner at the top left, about which ``angle`` [degrees] turns an ellipse; without ``size``
a shape measures 10 mm. ``Sweeps`` lists frames, counted from 1. Written from what PATATO's reader of these files states.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_udt.errors import CubeError
from napari_udt.files.reading import read_text
from napari_udt.io.contract import Frame, reading
from napari_udt.io.extras import Extras
from napari_udt.io.photoacoustic.patato_maps import draw
from napari_udt.io.picture_place import PicturePlace

Points = NDArray[np.float64]

MAX_BYTES = 10_000_000
_USUAL_MM = (10.0, 10.0)
_PLACE = re.compile(r"\(([^()]*)\)")
_CORNERS = 72  # of the polygon that stands for an ellipse


@dataclass(frozen=True, eq=False)
class Region:
    """A closed region.

    Parameters
    ----------
    name : str
    frames : frozenset of int
        Frames that it was drawn on, counted from 0; empty where it counts for all.
    corners_mm : array, shape (corners, 2)
        Right of and above the middle of the field of view.
    """

    name: str
    frames: frozenset[int]
    corners_mm: Points


def take_regions(extras: Extras, header: Path, where: PicturePlace, frame: Frame) -> None:
    """Draw the regions beside the header of a scan as labels; without such a file there is nothing to do."""
    path = header.with_suffix(".iannotation")
    if not path.is_file():
        return
    found = extras.attempt("Regions", lambda: read_regions(path)) or []
    shown = of_frame(found, frame)
    draw(extras, where, [(r.name, where.pixels(r.corners_mm)) for r in shown], [r.name for r in found])


def of_frame(regions: Sequence[Region], frame: Frame) -> list[Region]:
    """Return the regions that were drawn on a frame, or count for all."""
    return [r for r in regions if frame == "mean" or not r.frames or frame in r.frames]


def read_regions(path: Path) -> list[Region]:
    """Read the closed regions of a file; lines are passed over.

    Raises
    ------
    CubeError
        When the file is damaged, larger than 10 MB, or holds another kind of shape.
    """
    with reading(path):
        stored = json.loads(read_text(path, MAX_BYTES))
        listed = stored.get("Annotations") if isinstance(stored, Mapping) else None
        if not isinstance(listed, list):
            raise CubeError(f"{path}: found no list of Annotations; expected regions of iLabs.")
        return [region for number, one in enumerate(listed) for region in _regions(one, number, path)]


def _regions(annotation: Any, number: int, path: Path) -> Iterator[Region]:
    shapes = annotation.get("ROIList") or []
    frames = frozenset(int(sweep) - 1 for sweep in annotation.get("Sweeps") or [])
    for shape in shapes:
        corners = _corners(shape, path)
        if len(corners) > 2:
            name = f"{annotation.get('__classname') or 'region'}_{number}"[:200]
            yield Region(name, frames, corners * (1, -1))


def _corners(shape: Mapping[str, Any], path: Path) -> Points:
    """Return the corners of a shape, right of and below the middle [mm]; of an ellipse those of a fine polygon."""
    kind = shape.get("type", "Rectangle")
    if kind in ("Polygon", "Segment"):
        return np.array([_place(text, path) for text in shape["points"]])
    if kind not in ("Rectangle", "Ellipse"):
        raise CubeError(f"{path}: the shape {str(kind)[:40]!r} is not known.")
    size = _place(shape["size"], path) if "size" in shape else np.array(_USUAL_MM)
    if kind == "Rectangle":
        within = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
    else:
        turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
        within = (np.column_stack([np.cos(turn), np.sin(turn)]) + 1) / 2 * size
    angle = np.deg2rad(float(shape.get("angle", 0))) if kind == "Ellipse" else 0.0
    turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(_place(shape["pos"], path) + within @ turned)


def _place(text: Any, path: Path) -> Points:
    found = _PLACE.search(str(text))
    numbers = np.array([float(number) for number in found[1].split(",")]) if found else np.zeros(0)
    if numbers.size not in (2, 3) or not np.all(np.isfinite(numbers)):
        raise CubeError(f"{path}: found {str(text)[:40]!r}; expected a place such as '(0.001, 0.002)'.")
    return numbers[:2] * 1e3
