"""Photoacoustic data sets: the simulated domain and the digital device that stands in for a real one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_udt.cube import SpectralCube
from napari_udt.dataset import Dataset
from napari_udt.errors import SimulationError
from napari_udt.simulation.device_states import DEVICES as TARGETS
from napari_udt.simulation.device_states import TARGET_DEVICES, TargetDevice, target_image
from napari_udt.simulation.forearm import ARTERY, CLASS_NAMES, MUSCLE, VEIN
from napari_udt.simulation.parallel import Arrays, Progress, run_blocks
from napari_udt.simulation.pat_image import WAVELENGTHS_NM, PatImage, simulated_image
from napari_udt.simulation.pixel_grid import IMAGE_GRID
from napari_udt.simulation.tables import Tables, find_tables
from napari_udt.simulation.target_anatomy import BodyPart, body_parts
from napari_udt.simulation.tissue_optics import OpticalSpectra, optical_spectra

PatDomain = Literal["simulated", "second"]
SimulatedDevice = Literal["ideal", "band-limited"]
PatDevice = SimulatedDevice | TargetDevice

DOMAINS: tuple[PatDomain, ...] = get_args(PatDomain)
DEVICES: dict[PatDomain, tuple[PatDevice, ...]] = {  # the first one is the default
    "simulated": get_args(SimulatedDevice),
    "second": TARGET_DEVICES,
}
ORIGINS: dict[PatDomain, str] = {"simulated": "simulated", "second": "digital device"}
QUANTITY = "reconstructed initial pressure [a.u.]"
GENERATOR = {"name": "napari-udt simulate pat", "version": 3}  # another version: other images for a seed
SAMPLE_BITS = 9  # of the significand: steps of 0.2 %, far below the noise
LEAST_VESSEL_PIXELS = 40  # of a sample's artery and veins
MOST_VESSEL_COLUMNS = 30  # 4.7 mm: wider arteries run along the imaging plane
LEAST_CONTRAST = 4.0  # artery over muscle
# Which telling image of a seed is the sample. The network that is chosen first adds noise that follows from the picture: the
# simulated one is typical, at the median of the first 22 in how bright the transfer makes muscle; the first is among the brightest.
SAMPLE_IMAGES: dict[PatDomain, int] = {"simulated": 2, "second": 0}
PARAMETER_PREFIX = "parameter_"


@dataclass(frozen=True)
class ImageFactory:
    """Makes the image of a number; the same in every process.

    Parameters
    ----------
    domain : {"simulated", "second"}
    seed : int
    tables : Tables
    device : str, optional
        One of the domain's :data:`DEVICES`; by default the first of them.
    """

    domain: PatDomain
    seed: int
    tables: Tables
    device: PatDevice | None = None

    def image(self, index: int) -> PatImage:
        """Make image ``index``; it depends on the domain, the device, the seed and this number only."""
        key = (DOMAINS.index(self.domain), index)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        if self.domain == "simulated":
            return simulated_image(rng, self._spectra, band_limited=self.device == "band-limited")
        return target_image(rng, self._spectra, self._body_parts, TARGETS[self._target])

    def block(self, index: int) -> Arrays:
        """Return image ``index`` as named arrays with a leading axis of length 1."""
        image = self.image(index)
        numbers = {PARAMETER_PREFIX + name: np.array([value]) for name, value in image.parameters.items()}
        pictures: Arrays = {"image": image.image, "labels": image.labels, "oxygenation": image.oxygenation}
        return {name: picture[None] for name, picture in pictures.items()} | numbers

    @property
    def _target(self) -> TargetDevice:
        return "first" if self.device == "first" else "calibrated"

    @cached_property
    def _spectra(self) -> OpticalSpectra:
        return optical_spectra(self.tables, WAVELENGTHS_NM)

    @cached_property
    def _body_parts(self) -> dict[str, BodyPart]:
        return body_parts()


def simulate_pat(
    domain: PatDomain,
    n: int,
    seed: int,
    tables: Tables | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    parts: Path | None = None,
    device: PatDevice | None = None,
) -> Dataset:
    """Simulate photoacoustic images of forearms.

    Parameters
    ----------
    domain : {"simulated", "second"}
        An ideal device on a simple forearm, or the target: a digital device on an uneven one.
    n : int
        How many images.
    seed : int
        Image i depends on the domain, the seed and i only.
    tables : Tables, optional
        Absorption and scattering; by default the package's own parameters.
    progress, jobs, parts
        As in :func:`napari_udt.simulation.parallel.run_blocks`, one image per block; a process needs 0.7 GB.
    device : {"ideal", "band-limited", "calibrated", "first"}, optional
        Of the simulated domain the ideal one, or the same forearms heard through a transducer that adds noise; of the
        target the digital device calibrated on measured pictures, or the first one, which older models were trained for.

    Returns
    -------
    Dataset
        Images (n, 16, 128, 256) [a.u.], 700-850 nm, with labels and oxygenation.

    Raises
    ------
    SimulationError
        For an unknown domain or numbers out of range.
    """
    if domain not in DOMAINS:
        raise SimulationError(f"Domain {domain!r} cannot be simulated; choose one of {', '.join(DOMAINS)}.")
    if n < 1 or seed < 0:
        raise SimulationError(f"{n} images with seed {seed}; expected at least 1 image and a seed from 0.")
    device = device or DEVICES[domain][0]
    if device not in DEVICES[domain]:
        known = " or ".join(DEVICES[domain])
        raise SimulationError(f"Device {device!r} is none of the {domain} domain; choose {known}.")
    tables = tables or find_tables()
    generator = GENERATOR | {"tables": tables.name, "device": device}
    arrays = run_blocks(
        ImageFactory(domain, seed, tables, device).block,
        n,
        jobs=jobs,
        progress=progress,
        parts=parts,
        settings=generator | {"domain": domain, "seed": seed},
    )
    return _dataset(arrays, domain, seed, generator)


def _dataset(arrays: Arrays, domain: PatDomain, seed: int, generator: dict[str, Any]) -> Dataset:
    parameters = {
        name.removeprefix(PARAMETER_PREFIX): values
        for name, values in arrays.items()
        if name.startswith(PARAMETER_PREFIX)
    }
    pixel_mm = IMAGE_GRID.pixel_mm
    return Dataset(
        samples=arrays["image"],
        labels=arrays["labels"],
        wavelengths_nm=WAVELENGTHS_NM,
        class_names=CLASS_NAMES,
        modality="PAT",
        domain=domain,
        origin=ORIGINS[domain],
        seed=seed,
        generator=generator | {"quantity": QUANTITY, "pixel_size_mm": [pixel_mm, pixel_mm]},
        oxygenation=arrays["oxygenation"],
        parameters=parameters,
    )


def make_pat_samples(tables: Tables, seed: int) -> tuple[SpectralCube, SpectralCube]:
    """Make one forearm of each domain, unpaired, as sample data.

    Of each domain's images that :func:`is_telling`, one is taken (:data:`SAMPLE_IMAGES`): the sample is there to look at.

    Returns
    -------
    simulated, second : SpectralCube
        16 x 128 x 256; values are rounded to a few significant bits so that they compress well.
    """
    simulated, second = (
        _sample(ImageFactory(domain, seed, tables, DEVICES[domain][0])) for domain in DOMAINS
    )
    return simulated, second


def is_telling(image: PatImage) -> bool:
    """Whether a vein and an artery cross the imaging plane and the artery stands out from muscle at 800 nm."""
    artery, vein, muscle = (image.labels == label for label in (ARTERY, VEIN, MUSCLE))
    if min(artery.sum(), vein.sum()) < LEAST_VESSEL_PIXELS or artery.any(axis=0).sum() > MOST_VESSEL_COLUMNS:
        return False
    picture = image.image[int(np.argmin(np.abs(WAVELENGTHS_NM - 800)))]
    return bool(np.median(picture[artery]) > LEAST_CONTRAST * np.median(picture[muscle]))


def _sample(factory: ImageFactory) -> SpectralCube:
    telling = ((i, image) for i in count() if is_telling(image := factory.image(i)))
    index, image = next(islice(telling, SAMPLE_IMAGES[factory.domain], None))
    domain = factory.domain
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
        name=f"pat_forearm_{domain}",
        provenance={
            "generator": GENERATOR | {"tables": factory.tables.name, "device": factory.device},
            "domain": domain,
            "seed": factory.seed,
            "image": index,
        },
        metadata={name: float(value) for name, value in image.parameters.items() if np.isfinite(value)},
    )


def rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Round to ``bits`` significant bits; relative error at most ``2**-bits``."""
    significand, exponent = np.frexp(values)
    return np.ldexp(np.round(significand * 2**bits) / 2**bits, exponent).astype(np.float32)
