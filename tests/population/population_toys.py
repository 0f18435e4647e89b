"""Small populations whose answers are known."""

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.population.groups import Group, Population, population_of_cubes

CLASSES = ("liver", "skin", "spleen")
WAVELENGTHS_NM = np.linspace(500, 1000, 6)
CENTRES = np.array([[6, 5, 4, 4, 5, 6], [3, 4, 6, 6, 4, 3], [6, 6, 5, 4, 3, 3]], np.float32)


def toy_cube(seed, domain="second", rows=24, columns=36, noise=0.3, centres=CENTRES, **changes):
    """Three classes in stripes of rows, one Gaussian each."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), rows // 3)[:, np.newaxis] * np.ones((1, columns), int)
    data = centres[labels] + noise * rng.standard_normal((rows, columns, 6))
    fields = {"labels": labels, "label_names": dict(enumerate(CLASSES)), "name": f"{domain} {seed}"}
    return SpectralCube(data.astype(np.float32), WAVELENGTHS_NM, "HSI", domain=domain, **(fields | changes))


def toy_population(**changes) -> Population:
    """One simulated and one real cube that are distinguished easily by class, not by domain."""
    return population_of_cubes(
        [
            ("simulated", "simulated", toy_cube(1, "simulated", **changes)),
            ("second", "real", toy_cube(2, **changes)),
        ]
    )


def toy_group(name, part, seed, n=90, subjects=None, noise=0.3, **changes) -> Group:
    """Spectra without a picture."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    spectra = (CENTRES[labels] + noise * rng.standard_normal((n, 6))).astype(np.float32)
    return Group(name, part, part, spectra, labels, subjects=subjects, total=n, **changes)


def of_groups(*groups) -> Population:
    return Population("HSI", WAVELENGTHS_NM, CLASSES, tuple(groups))
