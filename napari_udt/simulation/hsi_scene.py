"""Sample cubes: one simulated and one second-domain scene with the same ten organs, in different pictures.

The simulated scene is the tissue model with smoothly varying physiology: around the tissue that comes nearest to an
organ's mean, oxygenation, blood volume and scattering vary from place to place. The second scene is drawn from
measured statistics with smooth random fields, lit by a lamp and seen by a noisy camera. Neither is a recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from napari_udt.cube import Domain, SpectralCube
from napari_udt.simulation import hsi_second, hsi_simulated
from napari_udt.simulation.hsi_organs import CLASS_NAMES, WAVELENGTHS_NM, l1_normalised, measured_organ
from napari_udt.simulation.hsi_simulated import (
    blood_absorption,
    draw_tissues,
    layered_reflectance_of,
    nearest_first,
)
from napari_udt.simulation.parallel import Arrays, block_rng
from napari_udt.simulation.scene_layout import LABEL_NAMES, Layout, draw_layout, smooth_field
from napari_udt.simulation.tables import Tables

Array = NDArray[np.float64]

SHAPE = (120, 160)
PIXEL_SIZE_MM = 0.5  # nominal
CANDIDATES = 2000  # tissues among which each organ finds its nearest

# Physiology around an organ's tissue, in standard normal units of three smooth fields (nodes of the table).
_NODES = (np.linspace(-3, 3, 5), np.linspace(-3, 3, 5), np.linspace(-3, 3, 3))
_OXYGENATION_STEP = 0.06
_BLOOD_STEP = 0.2
_SCATTERING_STEP = 0.07
_SEEN_MM = 2.0  # depth down to which blood counts in the oxygenation map

# Reflectance of the drape around the wound: invented, not tissue.
_DRAPE = 0.06 + 0.05 * np.exp(-(((WAVELENGTHS_NM - 530) / 40) ** 2))
# Values are multiples of this, some 3.5 digits, so that files compress.
_QUANTUM = 2.0**-13


@dataclass(frozen=True, eq=False)
class _OrganTable:
    """Simulated spectra (5, 5, 3, 100) and oxygenation (5, 5, 3) over the physiology of one organ."""

    spectra: Array
    oxygenation: Array

    def at(self, physiology: Array) -> tuple[Array, Array]:
        """Spectra (n, 100) and oxygenation (n,) for ``physiology`` (n, 3), linear between the nodes."""
        both = np.concatenate([self.spectra, self.oxygenation[..., None]], axis=-1)
        values = RegularGridInterpolator(_NODES, both)(np.clip(physiology, -3, 3))
        return values[:, :-1], values[:, -1]


def make_hsi_samples(
    tables: Tables, seed: int, *, shape: tuple[int, int] = SHAPE, candidates: int = CANDIDATES
) -> tuple[SpectralCube, SpectralCube]:
    """Make the simulated and the second-domain sample cube.

    Parameters
    ----------
    tables : Tables
    seed : int
    shape : (int, int)
        Rows and columns.
    candidates : int
        Tissues to simulate, from which the nearest to each organ's mean is taken.

    Returns
    -------
    (SpectralCube, SpectralCube)
        Reflectance, 100 channels, labels 0 (drape) to 10; the simulated one with its oxygenation.
    """
    organs = _organ_tables(tables, candidates, block_rng(seed, 0))
    simulated = _simulated_scene(organs, draw_layout(shape, block_rng(seed, 1)), block_rng(seed, 2))
    brightness = np.array([table.spectra.mean() for table in organs])
    layout = draw_layout(shape, block_rng(seed, 3), mirrored=True)
    second = _second_scene(tables, brightness, layout, block_rng(seed, 4))
    note = {"seed": seed, "pixel_size_mm": "nominal", "background": "drape, an invented spectrum"}
    return simulated.with_(metadata=note), second.with_(metadata=note)


def _organ_tables(tables: Tables, candidates: int, rng: np.random.Generator) -> list[_OrganTable]:
    """For each organ the tissue nearest to its mean, and spectra for the physiology around that tissue."""
    blood = blood_absorption(tables)
    tissues = draw_tissues(candidates, rng)
    spectra = l1_normalised(layered_reflectance_of(tissues, blood))
    means = np.array([measured_organ(tables, name).mean for name in CLASS_NAMES])
    distances = np.sqrt(np.mean((spectra / means[:, None] - 1) ** 2, axis=-1))
    owner = nearest_first(distances, quota=1)
    nearest = [int(np.flatnonzero(owner == organ)[0]) for organ in range(len(CLASS_NAMES))]
    return [_organ_table({name: v[i : i + 1] for name, v in tissues.items()}, blood) for i in nearest]


def _organ_table(tissue: Arrays, blood_per_cm: Array) -> _OrganTable:
    nodes = np.stack(np.meshgrid(*_NODES, indexing="ij"), axis=-1)
    oxygenation, blood, scattering = nodes.reshape(-1, 3).T[:, :, None]
    tissues = {name: np.repeat(values, nodes[..., 0].size, axis=0) for name, values in tissue.items()}
    tissues["oxygenation"] = np.clip(tissues["oxygenation"] + _OXYGENATION_STEP * oxygenation, 0, 1)
    tissues["blood_volume"] = tissues["blood_volume"] * np.exp(_BLOOD_STEP * blood)
    tissues["a_mie_per_cm"] = tissues["a_mie_per_cm"] * np.exp(_SCATTERING_STEP * scattering)
    spectra = layered_reflectance_of(tissues, blood_per_cm)
    grid = nodes.shape[:-1]
    return _OrganTable(spectra.reshape(*grid, -1), _seen_oxygenation(tissues).reshape(grid))


def _seen_oxygenation(tissues: Arrays) -> Array:
    """Oxygenation (n,) of the blood in the uppermost two millimetres."""
    bottom = np.minimum(np.cumsum(tissues["thickness_mm"], axis=1), _SEEN_MM)
    blood = np.diff(bottom, prepend=0, axis=1) * tissues["blood_volume"]
    return (blood * tissues["oxygenation"]).sum(axis=1) / blood.sum(axis=1)


def _simulated_scene(organs: list[_OrganTable], layout: Layout, rng: np.random.Generator) -> SpectralCube:
    fields = _fields(layout.labels.shape, len(_NODES), rng)
    data = np.broadcast_to(_DRAPE, (*layout.labels.shape, len(WAVELENGTHS_NM))).copy()
    oxygenation = np.full(layout.labels.shape, np.nan)
    for label, table in enumerate(organs, start=1):
        here = layout.labels == label
        data[here], oxygenation[here] = table.at(fields[here])
    return _cube(
        data,
        layout,
        name="hsi_organs_simulated",
        domain="simulated",
        origin=hsi_simulated.ORIGIN,
        oxygenation=oxygenation,
    )


def _second_scene(
    tables: Tables, brightness: Array, layout: Layout, rng: np.random.Generator
) -> SpectralCube:
    """Drawn spectra; each organ as bright on average as its simulated counterpart, then lit and recorded."""
    latent = _fields(layout.labels.shape, hsi_second.MODES, rng)
    data = np.broadcast_to(_DRAPE, (*layout.labels.shape, len(WAVELENGTHS_NM))).copy()
    organs = layout.labels > 0
    numbers = layout.labels[organs] - 1
    spectra = hsi_second.labelled_spectra(tables, numbers, latent[organs])
    data[organs] = spectra * len(WAVELENGTHS_NM) * brightness[numbers][:, None]
    texture = np.exp(0.03 * smooth_field(layout.labels.shape, 1.5, rng))
    lit = data * (_lamp(layout.labels.shape) * layout.relief * texture)[..., None]
    seen = hsi_second.seen_by_camera(lit, rng)
    return _cube(seen, layout, name="hsi_organs_second", domain="second", origin=hsi_second.ORIGIN)


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
