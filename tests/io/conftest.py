"""A small cube that every format is tried with, and how the readers are asked for it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import open_cube

WAVELENGTHS = np.array([500.0, 612.5, 700, 805])


@pytest.fixture
def image():
    """Spectra (rows, columns, channels), no two lengths equal."""
    return np.random.default_rng(0).random((6, 5, 4), dtype=np.float32)


@pytest.fixture
def wavelengths():
    return WAVELENGTHS.copy()


@pytest.fixture
def full_cube(image):
    """A cube with everything that a cube may have."""
    rng = np.random.default_rng(1)
    return SpectralCube(
        image,
        WAVELENGTHS,
        "PAT",
        "second",
        labels=rng.integers(-1, 3, image.shape[:2]),
        label_names={0: "muscle, {left}", 1: "vein", 2: "artère"},
        oxygenation=np.where(rng.random(image.shape[:2]) < 0.5, np.nan, 0.7),
        pixel_size_mm=(0.1, 0.25),
        quantity="initial pressure [a.u.]",
        origin="drawn from measured statistics",
        name="forearm = 1",
        provenance={"model": {"name": "x", "seeds": [1, 2]}},
        metadata={"note": "}\n{=;#"},
    )


LONGEST = 200  # characters of a sentence that a user gets, the folder not counted


@pytest.fixture
def refusal():
    """Return the one sentence that a file gets."""

    def ask(path, **options) -> str:
        with pytest.raises(CubeError) as caught:
            open_cube(path, **options)
        sentence = str(caught.value)
        assert str(path.parent) in sentence
        assert "\n" not in sentence
        assert len(sentence.replace(str(path.parent), "")) <= LONGEST
        return sentence

    return ask


@pytest.fixture
def same():
    """Return a check that a cube equals another in everything but where it was opened from."""

    def check(found: SpectralCube, expected: SpectralCube) -> None:
        np.testing.assert_array_equal(found.data[:], expected.data[:])
        np.testing.assert_array_equal(found.wavelengths_nm, expected.wavelengths_nm)
        for name in ("labels", "oxygenation"):
            if getattr(expected, name) is None:
                assert getattr(found, name) is None
            else:
                np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        for name in (
            "modality",
            "domain",
            "label_names",
            "pixel_size_mm",
            "quantity",
            "origin",
            "name",
            "provenance",
        ):
            assert getattr(found, name) == getattr(expected, name)
        assert {k: v for k, v in found.metadata.items() if k != "file"} == dict(expected.metadata)

    return check
