import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt.errors import CubeError
from napari_udt.io import bare
from napari_udt.io.bare import BareSource
from napari_udt.io.derived import FlippedSource
from napari_udt.io.lazy import LazyCube

SHAPE = (7, 6, 5)


def keys(length):
    bounds = st.none() | st.integers(0, length)
    return st.integers(0, length - 1) | st.builds(slice, bounds, bounds, st.none() | st.integers(1, 4))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    array = np.random.default_rng(0).random(SHAPE).astype(">f4")
    path = tmp_path_factory.mktemp("bare") / "x.dat"
    path.write_bytes(b"head" + array.tobytes() + b"tail")
    return path, array


@settings(max_examples=200, deadline=None)
@given(
    key=st.tuples(*map(keys, SHAPE)),
    gap=st.sampled_from([0, 10, 65_536]),
    block=st.sampled_from([1, 50, 10_000]),
)
def test_every_selection_is_what_numpy_gives(stored, key, gap, block):
    path, array = stored
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bare, "_NEGLIGIBLE_GAP", gap)
        patch.setattr(bare, "_BLOCK_BYTES", block)
        source = BareSource(path, ">f4", SHAPE, offset=4)
        np.testing.assert_array_equal(source.read(key), array[key])
        for axis in range(3):
            flipped = np.flip(array, axis)
            np.testing.assert_array_equal(FlippedSource(source, axis).read(key), flipped[key])


def test_a_file_that_shrinks_while_it_is_open_is_one_sentence(tmp_path):
    path = tmp_path / "x.dat"
    path.write_bytes(bytes(4 * 210))
    cube = LazyCube(BareSource(path, "<f4", SHAPE), (0, 1, 2))
    path.write_bytes(bytes(400))
    np.testing.assert_array_equal(cube[0, 0], np.zeros(5))
    with pytest.raises(CubeError, match=r"x\.dat: the file has become shorter"):
        cube[6, 5]
    path.unlink()
    with pytest.raises(CubeError, match=r"x\.dat"):
        cube[1, 0]


def test_a_short_file_is_refused_at_once(tmp_path):
    (tmp_path / "x.dat").write_bytes(bytes(100))
    with pytest.raises(CubeError, match="needs 8,000,000,000,000 bytes but the file holds 96"):
        BareSource(tmp_path / "x.dat", "<f8", (10_000, 10_000, 10_000), offset=4)
