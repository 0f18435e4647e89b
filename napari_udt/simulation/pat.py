"""Photoacoustic data sets: the simulated domain and the digital device that stands in for a real one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation.digital_device import second_image
from napari_udt.simulation.forearm import CLASS_NAMES
from napari_udt.simulation.pat_image import WAVELENGTHS_NM, PatImage, simulated_image
from napari_udt.simulation.pat_jobs import Parts, Progress, make_images
from napari_udt.simulation.pixel_grid import IMAGE_GRID
from napari_udt.simulation.second_anatomy import BodyPart, body_parts
from napari_udt.simulation.tables import Tables
from napari_udt.simulation.tissue_optics import OpticalSpectra, optical_spectra

PatDomain = Literal["simulated", "second"]

ORIGINS: dict[PatDomain, str] = {"simulated": "simulated", "second": "digital device"}
QUANTITY = "reconstructed initial pressure [a.u.]"
GENERATOR_VERSION = 1  # raise it whenever the same seed gives other images
SAMPLE_BITS = 9  # of the significand: steps of 0.2 %, far below the noise


@dataclass(frozen=True)
class ImageFactory:
    """Makes the image of a number; the same in every process.

    Parameters
    ----------
    domain : {"simulated", "second"}
    seed : int
    tables : Tables
    """

    domain: PatDomain
    seed: int
    tables: Tables

    def __call__(self, index: int) -> PatImage:
        """Make image ``index``; it depends on the domain, the seed and this number only."""
        domain_key = list(ORIGINS).index(self.domain)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(domain_key, index)))
        if self.domain == "simulated":
            return simulated_image(rng, self._spectra)
        return second_image(rng, self._spectra, self._body_parts)

    @cached_property
    def _spectra(self) -> OpticalSpectra:
        return optical_spectra(self.tables, WAVELENGTHS_NM)

    @cached_property
    def _body_parts(self) -> dict[str, BodyPart]:
        return body_parts(self.tables.label_maps)


def simulate_pat(
    domain: PatDomain,
    n: int,
    seed: int,
    *,
    tables: Tables,
    jobs: int = 1,
    progress: Progress | None = None,
    parts: Path | None = None,
) -> Dataset:
    """Simulate photoacoustic images of forearms.

    Parameters
    ----------
    domain : {"simulated", "second"}
        An ideal device on a simple forearm, or the digital device on an uneven one.
    n : int
        How many images.
    seed : int
        Image i depends on the domain, the seed and i only.
    tables : Tables
        Absorption, scattering and, for "second", label maps.
    jobs : int
        Processes; each needs about 0.7 GB.
    progress : callable, optional
        Called with (done, total); what it raises ends the run.
    parts : Path, optional
        Folder that keeps finished images, so that an interrupted run goes on where it stopped.

    Returns
    -------
    Dataset
        Images (n, 16, 128, 256), 700-850 nm, with labels and oxygenation.

    Raises
    ------
    SimulationError
        For an unknown domain, numbers below 1, or missing tables.
    """
    if domain not in ORIGINS:
        raise SimulationError(f"Domain {domain!r} is unknown; expected one of {', '.join(ORIGINS)}.")
    for name, value in (("n", n), ("jobs", jobs)):
        if value < 1:
            raise SimulationError(f"{name} is {value}; expected at least 1.")
    if seed < 0:
        raise SimulationError(f"The seed is {seed}; expected a number from 0.")
    kept = None if parts is None else Parts(Path(parts), f"pat_{domain}_v{GENERATOR_VERSION}_seed{seed}")
    factory = ImageFactory(domain, seed, tables)
    return _collected(
        dict(make_images(factory, n, jobs=jobs, progress=progress, parts=kept)), domain=domain, seed=seed
    )


def _collected(images: dict[int, PatImage], *, domain: PatDomain, seed: int) -> Dataset:
    ordered = [images[index] for index in range(len(images))]
    names = ordered[0].parameters
    return Dataset(
        samples=np.stack([image.image for image in ordered]),
        labels=np.stack([image.labels for image in ordered]),
        wavelengths_nm=WAVELENGTHS_NM,
        class_names=CLASS_NAMES,
        modality="PAT",
        domain=domain,
        origin=ORIGINS[domain],
        seed=seed,
        generator={
            "name": "napari-udt simulate pat",
            "version": GENERATOR_VERSION,
            "quantity": QUANTITY,
            "pixel_size_mm": [IMAGE_GRID.pixel_mm] * 2,
        },
        oxygenation=np.stack([image.oxygenation for image in ordered]),
        parameters={name: np.array([image.parameters[name] for image in ordered]) for name in names},
    )


def make_pat_samples(tables: Tables, seed: int) -> tuple[SpectralCube, SpectralCube]:
    """Make one forearm of each domain, unpaired, as sample data.

    Returns
    -------
    simulated, second : SpectralCube
        16 x 128 x 256; values are rounded to a few significant bits so that they compress well.
    """
    simulated, second = (_sample(domain, seed, tables) for domain in ORIGINS)
    return simulated, second


def _sample(domain: PatDomain, seed: int, tables: Tables) -> SpectralCube:
    image = ImageFactory(domain, seed, tables)(0)
    return SpectralCube(
        data=rounded(image.image, SAMPLE_BITS).transpose(1, 2, 0),
        wavelengths_nm=WAVELENGTHS_NM,
        modality="PAT",
        domain=domain,
        labels=image.labels.astype(np.int32),
        label_names=dict(enumerate(CLASS_NAMES)),
        oxygenation=image.oxygenation,
        pixel_size_mm=(IMAGE_GRID.pixel_mm, IMAGE_GRID.pixel_mm),
        quantity=QUANTITY,
        origin=ORIGINS[domain],
        name=f"forearm, {ORIGINS[domain]}",
        provenance={
            "generator": "napari-udt simulate pat",
            "version": GENERATOR_VERSION,
            "domain": domain,
            "seed": seed,
        },
        metadata={name: float(value) for name, value in image.parameters.items() if np.isfinite(value)},
    )


def rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Round to ``bits`` significant bits; relative error at most ``2**-bits``."""
    significand, exponent = np.frexp(values)
    return np.ldexp(np.round(significand * 2**bits) / 2**bits, exponent).astype(np.float32)
