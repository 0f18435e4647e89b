"""A small scene for the tests of the Spectra dock: a simulated, a transferred and a real cube."""

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.viewer.state.session import Session

NAMES = {0: "liver", 1: "small_bowel", 2: "skin"}
SIM, REAL, MOVED = "phantom", "pig", "phantom moved"


def cube(name, domain, seed, *, shape=(12, 16, 10), **changes):
    """Random spectra, in every class at another height; the labels are vertical stripes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(shape[1]) * 3 // shape[1] * np.ones((shape[0], 1), int)
    fields = {
        "data": (rng.random(shape) + labels[..., np.newaxis] + 1).astype(np.float32),
        "wavelengths_nm": np.linspace(500, 950, shape[2]),
        "modality": "HSI",
        "domain": domain,
        "labels": labels,
        "label_names": NAMES,
        "name": name,
        "quantity": "reflectance [1]",
    }
    return SpectralCube(**{**fields, **changes})


def simulated(**changes):
    return cube(**{"name": SIM, "domain": "simulated", "seed": 1, **changes})


def transferred(**changes):
    provenance = {
        "source": {"name": SIM},
        "model": {"name": "light", "kind": "cinn", "target": "digital device"},
    }
    fields = {"name": MOVED, "domain": "transferred", "seed": 2, "provenance": provenance}
    return cube(**{**fields, **changes})


def real(**changes):
    names = {7: "Liver", 8: "small bowel"}  # other numbers, other spelling, and no skin
    labels = np.repeat([[7, 7, 7, 8, 8, 8, 8, 8]], 9, axis=0)
    fields = {
        "name": REAL,
        "domain": "second",
        "seed": 3,
        "labels": labels,
        "label_names": names,
        "shape": (9, 8, 10),
        "origin": "drawn from measured statistics",
    }
    return cube(**{**fields, **changes})


def scene():
    """Three cubes in a session: simulated and transferred of one scene, and a stand-in for real data."""
    session = Session()
    for each in (simulated(), real(), transferred()):
        session.add(each)
    return session
