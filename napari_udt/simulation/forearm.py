"""Cross-sections of a human forearm: layers and blood vessels, and the anatomy prior of the simulated domain.

:class:`Anatomy` is the geometry, :func:`build_tissue` turns it into maps over the pixels. Sizes and volume fractions
follow the literature that SIMPA collects (Groehl et al., J. Biomed. Opt. 27, 083010, 2022), rounded, and spread
wider where one study stands for all people: water in skin 0.58 and in muscle 0.68 (Forbes et al. 1953), blood in
muscle from 0.01 (Vankan et al. 1998), melanosomes around 0.014 (Alaluf et al. 2002).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_udt.simulation.outline import Outline
from napari_udt.simulation.pixel_grid import PixelGrid

Array = NDArray[np.float64]

CLASS_NAMES = ("coupling medium", "epidermis", "dermis", "fat", "muscle", "vein", "artery")
COUPLING, EPIDERMIS, DERMIS, FAT, MUSCLE, VEIN, ARTERY = range(7)

WATER = {EPIDERMIS: 0.6, DERMIS: 0.6, FAT: 0.2, MUSCLE: 0.68, VEIN: 0.55, ARTERY: 0.55}
LIPID = {FAT: 0.6}
FINENESS = 4  # the epidermis is thinner than a pixel: tissue is drawn finer and averaged
LABEL_WEIGHT = np.array([1, 2, 1, 1, 1, 1, 1])  # a thin layer is labelled where it fills a third of a pixel


@dataclass(frozen=True, eq=False)
class Vessel:
    """A blood vessel that crosses the imaging plane.

    Parameters
    ----------
    label : int
        ``VEIN`` or ``ARTERY``.
    lateral_mm, depth_mm : float
        Centre; the depth counts from the skin surface.
    half_width_mm, half_height_mm : float
    oxygenation : float
        Fraction 0-1.
    outline : Outline, optional
        Shape inside the bounding box; an ellipse by default.
    """

    label: int
    lateral_mm: float
    depth_mm: float
    half_width_mm: float
    half_height_mm: float
    oxygenation: float
    outline: Outline | None = None

    def covers(self, laterals_mm: Array, depths_mm: Array) -> NDArray[np.bool_]:
        """Whether the vessel covers positions (depth from the skin surface), elementwise."""
        u = (laterals_mm - self.lateral_mm) / self.half_width_mm
        v = (depths_mm - self.depth_mm) / self.half_height_mm
        return u**2 + v**2 < 1 if self.outline is None else self.outline.covers(u, v)


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Geometry and blood of one forearm.

    Parameters
    ----------
    skin_mm : array, shape (columns,)
        Depth of the skin surface below the membrane.
    epidermis_mm, dermis_mm, fat_mm : array, shape (columns,)
        Thickness of the layers; muscle lies below.
    vessels : tuple of Vessel
        Later ones cover earlier ones.
    melanin : float
        Volume fraction of melanosomes in the epidermis.
    blood : mapping of class to float
        Volume fraction of blood in dermis, fat and muscle.
    background_oxygenation : float
        Of that blood.
    """

    skin_mm: Array
    epidermis_mm: Array
    dermis_mm: Array
    fat_mm: Array
    vessels: tuple[Vessel, ...]
    melanin: float
    blood: Mapping[int, float]
    background_oxygenation: float

    @property
    def parameters(self) -> dict[str, float]:
        """What was drawn, as single numbers to keep with the image; lengths in mm."""
        arteries = [vessel for vessel in self.vessels if vessel.label == ARTERY]
        depths = [vessel.depth_mm for vessel in arteries]
        return {
            "melanin_fraction": self.melanin,
            "muscle_blood_fraction": self.blood[MUSCLE],
            "background_oxygenation": self.background_oxygenation,
            "dermis_mm": float(np.mean(self.dermis_mm)),
            "fat_mm": float(np.mean(self.fat_mm)),
            "artery_depth_mm": min(depths) if depths else np.nan,
            "artery_oxygenation": arteries[0].oxygenation if arteries else np.nan,
            "vessels": len(self.vessels),
        }


@dataclass(frozen=True, eq=False)
class Tissue:
    """Maps of one cross-section, each of shape (rows, columns).

    Parameters
    ----------
    labels : int8 array
        Indices into :data:`CLASS_NAMES`.
    oxygenation : float32 array
        Of the blood vessels, NaN elsewhere.
    absorbers, scatterers : mapping of substance to array
        Volume fractions, see :mod:`napari_udt.simulation.tissue_optics`.
    """

    labels: NDArray[np.int8]
    oxygenation: NDArray[np.float32]
    absorbers: Mapping[str, Array]
    scatterers: Mapping[str, Array]


