"""Small cubes made in memory, for tests of the viewer."""

from __future__ import annotations

import numpy as np

from napari_udt import SpectralCube

NAMES = {0: "coupling medium", 5: "vein", 6: "artery"}


def pat(name="forearm", rows=32, columns=64, domain="simulated", wavelengths=None, **changes):
    wavelengths = np.arange(700.0, 851.0, 10.0) if wavelengths is None else np.asarray(wavelengths, float)
    generator = np.random.default_rng(3)
    data = generator.random((rows, columns, len(wavelengths)), dtype=np.float32)
    labels = np.zeros((rows, columns), dtype=np.int32)
    labels[8:12, 10:20], labels[16:20, 30:40] = 5, 6
    fields = {
        "labels": labels,
        "label_names": NAMES,
        "oxygenation": np.where(labels > 0, 0.7, np.nan).astype(np.float32),
        "pixel_size_mm": (0.15625, 0.15625),
    }
    return SpectralCube(data, wavelengths, "PAT", domain=domain, name=name, **{**fields, **changes})


def hsi(name="organs", rows=24, columns=30, domain="simulated", **changes):
    generator = np.random.default_rng(4)
    data = generator.random((rows, columns, 100), dtype=np.float32)
    return SpectralCube(data, np.linspace(500, 1000, 100), "HSI", domain=domain, name=name, **changes)
