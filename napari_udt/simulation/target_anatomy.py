"""The anatomy prior of the target "digital device": contours and vessel shapes as people drew them.

Skin contours and vessel outlines are smooth curves that were fitted to the forearm and finger label maps of the IPASC
image reconstruction project (``parameters/anatomy.json``), warped at random; the tissue between them is uneven,
unlike the simulated domain's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from napari_udt.simulation.fit_curves import cosine_basis
from napari_udt.simulation.fitted_tables import parameters
from napari_udt.simulation.forearm import ARTERY, DERMIS, FAT, MUSCLE, VEIN, Anatomy, Tissue, Vessel
from napari_udt.simulation.outline import Outline
from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field

Array = NDArray[np.float64]

FOREARM, FINGER = "human_forearm", "finger"
FINGER_SHARE = 0.15  # pictures with a vessel that runs along the imaging plane, as in a finger


@dataclass(frozen=True)
class BodyPart:
    """Skin contour and vessels of a body part.

    Parameters
    ----------
    half_width_mm : float
        Half the length of skin for which the contour is known; beyond, its ends stand.
    contour_mm : tuple of float
        Coefficients of a cosine series along the skin: the depth of its surface.
    outlines : tuple of Outline
        Vessels, the tallest first.
    """

    half_width_mm: float
    contour_mm: tuple[float, ...]
    outlines: tuple[Outline, ...]

    def contour(self, laterals_mm: Array) -> Array:
        """Depth [mm] of the skin surface at positions along it [mm], counted from any height."""
        position = np.clip(laterals_mm / self.half_width_mm, -1, 1)
        return cosine_basis(position, len(self.contour_mm)) @ np.array(self.contour_mm)


def body_parts() -> dict[str, BodyPart]:
    """Read the package's body parts: forearm and finger."""
    return {name: _body_part(part) for name, part in parameters("anatomy")["body_parts"].items()}


def _body_part(part: Mapping[str, Any]) -> BodyPart:
    outlines = [
        Outline(tuple(o["centre"]), tuple(o["half_height"]), o["half_width_mm"], o["half_height_mm"])
        for o in part["outlines"]
    ]
    return BodyPart(part["half_width_mm"], tuple(part["contour_mm"]), tuple(outlines))


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
    contour = part.contour(position)
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
        outline=_flipped(rng, outline),
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
        outline=_flipped(rng, outline),
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
        outline=_flipped(rng, outline),
    )
    across = [
        _vein(rng, part.outlines, rng.uniform(-18, 18), rng.uniform(1.2, 3))
        for _ in range(rng.integers(0, 3))
    ]
    small = [replace(vein, half_width_mm=min(vein.half_width_mm, 0.8)) for vein in across]
    return (*small, long)


def _flipped(rng: np.random.Generator, outline: Outline) -> Outline:
    return outline.mirrored() if rng.random() < 0.5 else outline


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
