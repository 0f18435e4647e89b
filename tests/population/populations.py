"""Small populations with known statistics, shared by the tests of the figures."""

from __future__ import annotations

import numpy as np

from napari_udt import SpectralCube
from napari_udt.population.groups import Group, Population, population_of_cubes

CLASSES = ("vein", "artery")


def gaussian_population(sizes=(400, 300, 500), channels=12, seed=0, shift=0.3, **fields):
    """Simulated, transferred, real: Gaussians about shifted means, two classes in turn."""
    rng = np.random.default_rng(seed)
    parts = ("simulated", "transferred", "real")
    base = np.linspace(1, 2, channels)
    groups = []
    for part, size, move in zip(parts, sizes, (shift, shift / 3, 0.0), strict=True):
        spectra = base + move + rng.normal(size=(size, channels)) * np.linspace(0.4, 0.1, channels)
        labels = (np.arange(size) % 2).astype(np.int16)
        groups.append(
            Group(part, part, part, spectra.astype(np.float32), labels, total=size, **fields.get(part, {}))
        )
    return Population("HSI", np.linspace(500, 1000, channels), CLASSES, tuple(groups))


def make_cube(name="a", domain="simulated", modality="PAT", rows=20, columns=30, seed=0, **changes):
    """A cube whose upper half is vein and whose lower half is artery, but for one row without a known name."""
    rng = np.random.default_rng(seed)
    wavelengths = np.arange(700.0, 851.0, 10.0) if modality == "PAT" else np.linspace(500, 1000, 40)
    data = rng.random((rows, columns, len(wavelengths)), dtype=np.float32) + 0.5
    labels = np.repeat([5, 6], [rows // 2, rows - rows // 2])[:, np.newaxis] * np.ones(columns, int)
    fields = {
        "labels": labels,
        "label_names": {5: "vein", 6: "artery"},
        "pixel_size_mm": (0.5, 0.5),
        "oxygenation": np.where(labels == 5, 0.7, 0.95).astype(np.float32),
    }
    return SpectralCube(data, wavelengths, modality, domain=domain, name=name, **{**fields, **changes})


def cubes_population(modality="PAT"):
    """A population of three cubes with pictures."""
    cubes = [
        ("sim", "simulated", make_cube("sim", modality=modality)),
        ("cinn", "transferred", make_cube("cinn", "transferred", modality, seed=1)),
        ("second", "real", make_cube("second", "second", modality, seed=2)),
    ]
    return population_of_cubes(cubes)
