"""Fit skin contours and vessel shapes of the label maps with a few numbers each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter1d, label

from napari_udt.errors import SimulationError
from napari_udt.simulation.fit_curves import cosine_basis, least_squares
from napari_udt.simulation.measured_tables import LabelMaps
from napari_udt.simulation.outline import Outline
from napari_udt.simulation.target_anatomy import FINGER, FOREARM, BodyPart

Array = NDArray[np.float64]

EPIDERMIS_IN_MAP, MUSCLE_IN_MAP, BLOOD_IN_MAP = 2, 3, 4
LEAST_OUTLINE_PIXELS = 50  # smaller spots in a label map are slips of the pen
CONTOUR_TERMS, OUTLINE_TERMS = 12, 8
_DIGITS = 4  # after the decimal point


def fit_body_parts(maps: LabelMaps) -> tuple[dict[str, BodyPart], dict[str, Any]]:
    """Fit forearm and finger; the body parts and how far they lie from the maps.

    Raises
    ------
    SimulationError
        When the maps lack one of them.
    """
    if missing := {FOREARM, FINGER} - set(maps.pictures):
        raise SimulationError(
            f"The label maps hold {', '.join(sorted(maps.pictures))}; expected {FOREARM} and {FINGER}: add "
            f"{', '.join(sorted(missing))}."
        )
    parts = {name: fit_body_part(maps.pictures[name], maps.pixel_size_mm) for name in (FOREARM, FINGER)}
    errors = {name: _errors(parts[name], maps.pictures[name], maps.pixel_size_mm) for name in parts}
    return parts, errors


def fit_body_part(picture: NDArray[np.integer], pixel_mm: float) -> BodyPart:
    """Fit the skin contour and the vessels of one label map."""
    depth = skin_depth_mm(picture, pixel_mm)
    contour = _rounded(least_squares(cosine_basis(_places(len(depth)), CONTOUR_TERMS), depth))
    outlines = [fit_outline(mask, pixel_mm) for mask in vessel_masks(picture)]
    return BodyPart(round(len(depth) * pixel_mm / 2, _DIGITS), contour, tuple(outlines))


def skin_depth_mm(picture: NDArray[np.integer], pixel_mm: float) -> Array:
    """Depth of the skin below its highest point, one number for each column of a label map."""
    skin = np.argmax((picture == EPIDERMIS_IN_MAP) | (picture == MUSCLE_IN_MAP), axis=0) * pixel_mm
    skin = gaussian_filter1d(skin, 5, mode="nearest")  # takes off the steps of whole pixels
    return skin - skin.min()


def vessel_masks(picture: NDArray[np.integer]) -> list[NDArray[np.bool_]]:
    """Vessels of a label map inside their bounding boxes, the tallest first."""
    numbered, _ = label(picture == BLOOD_IN_MAP)
    masks = [numbered[box] == i for i, box in enumerate(find_objects(numbered), start=1)]
    return sorted((m for m in masks if m.sum() >= LEAST_OUTLINE_PIXELS), key=lambda mask: -mask.shape[0])


def fit_outline(mask: NDArray[np.bool_], pixel_mm: float) -> Outline:
    """Fit the middle and the height of a vessel, column by column."""
    rows, columns = mask.shape
    filled = mask.sum(axis=0)
    middle = (mask * _places(rows)[:, None]).sum(axis=0) / np.maximum(filled, 1)
    basis = cosine_basis(_places(columns), OUTLINE_TERMS)
    return Outline(
        _rounded(least_squares(basis, middle)),
        _rounded(least_squares(basis, filled / rows)),
        half_width_mm=round(columns * pixel_mm / 2, _DIGITS),
        half_height_mm=round(rows * pixel_mm / 2, _DIGITS),
    )


def as_json(part: BodyPart) -> dict[str, Any]:
    """Write a body part as :func:`napari_udt.simulation.target_anatomy.body_parts` reads it."""
    return {
        "half_width_mm": part.half_width_mm,
        "contour_mm": list(part.contour_mm),
        "outlines": [
            {
                "half_width_mm": outline.half_width_mm,
                "half_height_mm": outline.half_height_mm,
                "centre": list(outline.centre),
                "half_height": list(outline.half_height),
            }
            for outline in part.outlines
        ],
    }


def _errors(part: BodyPart, picture: NDArray[np.integer], pixel_mm: float) -> Mapping[str, Any]:
    depth = skin_depth_mm(picture, pixel_mm)
    apart = part.contour(_places(len(depth)) * part.half_width_mm) - depth
    overlaps = [
        _overlap(o.covers(_places(m.shape[1]), _places(m.shape[0])[:, None]), m)
        for o, m in zip(part.outlines, vessel_masks(picture), strict=True)
    ]
    return {
        "contour_rms_mm": round(float(np.sqrt(np.mean(apart**2))), 3),
        "contour_largest_mm": round(float(np.abs(apart).max()), 3),
        "outline_dice": [round(value, 3) for value in overlaps],
    }


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice coefficient of two shapes, 1 where they are the same."""
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def _places(count: int) -> Array:
    """Middles of ``count`` pixels between -1 and 1."""
    return (np.arange(count) + 0.5) * 2 / count - 1


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
