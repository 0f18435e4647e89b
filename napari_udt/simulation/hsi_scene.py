"""Sample cubes: a simulated scene and a target scene with the same ten organs, in different pictures.

The simulated scene shows, in each organ, the simulated tissues that a data set would label as this organ, from one
end of their variety to the other as a smooth field goes up and down: its pixels have the mean and, along the main
direction, the spread of the class that a model is trained on. The target scene shows one animal: drawn from measured
statistics with smooth random fields, lit by a lamp, with wet spots that mirror it, seen by a camera whose pixels mix what
lies side by side. Neither is a recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.stats import rankdata

from napari_udt.cube import Domain, SpectralCube
from napari_udt.simulation import hsi_simulated, hsi_target
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised
from napari_udt.simulation.hsi_simulated import (
    blood_absorption,
    draw_tissues,
    layered_reflectance_of,
    match_organs,
)
from napari_udt.simulation.organ_variation import MODES
from napari_udt.simulation.parallel import Arrays, block_rng
from napari_udt.simulation.scene_layout import LABEL_NAMES, Layout, draw_layout, smooth_field
from napari_udt.simulation.tables_contract import Tables

Array = NDArray[np.float64]

SHAPE = (120, 160)
PIXEL_SIZE_MM = 0.5  # nominal
SCENE_STREAM = 1_000_000  # of random numbers: no data set has a block with this number
CANDIDATES = 3000  # tissues to simulate; each organ gets the 4 % that resemble it most

# Simulated spectra are averaged with their neighbours in the order (widths of the Gaussian weights as shares of an
# organ's spectra): neighbours differ in more than the order tells, and a picture of single ones would look like agate.
# Brightness, which the transfer divides out, varies least.
_BLEND_SHAPE = 0.06
_BLEND_BRIGHTNESS = 0.3
_SEEN_MM = 2.0  # depth down to which blood counts in the oxygenation map

# Reflectance of the drape around the wound: invented, not tissue.
_DRAPE = 0.06 + 0.05 * np.exp(-(((WAVELENGTHS_NM - 530) / 40) ** 2))
# Blur of the camera's optics, in pixels: at borders a pixel sees two tissues.
_BLUR = 0.6
# Spots that mirror the lamp: where a field of this width in pixels is beyond this height; reflectance added for one more.
_SPOT_PIXELS, _SPOT_FROM, _SPOT_GAIN = 1.4, 2.3, 0.6
# Values are multiples of this, some 3.5 digits, so that files compress.
_QUANTUM = 2.0**-13


@dataclass(frozen=True, eq=False)
class _OrganTable:
    """Simulated spectra (m, 100) and oxygenation (m,) of one organ, in the order of their main variation."""

    spectra: Array
    oxygenation: Array

    def at(self, share: Array) -> tuple[Array, Array]:
        """Spectra (n, 100) and oxygenation (n,) at places (n,) in [0, 1] of the order, linear in between."""
        place = np.linspace(0, 1, len(self.spectra))
        both = np.column_stack([self.spectra, self.oxygenation])
        values = make_interp_spline(place, both, k=1)(share)
        return values[:, :-1], values[:, -1]


def make_hsi_samples(
    tables: Tables, seed: int, *, shape: tuple[int, int] = SHAPE, candidates: int = CANDIDATES
) -> tuple[SpectralCube, SpectralCube]:
    """Make the simulated sample cube and that of the target, drawn from measured statistics.

    Parameters
    ----------
    tables : Tables
    seed : int
    shape : (int, int)
        Rows and columns.
    candidates : int
        Tissues to simulate; each organ takes the 4 % that resemble it most.

    Returns
    -------
    (SpectralCube, SpectralCube)
        Reflectance, 100 channels, labels 0 (drape) to 10; the simulated one with its oxygenation.
    """
    organs = _organ_tables(tables, candidates, seed)
    simulated = _simulated_scene(organs, draw_layout(shape, block_rng(seed, 1)), block_rng(seed, 2))
    brightness = np.array([table.spectra.mean() for table in organs])
    layout = draw_layout(shape, block_rng(seed, 3), mirrored=True)
    second = _target_scene(tables, brightness, layout, block_rng(seed, 4))
    note = {"seed": seed, "pixel_size_mm": "nominal", "background": "drape, an invented spectrum"}
    return simulated.with_(metadata=note), second.with_(metadata=note)


def _organ_tables(tables: Tables, candidates: int, seed: int) -> list[_OrganTable]:
    """For each organ the simulated tissues that resemble it, labelled as in a data set."""
    tissues = draw_tissues(candidates, block_rng(seed, SCENE_STREAM))
    spectra = layered_reflectance_of(tissues, blood_absorption(tables))
    labels = match_organs(spectra, tables)
    oxygenation = _seen_oxygenation(tissues)
    return [_organ_table(spectra[labels == i], oxygenation[labels == i]) for i in range(len(CLASS_NAMES))]


def _organ_table(spectra: Array, oxygenation: Array) -> _OrganTable:
    """Order by the first principal component of the L1-normalised spectra, and blend neighbours in that order."""
    shapes, brightness = l1_normalised(spectra), spectra.sum(axis=1)
    centred = shapes - shapes.mean(axis=0)
    order = np.argsort(centred @ np.linalg.svd(centred, full_matrices=False)[2][0])
    blend = partial(gaussian_filter1d, axis=0, mode="nearest")
    shapes, oxygenation = (blend(v[order], _BLEND_SHAPE * len(order)) for v in (shapes, oxygenation))
    brightness = blend(brightness[order], _BLEND_BRIGHTNESS * len(order))
    return _OrganTable(shapes * brightness[:, None], oxygenation)


def _seen_oxygenation(tissues: Arrays) -> Array:
    """Oxygenation (n,) of the blood in the uppermost two millimetres."""
    bottom = np.minimum(np.cumsum(tissues["thickness_mm"], axis=1), _SEEN_MM)
    blood = np.diff(bottom, prepend=0, axis=1) * tissues["blood_volume"]
    return (blood * tissues["oxygenation"]).sum(axis=1) / blood.sum(axis=1)


def _simulated_scene(organs: list[_OrganTable], layout: Layout, rng: np.random.Generator) -> SpectralCube:
    shape = layout.labels.shape
    field = smooth_field(shape, shape[0] / 12, rng) + 0.1 * smooth_field(shape, 1.5, rng)
    data = np.broadcast_to(_DRAPE, (*layout.labels.shape, len(WAVELENGTHS_NM))).copy()
    oxygenation = np.full(layout.labels.shape, np.nan)
    for label, table in enumerate(organs, start=1):
        here = layout.labels == label
        # ranks, not values: every part of the variety takes as much of the picture as of the class
        share = rankdata(field[here]) / here.sum()
        data[here], oxygenation[here] = table.at(share)
    return _cube(
        data,
        layout,
        name="hsi_organs_simulated",
        domain="simulated",
        origin=hsi_simulated.ORIGIN,
        oxygenation=oxygenation,
    )


def _target_scene(
    tables: Tables, brightness: Array, layout: Layout, rng: np.random.Generator
) -> SpectralCube:
    """Drawn spectra of one animal; each organ as bright on average as its simulated counterpart, then lit and recorded."""
    shape = layout.labels.shape
    local = _fields(shape, MODES, rng)
    data = np.broadcast_to(_DRAPE, (*shape, len(WAVELENGTHS_NM))).copy()
    organs = layout.labels > 0
    numbers = layout.labels[organs] - 1
    latent = hsi_target.Animal(rng).with_local(numbers, local[organs])
    spectra = hsi_target.labelled_spectra(tables, numbers, latent)
    data[organs] = spectra * len(WAVELENGTHS_NM) * brightness[numbers][:, None]
    texture = np.exp(0.03 * smooth_field(shape, 1.5, rng))
    lit = data * (_lamp(shape) * layout.relief * texture)[..., None] + mirrored(organs, rng)[..., None]
    seen = hsi_target.seen_by_camera(gaussian_filter(lit, (_BLUR, _BLUR, 0)), rng)
    return _cube(seen, layout, name="hsi_organs_second", domain="second", origin=hsi_target.ORIGIN)


def mirrored(organs: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Reflectance (rows, columns) that wet spots on organs add, the same at all wavelengths; 0 beside them."""
    height = smooth_field(organs.shape, _SPOT_PIXELS, rng) - _SPOT_FROM
    return np.where(organs, _SPOT_GAIN * np.maximum(height, 0), 0) * _lamp(organs.shape)


