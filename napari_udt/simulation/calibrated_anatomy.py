"""The anatomy prior of the calibrated device: laid out as in the simulated domain, uneven as tissue is.

Skin height and tilt, layers and where vessels lie follow :func:`napari_udt.simulation.forearm.draw_forearm`, so that what
differs between the domains is mostly the device. Vessels have the outlines that people drew
(``parameters/anatomy.json``) and reach up to where measured forearms show theirs (3-5 mm below the skin); veins carry
less oxygen than in the simulated domain (0.45-0.75 for 0.6-0.8), so that veins and arteries differ more.
"""

from __future__ import annotations

import numpy as np

from napari_udt.simulation.forearm import (
    ARTERY,
    DERMIS,
    FAT,
    MUSCLE,
    VEIN,
    Anatomy,
    Vessel,
    skin_surface_mm,
)
from napari_udt.simulation.outline import Outline
from napari_udt.simulation.pixel_grid import PixelGrid
from napari_udt.simulation.random_fields import smooth_field
from napari_udt.simulation.target_anatomy import FOREARM, BodyPart

DRAWN_OUTLINES = 0.7  # share of vessels with a drawn outline; the others are ellipses
VEIN_OXYGENATION = (0.45, 0.75)
ARTERY_OXYGENATION = (0.92, 1.0)


def draw_calibrated_anatomy(rng: np.random.Generator, grid: PixelGrid, parts: dict[str, BodyPart]) -> Anatomy:
    """Draw an anatomy: the simulated domain's layout with uneven layers and drawn vessels."""
    uneven = [np.exp(spread * smooth_field(rng, (grid.columns,), 30)) for spread in (0.1, 0.2, 0.4)]
    return Anatomy(
        skin_mm=skin_surface_mm(rng, grid) + 0.03 * smooth_field(rng, (grid.columns,), 15),
        epidermis_mm=rng.uniform(0.1, 0.15) * uneven[0],
        dermis_mm=rng.uniform(0.8, 1.6) * uneven[1],
        fat_mm=rng.uniform(0.5, 4) * uneven[2],
        vessels=_vessels(rng, parts[FOREARM].outlines),
        melanin=float(np.exp(rng.uniform(np.log(0.005), np.log(0.05)))),
        blood={
            DERMIS: rng.uniform(0.004, 0.01),
            FAT: rng.uniform(0.006, 0.012),
            MUSCLE: rng.uniform(0.01, 0.04),
        },
        background_oxygenation=rng.uniform(0.55, 0.8),
    )


def _vessels(rng: np.random.Generator, outlines: tuple[Outline, ...]) -> tuple[Vessel, ...]:
    """Veins under the skin, and a radial artery with up to two veins beside it."""

    def vessel(label: int, lateral: float, depth: float, diameter: float, flatness: float) -> Vessel:
        outline = outlines[int(rng.integers(len(outlines)))]
        outline = outline.mirrored() if rng.random() < 0.5 else outline
        return Vessel(
            label,
            lateral,
            depth,
            half_width_mm=diameter / 2 * flatness,
            half_height_mm=diameter / 2 / np.sqrt(flatness),
            oxygenation=rng.uniform(*(ARTERY_OXYGENATION if label == ARTERY else VEIN_OXYGENATION)),
            outline=outline if rng.random() < DRAWN_OUTLINES else None,
        )

    lateral, depth = rng.uniform(-10, 10), max(2.8, rng.normal(5.2, 1.1))
    artery = vessel(ARTERY, lateral, depth, max(1.2, rng.normal(2.4, 0.5)), rng.uniform(0.9, 1.3))
    beside = [
        vessel(
            VEIN,
            lateral + side * rng.uniform(1.9, 3.1),
            max(1.2, depth + rng.normal(0, 0.9)),
            rng.uniform(0.8, 1.8),
            rng.uniform(0.9, 1.6),
        )
        for side in (-1, 1)
        if rng.random() < 0.85
    ]
    subcutaneous = [
        vessel(
            VEIN,
            rng.uniform(-18, 18),
            max(0.9, rng.normal(2.2, 0.8)),
            max(0.5, rng.normal(1.0, 0.4)),
            rng.uniform(1, 2),
        )
        for _ in range(rng.integers(1, 5))
    ]
    return (*subcutaneous, *beside, artery)
