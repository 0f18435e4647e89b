import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt.cube import ArrayLike3D
from napari_udt.errors import CubeError
from napari_udt.io import open_cube
from napari_udt.io.hdf5_sources import Hdf5Source
from napari_udt.io.lazy import ArraySource, LazyCube

SHAPE = (37, 11, 9)


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> tuple[Path, np.ndarray]:
    array = np.random.default_rng(0).random((*SHAPE, 2), dtype=np.float32)
    path = tmp_path_factory.mktemp("lazy") / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", data=array.transpose(3, 2, 0, 1), chunks=(1, 4, 8, 8))
    return path, array


def lazy_cube(stored, order=None) -> tuple[LazyCube, np.ndarray]:
    path, array = stored
    with h5py.File(path) as file:
        source = Hdf5Source(path, file["a"])
    cube = LazyCube(source, (2, 3, 1), {0: 1}, order)
    return cube, array[..., 1] if order is None else array[..., 1][..., order]


def index(length):
    slices = st.builds(
        slice,
        st.none() | st.integers(-length - 2, length + 2),
        st.none() | st.integers(-length - 2, length + 2),
        st.none() | st.integers(1, 5),
    )
    return st.integers(-length, length - 1) | slices


keys = st.tuples(*map(index, SHAPE)).flatmap(
    lambda key: st.integers(0, 3).map(lambda n: key[:n])
) | st.sampled_from(
    [..., (..., 3), (2, ...), (slice(2, 9), ..., slice(None, None, 2)), (slice(3), slice(3), slice(3), ...)]
)


@settings(max_examples=120, deadline=None)
@given(key=keys, reordered=st.booleans())
def test_indexing_gives_what_numpy_gives(stored, key, reordered):
    order = np.random.default_rng(1).permutation(SHAPE[2]) if reordered else None
    cube, array = lazy_cube(stored, order)
    np.testing.assert_array_equal(cube[key], array[key])
    assert cube[key].dtype == np.float32
    cube.close()


def test_scattered_pixels_come_as_numpy_gives_them(stored):
    cube, array = lazy_cube(stored)
    rng = np.random.default_rng(2)
    mask = rng.random(SHAPE[:2]) < 0.2
    np.testing.assert_array_equal(cube[mask], array[mask])
    np.testing.assert_array_equal(cube[mask, 4], array[mask, 4])
    assert cube[np.zeros(SHAPE[:2], bool)].shape == (0, SHAPE[2])
    rows, columns = rng.integers(-37, 37, 50), rng.integers(0, 11, 50)
    np.testing.assert_array_equal(cube[rows, columns], array[rows, columns])
    np.testing.assert_array_equal(cube[rows, 3, 2:5], array[rows, 3, 2:5])


@pytest.mark.parametrize("key", [37, (0, 11), (0, 0, -10), (0, 0, 0, 0), (slice(None, None, -1),), ([1, 2],)])
def test_what_cannot_be_read_is_an_index_error(stored, key):
    cube, _ = lazy_cube(stored)
    with pytest.raises(IndexError):
        cube[key]


def test_it_is_what_a_cube_expects(stored):
    cube, array = lazy_cube(stored)
    assert isinstance(cube, ArrayLike3D)
    assert (cube.ndim, len(cube), cube.nbytes) == (3, 37, array.nbytes)
    np.testing.assert_array_equal(np.asarray(cube), array)


def test_a_closed_cube_reads_again_and_threads_do_not_disturb_each_other(stored):
    cube, array = lazy_cube(stored)
    wrong = []

    def read(row: int) -> None:
        for _ in range(20):
            if not np.array_equal(cube[row], array[row]):
                wrong.append(row)
            if row % 3 == 0:
                cube.close()

    threads = [threading.Thread(target=read, args=(row,)) for row in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_memory_mapped_array_works_as_a_source():
    array = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(LazyCube(ArraySource(array), (1, 2, 0))[:], array.transpose(1, 2, 0))


@pytest.mark.parametrize("wavelengths", [100, 16])
def test_twenty_gigabytes_open_at_once_and_take_no_memory(tmp_path, wavelengths):
    path = tmp_path / "huge.h5"
    side = int((20e9 / 4 / wavelengths) ** 0.5)
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "cube", (side, side, wavelengths), np.float32, chunks=(32, 32, wavelengths), fillvalue=2
        )
        file["cube"][5, 5] = np.arange(wavelengths)
        file["wavelengths"] = np.linspace(500, 1000, wavelengths)
    process = psutil.Process()
    before = process.memory_info().rss
    cube = open_cube(path)
    assert cube.is_lazy
    np.testing.assert_array_equal(cube.spectrum(5, 5), np.arange(wavelengths))
    assert cube.spectrum(side - 1, side - 1)[0] == 2
    assert process.memory_info().rss - before < 300e6
    cube.data.close()


def test_a_large_npy_stays_on_disk(tmp_path):
    array = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float64, (16, 500, 600))
    array[3] = 7
    array.flush()
    cube = open_cube(tmp_path / "x.npy", wavelengths_nm=range(700, 716), memory_limit_mb=10)
    assert cube.is_lazy
    assert cube.spectrum(10, 10)[3] == 7


def test_the_limit_comes_from_the_environment(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.ones((50, 60, 4)))
    monkeypatch.setenv("NAPARI_UDT_MEMORY_MB", "0.01")
    assert open_cube(tmp_path / "x.npy", wavelengths_nm=[500, 600, 700, 800]).is_lazy
    monkeypatch.delenv("NAPARI_UDT_MEMORY_MB")
    assert not open_cube(tmp_path / "x.npy", wavelengths_nm=[500, 600, 700, 800]).is_lazy


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be replaced on this system")
@pytest.mark.parametrize("ending", ["h5", "npy"])
def test_a_file_that_changes_while_it_is_open_is_a_sentence(tmp_path, ending):
    array, path, nm = np.ones((60, 50, 12), np.float32), tmp_path / f"x.{ending}", np.linspace(500, 900, 12)

    def write(array):
        if ending == "npy":
            np.save(path, array)  # in place: a mapped file of which nothing is left would end the program
        else:
            with h5py.File(path, "w") as file:
                file["a"] = array

    write(array)
    cube = open_cube(path, wavelengths_nm=nm, memory_limit_mb=0)
    write(array[:2, :2])
    for read in (lambda: cube.spectrum(50, 40), lambda: cube.image(700.0), lambda: cube.data[:]):
        with pytest.raises(
            CubeError, match=rf"x\.{ending}: the file .* since|than when it was opened; open it again"
        ):
            read()


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be removed on this system")
def test_a_file_that_is_gone_is_a_short_sentence(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.ones((60, 50, 12), np.float32)
    cube = open_cube(path, wavelengths_nm=np.linspace(500, 900, 12), memory_limit_mb=0)
    path.unlink()
    with pytest.raises(CubeError, match=r"x\.h5: the file cannot be read \(No such file or directory\)"):
        cube.spectrum(0, 0)
