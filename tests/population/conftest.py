"""A small population that every part of a report has something to say about."""

import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.population.groups import population_of_cubes

PAT_NAMES = {0: "coupling medium", 1: "muscle", 2: "vein", 3: "artery"}
HSI_NAMES = {0: "background drape", 1: "liver", 2: "spleen"}


def _labels(modality):
    found = np.zeros((32, 40), int)
    found[4:, :] = 1
    if modality == "PAT":
        found[8:16, 4:16], found[18:28, 20:36] = 2, 3
    else:
        found[16:, 10:] = 2
    return found


def _cube(modality, domain, seed, nm):
    rng, labels = np.random.default_rng(seed), _labels(modality)
    centres = 1 + 0.4 * np.sin(nm / 70 + np.arange(4)[:, None]) + 0.1 * (domain == "simulated")
    data = centres[labels] * (1 + 0.05 * rng.standard_normal((32, 40, 1))) + 0.02 * rng.standard_normal(
        (32, 40, len(nm))
    )
    return SpectralCube(
        data.astype(np.float32),
        nm,
        modality,
        domain,
        labels=labels,
        label_names=PAT_NAMES if modality == "PAT" else HSI_NAMES,
        oxygenation=np.where(labels > 1, 0.6 + 0.1 * labels, np.nan) if domain == "simulated" else None,
        pixel_size_mm=(0.5, 0.5),
        name=f"{domain} <{modality}>",
        origin="digital device" if domain == "second" else "",
    )


@pytest.fixture(scope="session")
def make_cubes():
    """Return simulated, transferred and target-domain cubes of a modality."""

    def make(modality):
        nm = np.arange(700.0, 851, 10) if modality == "PAT" else np.linspace(500, 1000, 30)
        simulated, second = _cube(modality, "simulated", 0, nm), _cube(modality, "second", 1, nm)
        moved = simulated.with_(
            data=simulated.data * 0.95,
            domain="transferred",
            origin="transferred to: digital device",
            name="moved",
            provenance={"model": {"name": "toy", "kind": "cinn"}, "source": {"name": simulated.name}},
        )
        return simulated, moved, second

    return make


@pytest.fixture(scope="session")
def make_population(make_cubes):
    """Return a population of three cubes of a modality."""

    def make(modality):
        parts = zip(make_cubes(modality), ("simulated", "transferred", "real"), strict=True)
        return population_of_cubes([(cube.name, part, cube) for cube, part in parts])

    return make