def draw_forearm(rng: np.random.Generator, grid: PixelGrid) -> Anatomy:
    """Draw a forearm: the anatomy prior of the simulated domain.

    A flat skin surface; the radial artery (diameter 2.25 +- 0.4 mm, Ashraf et al. 2010; depth 6 +- 0.8 mm, where
    SIMPA has 6 +- 0.5) between two veins of 1 mm at 2.5 mm from it (SIMPA); one to four subcutaneous veins (diameter
    0.8 +- 0.4 mm, depth 1.9 +- 0.7 mm; Goh et al. 2017 found 0.8 +- 0.6 at 1.5 +- 0.7). Oxygenation of arteries
    0.9-1 (Merrick and Hayes 1976) and of veins 0.6-0.8 (Molnar and Nemeth 2018).
    """
    flat = np.ones(grid.columns)
    return Anatomy(
        skin_mm=skin_surface_mm(rng, grid),
        epidermis_mm=rng.uniform(0.1, 0.15) * flat,
        dermis_mm=rng.uniform(0.8, 1.6) * flat,
        fat_mm=rng.uniform(0.5, 4) * flat,
        vessels=(*_subcutaneous_veins(rng), *_radial_vessels(rng)),
        melanin=rng.uniform(0.005, 0.05),
        blood={DERMIS: 0.005, FAT: 0.01, MUSCLE: rng.uniform(0.01, 0.04)},
        background_oxygenation=rng.uniform(0.6, 0.8),
    )


def skin_surface_mm(rng: np.random.Generator, grid: PixelGrid) -> Array:
    """Depth [mm] of a skin surface that a probe presses flat, shape (columns,); drawn alike in both domains."""
    return 0.3 + 0.15 * np.sin(grid.laterals_mm / 9 + rng.uniform(0, 2 * np.pi))


def _radial_vessels(rng: np.random.Generator) -> tuple[Vessel, ...]:
    """Radial artery and the two veins that accompany it."""
    lateral = rng.uniform(-10, 10)
    depth = max(3.0, rng.normal(6, 0.8))
    radius = max(0.5, rng.normal(2.25, 0.4) / 2)
    artery = Vessel(ARTERY, lateral, depth, radius, radius, rng.uniform(0.9, 1.0))
    veins = [
        Vessel(VEIN, lateral + side, depth + rng.normal(0, 1), 0.5, 0.5, rng.uniform(0.6, 0.8))
        for side in (-2.5, 2.5)
    ]
    return (*veins, artery)


def _subcutaneous_veins(rng: np.random.Generator) -> tuple[Vessel, ...]:
    def vein() -> Vessel:
        radius = max(0.25, rng.normal(0.8, 0.4) / 2)
        depth = max(0.9, rng.normal(1.9, 0.7))
        return Vessel(VEIN, rng.uniform(-18, 18), depth, radius, radius, rng.uniform(0.6, 0.8))

    return tuple(vein() for _ in range(rng.integers(1, 5)))


def build_tissue(anatomy: Anatomy, grid: PixelGrid) -> Tissue:
    """Turn an anatomy into maps of labels, oxygenation and volume fractions.

    Layers and vessels are drawn :data:`FINENESS` times finer than the pixels and averaged, so that a layer
    thinner than a pixel absorbs what it should.
    """
    fractions, oxygen = _class_fractions(anatomy, grid)
    labels = np.argmax(fractions * LABEL_WEIGHT[:, None, None], axis=0).astype(np.int8)
    vessel = fractions[VEIN] + fractions[ARTERY]
    saturation = oxygen / np.where(vessel > 0, vessel, 1)
    is_vessel = (labels == VEIN) | (labels == ARTERY)
    background = sum(fractions[tissue] * share for tissue, share in anatomy.blood.items())
    oxygen = oxygen + background * anatomy.background_oxygenation
    skin = fractions[EPIDERMIS] + fractions[DERMIS]
    return Tissue(
        labels=labels,
        oxygenation=np.where(is_vessel, saturation, np.nan).astype(np.float32),
        absorbers={
            "oxyhemoglobin": oxygen,
            "deoxyhemoglobin": vessel + background - oxygen,
            "water": _weighted(fractions, WATER),
            "fat": _weighted(fractions, LIPID),
            "melanin": fractions[EPIDERMIS] * anatomy.melanin,
            "bloodless_skin": skin,
        },
        scatterers={"skin": skin, "fat": fractions[FAT], "muscle": fractions[MUSCLE], "blood": vessel},
    )


def _class_fractions(anatomy: Anatomy, grid: PixelGrid) -> tuple[Array, Array]:
    """Volume fraction of each class (classes, rows, columns) and of oxygenated blood in vessels (rows, columns)."""
    fine = grid.refined(FINENESS)
    skin, *layers = (
        np.interp(fine.laterals_mm, grid.laterals_mm, line)
        for line in (anatomy.skin_mm, anatomy.epidermis_mm, anatomy.dermis_mm, anatomy.fat_mm)
    )
    depths = fine.depths_mm[:, None] - skin
    tops = np.cumsum([np.zeros_like(skin), *layers], axis=0)
    labels = np.full(depths.shape, COUPLING, dtype=np.int8)
    for label, top in zip((EPIDERMIS, DERMIS, FAT, MUSCLE), tops, strict=True):
        labels[depths > top] = label
    oxygen = np.zeros(depths.shape, dtype=np.float32)
    for vessel in anatomy.vessels:
        inside = vessel.covers(fine.laterals_mm, depths) & (depths > tops[1])  # never in the epidermis
        labels[inside] = vessel.label
        oxygen[inside] = vessel.oxygenation
    fractions = np.stack([_pixel_means(labels == label) for label in range(len(CLASS_NAMES))])
    return fractions, _pixel_means(oxygen)


def _pixel_means(fine: NDArray) -> Array:
    rows, columns = (size // FINENESS for size in fine.shape)
    return fine.reshape(rows, FINENESS, columns, FINENESS).mean(axis=(1, 3))


def _weighted(fractions: Array, share: Mapping[int, float]) -> Array:
    return np.asarray(sum(fractions[label] * value for label, value in share.items()))
