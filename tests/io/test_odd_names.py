"""Names that no file system takes or that are no text, and provenance of any shape: sentences, no raw errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_udt.cube import SpectralCube, nested
from napari_udt.domain_style import method, method_title
from napari_udt.errors import CubeError
from napari_udt.inference.record import KEY, _weights_now
from napari_udt.io import is_damaged, is_readable, open_cube, save_cube
from napari_udt.viewer.state.comparable_cubes import stated_sources
from napari_udt.viewer.state.cube_files import file_of
from napari_udt.viewer.state.session import Session

ODD = ["x" * 300 + ".h5", "\ud800.h5", "a\0b.h5", "y" * 5000 + ".npz"]
NAMES = st.sampled_from(
    ["source", "model", "file", "provenance", "name", "key", "kind", "reference", "options", KEY]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def cube(**fields):
    return SpectralCube(np.ones((2, 2, 2), np.float32), [700.0, 800.0], "PAT", **fields)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_refused_in_a_sentence(tmp_path, name):
    path = tmp_path / name
    assert not is_readable(path)
    assert not is_damaged(path)
    with pytest.raises(CubeError):
        open_cube(path)
    with pytest.raises(CubeError):
        save_cube(cube(), path)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_text_are_saved(tmp_path):
    save_cube(cube(name="caf\udce9", origin="\ud800"), tmp_path / "a.h5")
    assert open_cube(tmp_path / "a.h5").name == "caf?"


@given(VALUES, st.dictionaries(NAMES, VALUES))
def test_nested_is_a_mapping_whatever_a_file_holds(value, mapping):
    assert dict(nested(value, "source", "file")) is not None
    assert nested({"source": {"file": mapping}}, "source", "file") == mapping


@given(st.dictionaries(NAMES, VALUES))
def test_provenance_of_any_shape_is_read(provenance):
    made = cube(domain="transferred", provenance=provenance)
    assert isinstance(method(made), str)
    assert isinstance(method_title(made), str)
    entry = Session().add(made, key="a")
    assert all(isinstance(name, str) for names in stated_sources(entry) for name in names)
    _weights_now(provenance)


@pytest.mark.parametrize("odd", [[], 3, "a.h5", {"path": 3}, {"path": []}, {"options": []}])
def test_metadata_that_name_no_file_are_those_of_no_file(odd):
    assert file_of(cube(metadata={"file": odd, "stated_by_user": odd})) is None
