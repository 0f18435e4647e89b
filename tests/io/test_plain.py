import h5py
import numpy as np
import pytest

from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube, open_cubes


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "factor"), [("wavelength", 1), ("Wavelengths", 1e-9), ("wl", 1e-3), ("lambda", 1)]
)
def test_a_cube_in_hdf5_of_unknown_structure_is_found(tmp_path, axis, name, factor):
    cube = np.random.default_rng(0).random((4, 6, 5), dtype=np.float32)
    wavelengths = np.array([450.0, 500, 650, 800, 1000])
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["scan/deep/cube"] = np.moveaxis(cube, 2, axis)
        file[f"scan/{name}"] = wavelengths * factor
        file["flat"] = np.zeros((3, 3))
    read = open_cube(tmp_path / "x.h5")
    assert is_readable(tmp_path / "x.h5")
    np.testing.assert_array_equal(read.data, cube)
    np.testing.assert_allclose(read.wavelengths_nm, wavelengths)
    assert read.metadata["assumed"]["modality"] == "HSI"
    assert ("wavelength_unit" in read.metadata["assumed"]) == (
        "_" not in name
    )  # a unit in the name is stated
    assert open_cube(tmp_path / "x.h5", modality="PAT").modality == "PAT"


def test_wavelengths_may_be_an_attribute(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"] = np.ones((4, 6, 3))
        file["cube"].attrs["wavelengths_nm"] = [500, 600, 700]
    np.testing.assert_array_equal(open_cube(tmp_path / "x.h5").wavelengths_nm, [500, 600, 700])


def test_unsorted_wavelengths_take_their_channels_along(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"] = np.arange(3) + np.zeros((4, 6, 3))
        file["wavelengths"] = [700, 500, 600]
    for limit in (None, 0):
        cube = open_cube(tmp_path / "x.h5", memory_limit_mb=limit)
        np.testing.assert_array_equal(cube.wavelengths_nm, [500, 600, 700])
        np.testing.assert_array_equal(cube.data[1, 2], [1, 2, 0])
        np.testing.assert_array_equal(cube.image(700), np.zeros((4, 6)))


def test_several_fitting_arrays_are_listed_and_the_largest_of_fractions_is_taken(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["masks"] = np.ones((9, 9, 3), np.uint8)
        file["small"] = np.ones((2, 2, 3))
        file["large"] = np.ones((5, 5, 3))
        file["volume"] = np.ones((7, 7, 7))
        file["wavelengths"] = [500, 600, 700]
    assert list_candidates(tmp_path / "x.h5") == ["/large", "/small", "/masks"]
    assert open_cube(tmp_path / "x.h5").shape == (5, 5, 3)
    assert open_cube(tmp_path / "x.h5", candidate="/small").metadata["file"]["others"] == ["/large", "/masks"]
    assert len(open_cubes(tmp_path / "x.h5")) == 1


def test_each_array_takes_the_wavelengths_that_stand_nearest(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for group, first in (("a", 500), ("b", 700)):
            file[f"{group}/cube"] = np.ones((4, 5, 3))
            file[f"{group}/wavelengths"] = first + np.arange(3)
    assert open_cube(tmp_path / "x.h5", candidate="/b/cube").wavelengths_nm[0] == 700


def test_a_foreign_hdf5_is_declined_with_what_is_in_it(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["table"] = np.zeros((3, 4))
    assert not is_readable(tmp_path / "x.h5")
    with pytest.raises(CubeError, match=r"x\.h5.*\(table\).*no three-dimensional array"):
        open_cube(tmp_path / "x.h5")


def test_without_wavelengths_the_file_is_declined_and_the_user_asked(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["volume"] = np.zeros((3, 4, 5))
        file["bands"] = np.arange(5)  # band numbers, not wavelengths
    assert not is_readable(tmp_path / "x.h5")
    with pytest.raises(CubeError, match=r"/volume \(3, 4, 5\), but no wavelengths.*wavelengths_nm="):
        open_cube(tmp_path / "x.h5")
    assert open_cube(tmp_path / "x.h5", wavelengths_nm=[500, 600, 700, 800]).shape == (3, 5, 4)
    with pytest.raises(CubeError, match=r"7 wavelengths were given.*/volume \(3, 4, 5\)"):
        open_cube(tmp_path / "x.h5", wavelengths_nm=range(500, 507))


def test_an_ambiguous_axis_is_asked_for_not_guessed(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"] = np.arange(3)[:, None, None] + np.zeros((3, 3, 4))
        file["wavelengths"] = [500, 600, 700]
    with pytest.raises(CubeError, match=r"several axes.*spectral_axis=0 or 1"):
        open_cube(tmp_path / "x.h5")
    np.testing.assert_array_equal(open_cube(tmp_path / "x.h5", spectral_axis=0).data[1, 2], [0, 1, 2])
    with pytest.raises(CubeError, match="spectral_axis=5"):
        open_cube(tmp_path / "x.h5", spectral_axis=5)


def test_a_plain_array_opens_once_the_wavelengths_are_given(tmp_path):
    cube = np.random.default_rng(0).random((3, 4, 5))
    np.save(tmp_path / "x.npy", cube)
    assert not is_readable(tmp_path / "x.npy")
    with pytest.raises(CubeError, match=r"x\.npy.*wavelengths_nm="):
        open_cube(tmp_path / "x.npy")
    read = open_cube(tmp_path / "x.npy", wavelengths_nm=[500, 600, 700])
    np.testing.assert_array_equal(read.data, cube.transpose(1, 2, 0).astype(np.float32))


def test_a_table_of_spectra_opens_as_one_column(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(8.0).reshape(4, 2))
    cube = open_cube(tmp_path / "x.npy", wavelengths_nm=[500, 600])
    assert cube.shape == (4, 1, 2)
    np.testing.assert_array_equal(cube.spectrum(3, 0), [6, 7])


def test_an_archive_of_plain_arrays_opens_with_its_own_wavelengths(tmp_path):
    np.savez(tmp_path / "x.npz", cube=np.ones((4, 6, 3)), wavelength=[0.5, 0.6, 0.7], note="text")
    assert is_readable(tmp_path / "x.npz")
    np.testing.assert_allclose(open_cube(tmp_path / "x.npz").wavelengths_nm, [500, 600, 700])


def test_training_sets_can_be_looked_at(tmp_path):
    rng = np.random.default_rng(0)
    spectra = Dataset(
        samples=rng.random((7, 5), dtype=np.float32),
        labels=np.array([0, 1, -1, 0, 0, 1, 1]),
        wavelengths_nm=np.linspace(500, 1000, 5),
        class_names=("liver", "skin"),
        modality="HSI",
        domain="second",
        origin="drawn from measured statistics",
        seed=3,
    )
    save_dataset(spectra, tmp_path / "hsi.h5")
    cube = open_cube(tmp_path / "hsi.h5")
    np.testing.assert_array_equal(cube.data[:, 0], spectra.samples)
    assert (cube.domain, cube.origin) == ("second", "drawn from measured statistics")
    assert cube.present_labels == {-1: "unknown", 0: "liver", 1: "skin"}

    images = Dataset(
        samples=rng.random((3, 2, 4, 6), dtype=np.float32),
        labels=rng.integers(0, 2, (3, 4, 6)),
        wavelengths_nm=np.array([700.0, 800]),
        class_names=("vein", "artery"),
        modality="PAT",
        domain="simulated",
        origin="simulated",
        seed=3,
        oxygenation=rng.random((3, 4, 6), dtype=np.float32),
    )
    save_dataset(images, tmp_path / "pat.h5")
    cube = open_cube(tmp_path / "pat.h5", candidate="image 2")
    np.testing.assert_array_equal(cube.data, images.samples[2].transpose(1, 2, 0))
    np.testing.assert_array_equal(cube.labels, images.labels[2])
    np.testing.assert_array_equal(cube.oxygenation, images.oxygenation[2])
    assert list_candidates(tmp_path / "pat.h5") == ["image 0", "image 1", "image 2"]
