import zlib

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube
from napari_udt.io.generic import mat5


def save_v73(path, arrays):
    """Write what MATLAB's ``save -v7.3`` writes: HDF5 with reversed axes behind a text block."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = np.atleast_2d(array).T
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


WRITERS = [savemat, lambda path, arrays: savemat(path, arrays, do_compression=True), save_v73]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_cubes_with_wavelengths_and_labels(tmp_path, image, wavelengths, write, axis):
    labels = np.random.default_rng(0).integers(0, 3, image.shape[:2])
    write(
        tmp_path / "x.mat",
        {"data": np.moveaxis(image, 2, axis), "wavelengths": wavelengths, "data_gt": labels},
    )
    assert is_readable(tmp_path / "x.mat")
    cube = open_cube(tmp_path / "x.mat")
    np.testing.assert_array_equal(cube.data, image)
    np.testing.assert_array_equal(cube.labels, labels)
    np.testing.assert_allclose(cube.wavelengths_nm, wavelengths)
    assert cube.metadata["file"]["format"] == "matlab"


def test_version_73_stays_in_the_file(tmp_path, image, wavelengths):
    save_v73(tmp_path / "x.mat", {"data": image, "wl": wavelengths})
    cube = open_cube(tmp_path / "x.mat", memory_limit_mb=0)
    assert cube.is_lazy
    np.testing.assert_array_equal(cube.data[2:4, 1:, 2], image[2:4, 1:, 2])
    cube.data.close()


@pytest.mark.parametrize("write", WRITERS)
def test_without_wavelengths_they_are_asked_for(tmp_path, image, wavelengths, write, refusal):
    write(tmp_path / "x.mat", {"data": image, "table": np.ones((3, 4))})
    assert not is_readable(tmp_path / "x.mat")
    assert "no wavelengths" in refusal(tmp_path / "x.mat")
    np.testing.assert_array_equal(open_cube(tmp_path / "x.mat", wavelengths_nm=wavelengths).data, image)


def test_several_arrays_are_listed_and_text_is_left_alone(tmp_path, image, wavelengths):
    arrays = {
        "counts": (image * 9).astype(np.uint8),
        "cube": image,
        "half": image[:3],
        "note": "text",
        "wl": wavelengths,
    }
    savemat(tmp_path / "x.mat", {**arrays, "cell": np.array([{"a": 1}], object)})
    assert list_candidates(tmp_path / "x.mat") == ["cube", "half", "counts"]


@pytest.mark.parametrize("write", WRITERS)
def test_the_axis_is_counted_as_in_matlab(tmp_path, write):
    cube = np.random.default_rng(0).random((4, 4, 5))
    write(tmp_path / "x.mat", {"data": cube})
    found = open_cube(tmp_path / "x.mat", wavelengths_nm=[500, 600, 700, 800], spectral_axis=0)
    np.testing.assert_array_equal(found.data, np.moveaxis(cube, 0, 2).astype(np.float32))


def test_foreign_and_damaged_files(tmp_path, image, wavelengths, refusal):
    savemat(tmp_path / "table.mat", {"table": np.ones((3, 4))})
    assert not is_readable(tmp_path / "table.mat")
    refusal(tmp_path / "table.mat")
    savemat(tmp_path / "x.mat", {"data": image, "wl": wavelengths})
    whole = (tmp_path / "x.mat").read_bytes()
    for kept in (50, 130, 200, 500):
        (tmp_path / "x.mat").write_bytes(whole[:kept])
        refusal(tmp_path / "x.mat")


def test_a_declared_terabyte_takes_no_memory(tmp_path, image, wavelengths, refusal):
    savemat(tmp_path / "x.mat", {"data": image.astype(np.float64), "wl": wavelengths})
    data = bytearray((tmp_path / "x.mat").read_bytes())
    at = data.index(np.array([6, 5, 4], "<i4").tobytes())
    data[at : at + 12] = np.array([60000, 50000, 4], "<i4").tobytes()
    (tmp_path / "x.mat").write_bytes(data)
    assert "more than the limit" in refusal(tmp_path / "x.mat")
    bomb = zlib.compress(bytes(50_000_000), 9)
    tagged = data[:128] + np.array([15, len(bomb)], "<i4").tobytes() + bomb
    (tmp_path / "bomb.mat").write_bytes(tagged)
    refusal(tmp_path / "bomb.mat")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "u1", "i2", "u2", "i4", "u4", "i8", "bool"])
def test_arrays_are_those_that_scipy_wrote(tmp_path, packed, kind):
    array = np.random.default_rng(0).integers(0, 100, (4, 3, 5)).astype(kind)
    savemat(tmp_path / "x.mat", {"cube": array, "text": "words", "z": 1j * np.ones(3)}, do_compression=packed)
    held = mat5.list_arrays(tmp_path / "x.mat")
    assert list(held) == ["cube", "text"]
    assert "".join(map(chr, mat5.read_array(tmp_path / "x.mat", held["text"]).ravel())) == "words"
    np.testing.assert_array_equal(mat5.read_array(tmp_path / "x.mat", held["cube"]), array)


def test_numbers_that_do_not_fit_their_shape_are_refused(tmp_path):
    path = tmp_path / "x.mat"
    savemat(path, {"cube": np.ones((4, 3, 5))})
    data = bytearray(path.read_bytes())
    at = data.index(np.array([4, 3, 5], "<i4").tobytes())
    data[at : at + 4] = np.array([400], "<i4").tobytes()
    path.write_bytes(data)
    with pytest.raises(CubeError, match=r"x\.mat: an array of shape \(400, 3, 5\) is stored in 480 bytes"):
        mat5.read_array(path, mat5.list_arrays(path)["cube"])


@pytest.mark.parametrize("compress", [False, True])
def test_a_structure_with_a_cube_and_its_wavelengths(tmp_path, image, wavelengths, compress):
    labels = np.arange(30).reshape(6, 5) % 3
    inner = {"Wavelength": wavelengths, "DataCube": image, "note": "text", "Metadata": {"FWHM": [5.0] * 4}}
    savemat(tmp_path / "x.mat", {"first": np.eye(3), "hcube": inner, "gt": labels}, do_compression=compress)
    cube = open_cube(tmp_path / "x.mat")
    np.testing.assert_array_equal(cube.data, image)
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)
    np.testing.assert_array_equal(cube.labels, labels)
    assert cube.metadata["file"]["candidate"] == "hcube/DataCube"
    assert cube.metadata["fwhm_nm"] == [5] * 4


def test_structures_that_are_no_single_ones_are_passed_over(tmp_path, image, wavelengths):
    several = np.array([(1.0, 2.0), (3.0, 4.0)], [("a", "O"), ("b", "O")])
    deep = {"a": {"b": {"c": {"d": {"cube": image}}}}}
    savemat(tmp_path / "x.mat", {"s": several, "deep": deep, "cube": image, "wavelengths": wavelengths})
    assert list_candidates(tmp_path / "x.mat") == ["cube"]


def test_a_large_field_is_skipped_without_being_held(tmp_path, wavelengths):
    cube = np.random.default_rng(0).random((300, 200, 4))  # more than one step of unpacking
    savemat(tmp_path / "x.mat", {"s": {"DataCube": cube, "wl": wavelengths}}, do_compression=True)
    np.testing.assert_array_equal(open_cube(tmp_path / "x.mat").data, cube.astype(np.float32))


@pytest.mark.parametrize(("unit", "factor"), [("µm", 1e-3), ("nm", 1), ("Ångström", 10)])
def test_a_unit_with_letters_that_take_several_bytes(tmp_path, image, wavelengths, unit, factor):
    arrays = {"cube": image, "wavelengths": wavelengths * factor, "wavelength_unit": unit}
    savemat(tmp_path / "x.mat", arrays)
    np.testing.assert_allclose(open_cube(tmp_path / "x.mat").wavelengths_nm, wavelengths)
