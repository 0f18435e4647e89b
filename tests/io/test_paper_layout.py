import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import is_readable, open_cube, save_cube, save_cubes

NAME = "P041#2019_12_14_12_00_16"


def test_a_pat_image_of_the_archive_opens_with_its_labels(tmp_path):
    rng = np.random.default_rng(0)
    image = rng.random((16, 8, 12))
    labels = rng.integers(0, 7, (1, 8, 12))
    np.savez(tmp_path / "a.npz", reconstruction=image, segmentation=labels, oxygenation=rng.random((8, 12)))
    (tmp_path / "data_config.yaml").write_text(
        "dims: [16, 8, 12]\nmean: 2.5\nstd: 1.5\nn_classes: 7\nclass_prevalences: {5: 0.25, 6: 0.1}\n",
        "utf-8",
    )
    cube = open_cube(tmp_path / "a.npz")
    assert is_readable(tmp_path / "a.npz")
    np.testing.assert_array_equal(cube.data, image.transpose(1, 2, 0).astype(np.float32))
    np.testing.assert_array_equal(cube.wavelengths_nm, np.arange(700, 851, 10))
    np.testing.assert_array_equal(cube.labels, labels[0])
    assert (cube.modality, cube.domain) == ("PAT", "unknown")
    assert (cube.label_names[5], cube.label_names[6], cube.label_names[2]) == ("vein", "artery", "class 2")
    assert cube.metadata["data_config"] == {
        "dims": [16, 8, 12],
        "mean": 2.5,
        "std": 1.5,
        "n_classes": 7,
        "class_prevalences": {"5": 0.25, "6": 0.1},
    }
    assert "700 to 850" in cube.metadata["assumed"]["wavelengths_nm"]


@pytest.mark.parametrize(
    "text",
    [
        "mean: !!python/object/apply:os.system ['touch pwned']",
        "[" * 50_000,
        "mean: {[1]: 2}",
        "a: &a [*a]",
        "\x00",
    ],
)
def test_a_bad_configuration_beside_an_image_does_no_harm(tmp_path, text):
    np.savez(tmp_path / "a.npz", reconstruction=np.ones((16, 4, 4)))
    (tmp_path / "data_config.yaml").write_text(text, "utf-8")
    assert "data_config" not in open_cube(tmp_path / "a.npz").metadata
    assert not list(tmp_path.glob("pwned"))


def test_other_channel_counts_need_wavelengths(tmp_path):
    np.savez(tmp_path / "a.npz", reconstruction=np.ones((5, 4, 4)))
    assert not is_readable(tmp_path / "a.npz")
    with pytest.raises(CubeError, match=r"a\.npz.*5 channels.*wavelengths_nm="):
        open_cube(tmp_path / "a.npz")
    assert open_cube(tmp_path / "a.npz", wavelengths_nm=[700, 730, 760, 800, 850]).shape == (4, 4, 5)


@pytest.mark.parametrize("modality", ["PAT", "HSI"])
def test_a_cube_saved_in_the_layout_comes_back_equal(tmp_path, modality):
    rng = np.random.default_rng(0)
    written = SpectralCube(
        data=rng.standard_normal((6, 7, 5)).astype(np.float32),
        wavelengths_nm=[500.5, 610, 700, 800, 900],
        modality=modality,
        domain="transferred",
        labels=rng.integers(0, 7, (6, 7)),
        label_names={5: "vein", 6: "artery"},
        oxygenation=rng.random((6, 7), dtype=np.float32),
        pixel_size_mm=(0.1, 0.2),
        quantity="something [a.u.]",
        name="image 1",
        provenance={"model": "m"},
        metadata={"note": "µ"},
    )
    save_cube(written, tmp_path / "a.npz")
    read = open_cube(tmp_path / "a.npz")
    for name in ("data", "labels", "oxygenation", "wavelengths_nm"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    for name in (
        "modality",
        "domain",
        "origin",
        "label_names",
        "pixel_size_mm",
        "quantity",
        "name",
        "provenance",
    ):
        assert getattr(read, name) == getattr(written, name), name
    assert {k: v for k, v in read.metadata.items() if k != "file"} == {"note": "µ"}
    with np.load(
        tmp_path / "a.npz", allow_pickle=False
    ) as plain:  # as a reader of the original layout sees it
        np.testing.assert_array_equal(plain["reconstruction"], written.data.transpose(2, 0, 1))
        np.testing.assert_array_equal(plain["segmentation"], written.labels)


def test_only_one_cube_fits_into_the_layout(tmp_path):
    cube = SpectralCube(np.ones((2, 2, 2)), [700, 800], "PAT")
    with pytest.raises(CubeError, match=r"2 cubes do not go into one file"):
        save_cubes([cube, cube], tmp_path / "a.npz")


def write_spectra(folder, count=9, name=NAME):
    rng = np.random.default_rng(0)
    spectra = rng.random((count, 100))
    np.save(folder / f"{name}.npy", spectra)
    np.save(folder / f"{NAME}_seg.npy", np.full(count, 17))
    np.save(folder / f"{NAME}_ind.npy", np.stack([np.arange(count), np.arange(count) * 2]))
    return spectra


def test_a_list_of_spectra_opens_as_one_column(tmp_path):
    spectra = write_spectra(tmp_path)
    cube = open_cube(tmp_path / f"{NAME}.npy")
    assert is_readable(tmp_path / f"{NAME}.npy")
    assert cube.shape == (9, 1, 100)
    np.testing.assert_array_equal(cube.data[:, 0], spectra.astype(np.float32))
    np.testing.assert_array_equal(cube.wavelengths_nm, np.linspace(500, 1000, 100))
    assert (cube.modality, cube.domain, cube.present_labels) == ("HSI", "real", {17: "liver"})
    assert cube.metadata["rows"] == list(range(9))
    assert cube.metadata["columns"] == list(range(0, 18, 2))
    assert "np.arange(500, 1000, 5)" in cube.metadata["assumed"]["wavelengths_nm"]


def test_the_wavelengths_of_the_papers_code_can_be_chosen(tmp_path):
    write_spectra(tmp_path)
    cube = open_cube(tmp_path / f"{NAME}.npy", wavelengths_nm=np.arange(500, 1000, 5))
    assert cube.wavelengths_nm[-1] == 995
    assert "wavelengths_nm" not in cube.metadata["assumed"]


def test_simulated_spectra_share_the_class_numbers(tmp_path):
    write_spectra(tmp_path, name=f"{NAME}_KNN_0")
    cube = open_cube(tmp_path / f"{NAME}_KNN_0.npy")
    assert (cube.domain, cube.present_labels) == ("simulated", {17: "liver"})


def test_class_numbers_themselves_point_to_the_spectra(tmp_path):
    write_spectra(tmp_path)
    with pytest.raises(CubeError, match=f"_seg.npy.*open {NAME}.npy"):
        open_cube(tmp_path / f"{NAME}_seg.npy")


def test_class_numbers_of_another_length_are_left_out(tmp_path):
    write_spectra(tmp_path)
    np.save(tmp_path / f"{NAME}_seg.npy", np.zeros(4, int))
    (remark,) = open_cube(tmp_path / f"{NAME}.npy").metadata["remarks"]
    assert f"{NAME}_seg.npy: the array has shape (4,); expected (9,)" in remark
