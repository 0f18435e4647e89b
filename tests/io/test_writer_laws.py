"""What is written opens equal, whatever a cube holds: missing values, bad bands, widths of bands, odd names."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_udt.cube import DOMAINS, MODALITIES, SpectralCube
from napari_udt.io import open_cube, save_cube
from napari_udt.io.registry import WRITERS

ENDINGS = [writer.endings[0] for writer in WRITERS]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NUMBERS = st.floats(width=32) | st.sampled_from([np.nan, 0.0, -0.0, 1e-40, np.inf])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def cubes(draw):
    rows, columns, channels = (draw(st.integers(1, 4)) for _ in range(3))
    steps = draw(arrays(np.float64, channels, elements=st.floats(0.1, 300)))
    labels = arrays(np.int32, (rows, columns), elements=st.sampled_from([-1, 0, 1, 7, 300, 2**31 - 1]))
    oxygenation = arrays(np.float32, (rows, columns), elements=st.floats(0, 1, width=32) | st.just(np.nan))
    widths = st.lists(st.floats(0.5, 50), min_size=channels, max_size=channels)
    size = st.floats(1e-3, 10)
    metadata = draw(st.dictionaries(st.sampled_from(["note", "envi", "remarks ", "ä"]), JSON, max_size=2))
    if draw(st.booleans()):
        metadata["fwhm_nm"] = draw(widths)
    return SpectralCube(
        draw(arrays(np.float32, (rows, columns, channels), elements=NUMBERS)),
        400 + np.cumsum(steps),
        draw(st.sampled_from(MODALITIES)),
        draw(st.sampled_from(DOMAINS)),
        labels=draw(st.none() | labels),
        label_names=draw(st.dictionaries(st.sampled_from([-1, 0, 1, 7, 300]), TEXT, max_size=3)),
        oxygenation=draw(st.none() | oxygenation),
        pixel_size_mm=draw(st.none() | st.tuples(size, size)),
        quantity=draw(TEXT),
        origin=draw(TEXT),
        name=draw(TEXT.filter(bool)),
        provenance=draw(st.dictionaries(TEXT, JSON, max_size=2)),
        metadata=metadata,
        bad_bands=draw(st.none() | arrays(np.bool_, channels)),
    )


def equal(found, cube):
    np.testing.assert_array_equal(found.data[:], cube.data)
    np.testing.assert_array_equal(found.wavelengths_nm, cube.wavelengths_nm)
    for name in ("labels", "oxygenation", "bad_bands"):
        one, other = getattr(found, name), getattr(cube, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_array_equal(one, other)
    for name in ("modality", "domain", "quantity", "origin", "name", "provenance"):
        assert getattr(found, name) == getattr(cube, name), name
    assert (found.pixel_size_mm is None) == (cube.pixel_size_mm is None)
    if cube.pixel_size_mm is not None:
        assert found.pixel_size_mm == pytest.approx(cube.pixel_size_mm, rel=1e-12)
    if cube.labels is not None:
        assert found.present_labels == cube.present_labels
    kept = {k: v for k, v in found.metadata.items() if k not in ("file", "non_finite")}
    assert kept == {k: v for k, v in cube.metadata.items() if k != "non_finite"}


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(cube=cubes())
def test_any_cube_comes_back_equal(ending, cube):
    folder = Path(tempfile.mkdtemp())
    save_cube(cube, folder / f"x{ending}")
    equal(open_cube(folder / f"x{ending}"), cube)
    shutil.rmtree(folder)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["ä ß 日本", "a.b.c", "[1]", "100 %", "#1 'x'", "-n", "(2) {y}", "a,b;c"])
def test_files_with_odd_names_come_back_equal(tmp_path, full_cube, name, ending):
    save_cube(full_cube, tmp_path / f"{name}{ending}")
    equal(open_cube(tmp_path / f"{name}{ending}"), full_cube)
