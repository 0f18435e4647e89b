"""Series of pictures for the tests of the viewer."""

import numpy as np
import pytest

from napari_udt import SpectralCube
from napari_udt.series import Series


@pytest.fixture
def scan():
    """Make the series of a scan: picture ``i`` has ``1 + i`` times the values of the first, its vein ``i`` rows further down."""
    return _scan


def _scan(name="scan", count=12, step=0.25, axis="time", *, positions=True, labels=True, read=None, **fields):
    wavelengths = np.arange(700.0, 851.0, 10.0)
    data = np.random.default_rng(1).random((40, 60, len(wavelengths)), dtype=np.float32)

    def picture(index):
        if read is not None:
            read(index)
        places = np.zeros((40, 60), np.int32)
        places[5 + index : 10 + index, 5:20] = 1
        return SpectralCube(
            data * (1 + index),
            wavelengths,
            "PAT",
            **{"name": name, "domain": "simulated", "pixel_size_mm": (0.1, 0.1), **fields},
            **({"labels": places, "label_names": {0: "coupling medium", 1: "vein"}} if labels else {}),
            series=series,
            place=index,
        )

    series = Series(axis, count, picture, np.arange(count) * step if positions else None)
    return series
