"""The anatomy prior of the second domain: contours and vessel shapes that people drew on photoacoustic images.

Skin contours and vessel outlines come from the forearm and finger label maps of the IPASC image reconstruction
project, warped at random; the tissue between them is uneven, unlike the simulated domain's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter1d, label

from napari_udt.errors import SimulationError
from napari_udt.simulation.forearm import ARTERY, DERMIS, FAT, MUSCLE, VEIN, Anatomy, Tissue, Vessel
from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field
from napari_udt.simulation.tables import LabelMaps

Array = NDArray[np.float64]

EPIDERMIS_IN_MAP, MUSCLE_IN_MAP, BLOOD_IN_MAP = 2, 3, 4
FOREARM, FINGER = "human_forearm", "finger"
FINGER_SHARE = 0.15  # pictures with a vessel that runs along the imaging plane, as in a finger
LEAST_OUTLINE_PIXELS = 50  # smaller spots in a label map are slips of the pen


@dataclass(frozen=True, eq=False)
class Outline:
    """Shape of a vessel in a label map.

    Parameters
    ----------
    mask : bool array
        The vessel inside its bounding box.
    half_width_mm, half_height_mm : float
    """

    mask: NDArray[np.bool_]
    half_width_mm: float
    half_height_mm: float


@dataclass(frozen=True, eq=False)
class BodyPart:
    """What a label map tells.

    Parameters
    ----------
    laterals_mm, contour_mm : array, shape (columns,)
        Position along the skin; depth of its surface below its highest point.
    outlines : tuple of Outline
        Vessels, the tallest first.
    """

    laterals_mm: Array
    contour_mm: Array
    outlines: tuple[Outline, ...]


def body_parts(maps: LabelMaps) -> dict[str, BodyPart]:
    """Read skin contours and vessel outlines from the label maps; raises ``SimulationError`` where one lacks."""
    missing = {FOREARM, FINGER} - set(maps.pictures)
    if missing:
        raise SimulationError(
            f"The label maps hold {', '.join(sorted(maps.pictures))}; expected {FOREARM} and {FINGER}: add "
            f"{', '.join(sorted(missing))}."
        )
    return {name: _body_part(maps.pictures[name], maps.pixel_size_mm) for name in (FOREARM, FINGER)}


def _body_part(picture: NDArray[np.integer], pixel_mm: float) -> BodyPart:
    skin = np.argmax((picture == EPIDERMIS_IN_MAP) | (picture == MUSCLE_IN_MAP), axis=0) * pixel_mm
    skin = gaussian_filter1d(skin, 5, mode="nearest")  # takes off the steps of whole pixels
    columns = picture.shape[1]
    numbered, _ = label(picture == BLOOD_IN_MAP)
    masks = [numbered[box] == i for i, box in enumerate(find_objects(numbered), start=1)]
    masks = [mask for mask in masks if mask.sum() >= LEAST_OUTLINE_PIXELS]
    outlines = [Outline(mask, mask.shape[1] * pixel_mm / 2, mask.shape[0] * pixel_mm / 2) for mask in masks]
    outlines.sort(key=lambda outline: -outline.half_height_mm)
    return BodyPart((np.arange(columns) + 0.5 - columns / 2) * pixel_mm, skin - skin.min(), tuple(outlines))


def draw_target_anatomy(rng: np.random.Generator, grid: PixelGrid, parts: dict[str, BodyPart]) -> Anatomy:
    """Draw an anatomy: a warped contour, uneven layers, warped vessels."""
    lengthwise = rng.random() < FINGER_SHARE
    part = parts[FINGER if lengthwise else FOREARM]
    vessels = _lengthwise_vessel(rng, part) if lengthwise else _crossing_vessels(rng, part)
    uneven = [np.exp(spread * smooth_field(rng, (grid.columns,), 30)) for spread in (0.1, 0.2, 0.4)]
    return Anatomy(
        skin_mm=rng.uniform(0.4, 1.6) + _warped_contour(rng, grid, part),
        epidermis_mm=rng.uniform(0.1, 0.18) * uneven[0],
        dermis_mm=rng.uniform(0.7, 1.7) * uneven[1],
        fat_mm=rng.uniform(0.3, 4) * uneven[2],
        vessels=vessels,
        melanin=float(np.exp(rng.uniform(np.log(0.005), np.log(0.06)))),
        blood={
            DERMIS: rng.uniform(0.005, 0.02),
            FAT: rng.uniform(0.005, 0.015),
            MUSCLE: rng.uniform(0.01, 0.05),
        },
        background_oxygenation=rng.uniform(0.5, 0.85),
    )


def _warped_contour(rng: np.random.Generator, grid: PixelGrid, part: BodyPart) -> Array:
    """Flipped, stretched, shifted and flattened as a probe pressed onto the skin flattens it."""
    side = rng.choice([-1, 1])
    position = side * grid.laterals_mm / rng.uniform(0.8, 1.6) + rng.uniform(-4, 4)
    contour = np.interp(position, part.laterals_mm, part.contour_mm)
    contour = gaussian_filter1d(contour, 8, mode="nearest") - contour.min()
    return rng.uniform(0.05, 0.4) * contour + 0.05 * smooth_field(rng, contour.shape, 15)


def _crossing_vessels(rng: np.random.Generator, part: BodyPart) -> tuple[Vessel, ...]:
    """Radial artery, most often with one or two veins beside it, and flat veins under the skin."""
    artery = _artery(rng, part.outlines)
    veins = [
        _vein(rng, part.outlines, artery.lateral_mm + side, artery.depth_mm + rng.normal(0, 0.8))
        for side in (-rng.uniform(1.8, 3.2), rng.uniform(1.8, 3.2))
        if rng.random() < 0.75
    ]
    superficial = [
        _vein(rng, part.outlines, rng.uniform(-18, 18), rng.uniform(1.2, 3.5))
        for _ in range(rng.integers(1, 6))
    ]
    return (*superficial, *veins, artery)


def _artery(rng: np.random.Generator, outlines: Sequence[Outline]) -> Vessel:
    outline = outlines[0]
    return Vessel(
        ARTERY,
        lateral_mm=rng.uniform(-12, 12),
        depth_mm=rng.uniform(2.5, 6.5),
        half_width_mm=outline.half_width_mm * rng.uniform(0.6, 1.0),
        half_height_mm=outline.half_height_mm * rng.uniform(0.9, 1.6),
        oxygenation=rng.uniform(0.92, 1.0),
        outline=_flipped(rng, outline.mask),
    )


def _vein(
    rng: np.random.Generator, outlines: Sequence[Outline], lateral_mm: float, depth_mm: float
) -> Vessel:
    outline = outlines[int(rng.integers(len(outlines)))]
    size = rng.uniform(0.3, 0.8)
    return Vessel(
        VEIN,
        lateral_mm=lateral_mm,
        depth_mm=depth_mm,
        half_width_mm=max(0.3, outline.half_width_mm * size),
        half_height_mm=max(0.25, outline.half_height_mm * size * rng.uniform(0.8, 1.4)),
        oxygenation=rng.uniform(0.5, 0.85),
        outline=_flipped(rng, outline.mask),
    )


def _lengthwise_vessel(rng: np.random.Generator, part: BodyPart) -> tuple[Vessel, ...]:
    """One vessel along the imaging plane and a few veins across."""
    outline = part.outlines[0]
    is_artery = rng.random() < 0.5
    long = Vessel(
        ARTERY if is_artery else VEIN,
        lateral_mm=rng.uniform(-8, 8),
        depth_mm=rng.uniform(2.5, 5),
        half_width_mm=outline.half_width_mm * rng.uniform(0.4, 0.9),
        half_height_mm=outline.half_height_mm * rng.uniform(0.35, 0.6),
        oxygenation=rng.uniform(0.92, 1.0) if is_artery else rng.uniform(0.5, 0.85),
        outline=_flipped(rng, outline.mask),
    )
    across = [
        _vein(rng, part.outlines, rng.uniform(-18, 18), rng.uniform(1.2, 3))
        for _ in range(rng.integers(0, 3))
    ]
    small = [replace(vein, half_width_mm=min(vein.half_width_mm, 0.8)) for vein in across]
    return (*small, long)


def _flipped(rng: np.random.Generator, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask[:, ::-1] if rng.random() < 0.5 else mask


def heterogeneous(rng: np.random.Generator, tissue: Tissue) -> Tissue:
    """Make the blood of the background and the melanin uneven; the blood in vessels stays as it is.

    Oxygenated and deoxygenated blood vary apart, so oxygenation varies too: log-normal factors of two sizes, a few
    millimetres and a few tenths of a millimetre.
    """
    shape = tissue.labels.shape
    vessel = (tissue.labels == VEIN) | (tissue.labels == ARTERY)
    common = 0.4 * smooth_field(rng, shape, 8) + 0.4 * smooth_field(rng, shape, 1.5)
    absorbers = dict(tissue.absorbers)
    for name in ("oxyhemoglobin", "deoxyhemoglobin"):
        factor = np.exp(common + 0.2 * smooth_field(rng, shape, 8))
        absorbers[name] = absorbers[name] * np.where(vessel, 1.0, factor)
    absorbers["melanin"] = absorbers["melanin"] * np.exp(0.3 * smooth_field(rng, shape[1:], 6))
    return replace(tissue, absorbers=absorbers)
