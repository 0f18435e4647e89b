"""Small cubes of two structures, some pixels of which look like the other one."""

import numpy as np

from napari_udt.cube import SpectralCube

NM = np.linspace(500.0, 1000.0, 20)
NAMES = {1: "liver", 2: "skin"}
SHAPES = {1: 1 + 0.5 * np.sin(NM / 80), 2: 1 + 0.5 * np.cos(NM / 60)}


def cube(name, domain, seed, looks=None, **fields):
    """Two structures side by side; ``looks`` (24, 24) says what pixels look like, by default what they are."""
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(24)[None, :] < 12, 1, 2) + np.zeros((24, 1), int)
    shown = labels if looks is None else looks(labels)
    spectra = np.where((shown == 1)[..., None], SHAPES[1], SHAPES[2])
    values = spectra * (1 + 0.05 * rng.standard_normal((24, 24, len(NM))))
    return SpectralCube(
        values.astype(np.float32),
        NM,
        "HSI",
        labels=labels,
        label_names=NAMES,
        domain=domain,
        name=name,
        **fields,
    )


def half_flipped(labels):
    """The upper half of the liver looks like skin."""
    looks = labels.copy()
    looks[:12, :12] = 2
    return looks
