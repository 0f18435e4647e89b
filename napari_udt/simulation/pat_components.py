"""Photoacoustic images of the simulated domain together with what skin, tissue and vessels give to them.

Pressure, recording and delay and sum are linear: the picture of the whole forearm is the sum of the pictures of its parts, each with the
light that the whole forearm leaves it. Only the envelope, the last step, is not: where waves of two parts meet they may cancel. So an image
is given with the envelope that each part would have alone; these add up to the image or to more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.models.component_names import COMPONENTS
from napari_udt.simulation import acoustics
from napari_udt.simulation.forearm import (
    ARTERY,
    CLASS_NAMES,
    COUPLING,
    DERMIS,
    EPIDERMIS,
    FAT,
    MUSCLE,
    VEIN,
    build_tissue,
    draw_forearm,
)
from napari_udt.simulation.parallel import Arrays, Progress, run_blocks
from napari_udt.simulation.pat import GENERATOR, ORIGINS, QUANTITY
from napari_udt.simulation.pat_image import (
    ARRAY,
    INTENSITY_SCALE,
    WAVELENGTHS_NM,
    ideal_propagation,
    initial_pressure,
    reconstruct,
    reconstruction,
    record,
)
from napari_udt.simulation.pixel_grid import IMAGE_GRID, TISSUE_GRID, crop
from napari_udt.simulation.tables import Tables, find_tables
from napari_udt.simulation.tissue_optics import OpticalSpectra, optical_spectra

# Classes of each component.
PARTS = ((EPIDERMIS, DERMIS), (COUPLING, FAT, MUSCLE), (VEIN, ARTERY))
KEY = "components"  # among a data set's parameters


@dataclass(frozen=True)
class ComponentFactory:
    """Makes the image of a number and its components; the same in every process, and the forearm that `simulate pat` makes.

    Parameters
    ----------
    seed : int
    tables : Tables
    """

    seed: int
    tables: Tables

    def block(self, index: int) -> Arrays:
        """Return image ``index`` as named arrays with a leading axis of length 1."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, index)))
        tissue = build_tissue(draw_forearm(rng, TISSUE_GRID), TISSUE_GRID)
        pressure = initial_pressure(tissue, self._spectra)
        waves = [picture_of(np.where(np.isin(tissue.labels, part)[..., None], pressure, 0)) for part in PARTS]
        return {
            "image": _channels_first(np.abs(sum(waves)))[None],
            "labels": crop(tissue.labels)[None],
            KEY: np.stack([_channels_first(np.abs(each)) for each in waves]).astype(np.float16)[None],
        }

    @cached_property
    def _spectra(self) -> OpticalSpectra:
        return optical_spectra(self.tables, WAVELENGTHS_NM)


def picture_of(pressure: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Image initial pressure (rows, columns, C) by the ideal device, up to the envelope, which is the result's magnitude."""
    response = acoustics.pressure_response(ARRAY, TISSUE_GRID)
    signals = acoustics.filtered(record(ideal_propagation(), pressure), response)
    return acoustics.analytic(reconstruct(reconstruction(acoustics.SoundSpeeds()), signals))


def simulate_components(
    n: int,
    seed: int,
    tables: Tables | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    parts: Path | None = None,
) -> Dataset:
    """Simulate images of the ideal device with their components.

    Parameters
    ----------
    n, seed, tables, progress, jobs, parts
        As in :func:`napari_udt.simulation.pat.simulate_pat`, whose images of the same seed these are.

    Returns
    -------
    Dataset
        Images (n, 16, 128, 256) [a.u.]; its parameter ``components`` (n, 3, 16, 128, 256) holds the envelopes of skin, of
        tissue (fat, muscle and coupling medium) and of vessels, in the same units.

    Raises
    ------
    SimulationError
        For numbers out of range.
    """
    if n < 1 or seed < 0:
        raise SimulationError(f"{n} images with seed {seed}; expected at least 1 image and a seed from 0.")
    tables = tables or find_tables()
    generator = GENERATOR | {"tables": tables.name, "device": "ideal"}
    settings = generator | {"domain": "simulated", "seed": seed, "components": list(COMPONENTS)}
    arrays = run_blocks(
        ComponentFactory(seed, tables).block, n, jobs=jobs, progress=progress, parts=parts, settings=settings
    )
    pixel_mm = IMAGE_GRID.pixel_mm
    return Dataset(
        samples=arrays["image"],
        labels=arrays["labels"],
        wavelengths_nm=WAVELENGTHS_NM,
        class_names=CLASS_NAMES,
        modality="PAT",
        domain="simulated",
        origin=ORIGINS["simulated"],
        seed=seed,
        generator=generator | {"quantity": QUANTITY, "pixel_size_mm": [pixel_mm, pixel_mm]},
        parameters={KEY: arrays[KEY]},
    )


def _channels_first(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values.transpose(2, 0, 1)) * np.float32(INTENSITY_SCALE)