def _fields(shape: tuple[int, int], count: int, rng: np.random.Generator) -> Array:
    """Smooth fields (rows, columns, count) of unit variance: broad variation with some fine detail."""
    broad = [smooth_field(shape, shape[0] / 12, rng) for _ in range(count)]
    fine = [smooth_field(shape, 1.5, rng) for _ in range(count)]
    return np.sqrt(0.95) * np.stack(broad, axis=-1) + np.sqrt(0.05) * np.stack(fine, axis=-1)


def _lamp(shape: tuple[int, int]) -> Array:
    """Illumination (rows, columns) of a lamp above the upper left of the middle, 1 at its brightest."""
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns] / rows
    return 0.35 + 0.65 * np.exp(-((x - 0.55) ** 2 + (y - 0.42) ** 2) / (2 * 0.55**2))


def _cube(
    data: Array, layout: Layout, *, name: str, domain: Domain, origin: str, oxygenation: Array | None = None
) -> SpectralCube:
    return SpectralCube(
        data=(np.round(data / _QUANTUM) * _QUANTUM).astype(np.float32),
        wavelengths_nm=WAVELENGTHS_NM,
        modality="HSI",
        domain=domain,
        labels=layout.labels,
        label_names=LABEL_NAMES,
        oxygenation=oxygenation,
        pixel_size_mm=(PIXEL_SIZE_MM, PIXEL_SIZE_MM),
        quantity="reflectance",
        origin=origin,
        name=name,
        provenance={"generator": f"napari_udt.simulation.{name}"},
    )
