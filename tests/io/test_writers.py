"""What is written opens again equal, in our readers and in the format's own library, whole or not at all."""

import csv

import numpy as np
import pytest
import spectral.io.envi as library

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files import writing
from napari_udt.io import open_cube, save_cube, save_cubes
from napari_udt.io.registry import WRITERS

ENDINGS = ["udt.h5", "npz", "hdr", "csv", "zarr", "ome.zarr"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_cube_comes_back_equal(tmp_path, full_cube, same, ending):
    save_cube(full_cube, tmp_path / f"x.{ending}")
    same(open_cube(tmp_path / f"x.{ending}"), full_cube)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bare_cube_and_extreme_numbers_come_back_equal(tmp_path, wavelengths, same, ending):
    data = np.random.default_rng(0).random((3, 2, 4)).astype(np.float32)
    data[0, 0] = [np.nan, np.inf, -np.inf, np.finfo(np.float32).tiny]
    save_cube(SpectralCube(data, wavelengths, "HSI"), tmp_path / f"x.{ending}")
    cube = open_cube(tmp_path / f"x.{ending}")
    np.testing.assert_array_equal(cube.data, data)
    assert (cube.labels, cube.oxygenation, cube.pixel_size_mm) == (None, None, None)


def test_every_writer_is_tried():
    assert {e for w in WRITERS for e in w.endings} - {".h5", ".hdf5"} == {f".{ending}" for ending in ENDINGS}


def test_the_spectral_library_reads_our_envi(tmp_path, full_cube):
    save_cube(full_cube, tmp_path / "x.hdr")
    opened = library.open(str(tmp_path / "x.hdr"))
    np.testing.assert_array_equal(np.asarray(opened.load()), full_cube.data)
    np.testing.assert_array_equal(opened.bands.centers, full_cube.wavelengths_nm)
    assert opened.bands.band_unit == "Nanometers"
    labels = library.open(str(tmp_path / "x_labels.hdr"))
    names = np.array(labels.metadata["class names"])
    assert names.tolist() == ["label -1", "muscle; (left)", "vein", "art?re"]
    np.testing.assert_array_equal(labels.read_band(0), full_cube.labels + 1)
    np.testing.assert_array_equal(
        library.open(str(tmp_path / "x_oxygenation.hdr")).read_band(0), full_cube.oxygenation
    )


def test_numpy_and_the_csv_module_read_our_csv(tmp_path, full_cube):
    save_cube(full_cube, tmp_path / "x.csv")
    table = np.genfromtxt(tmp_path / "x.csv", delimiter=",", skip_header=5)
    rows, columns = table[:, 0].astype(int), table[:, 1].astype(int)
    np.testing.assert_array_equal(table[:, 4:].astype(np.float32), full_cube.data[rows, columns])
    with open(tmp_path / "x.csv", encoding="utf-8") as file:
        head, *lines = csv.reader(line for line in file if not line.startswith("#"))
    assert head[:4] == ["row", "column", "label", "oxygenation"]
    np.testing.assert_array_equal([float(w) for w in head[4:]], full_cube.wavelengths_nm)
    assert len(lines) == 30


def test_csv_of_the_labelled_structures_only(tmp_path, full_cube):
    save_cube(full_cube, tmp_path / "x.csv", labelled_only=True)
    cube = open_cube(tmp_path / "x.csv")
    labelled = full_cube.labels >= 0
    np.testing.assert_array_equal(cube.data[labelled], full_cube.data[labelled])
    assert np.isnan(cube.data[~labelled]).all()
    np.testing.assert_array_equal(cube.labels, full_cube.labels)
    with pytest.raises(CubeError, match="no labels"):
        save_cube(full_cube.with_(labels=None), tmp_path / "y.csv", labelled_only=True)
    with pytest.raises(CubeError, match="holds whole pictures"):
        save_cube(full_cube, tmp_path / "y.hdr", labelled_only=True)
    assert not (tmp_path / "y.csv").exists()


def test_labels_of_a_replaced_cube_do_not_come_back(tmp_path, full_cube):
    save_cube(full_cube, tmp_path / "x.hdr")
    save_cube(full_cube.with_(labels=None, oxygenation=None), tmp_path / "x.hdr", overwrite=True)
    assert open_cube(tmp_path / "x.hdr").labels is None


@pytest.mark.parametrize("existing", ["x.hdr", "x.img", "x_labels.hdr"])
def test_existing_files_are_replaced_only_when_asked(tmp_path, full_cube, existing):
    (tmp_path / existing).write_text("mine")
    with pytest.raises(CubeError, match=r"overwrite=True"):
        save_cube(full_cube, tmp_path / "x.hdr")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(existing, "mine")]
    save_cube(full_cube, tmp_path / "x.hdr", overwrite=True)
    np.testing.assert_array_equal(open_cube(tmp_path / "x.hdr").data, full_cube.data)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_cube_that_breaks_while_it_is_read_leaves_the_old_files(tmp_path, full_cube, same, ending):
    class Broken:
        shape, dtype = full_cube.shape, np.dtype(np.float32)

        def __getitem__(self, key):
            raise OSError("the disk is gone")

    save_cube(full_cube, tmp_path / f"x.{ending}")
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(CubeError, match="the disk is gone"):
        save_cube(full_cube.with_(data=Broken()), tmp_path / f"x.{ending}", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    same(open_cube(tmp_path / f"x.{ending}"), full_cube)


def test_a_move_that_fails_half_way_brings_the_old_files_back(tmp_path, full_cube, same, monkeypatch):
    save_cube(full_cube, tmp_path / "x.hdr")
    replace = writing.Path.replace

    def fail_at_the_header(self, target):
        if self.parent.name == "new" and self.name == "x.hdr":
            raise OSError("no space left")
        return replace(self, target)

    monkeypatch.setattr(writing.Path, "replace", fail_at_the_header)
    with pytest.raises(CubeError, match="no space left"):
        save_cube(full_cube.with_(data=full_cube.data * 2), tmp_path / "x.hdr", overwrite=True)
    monkeypatch.undo()
    same(open_cube(tmp_path / "x.hdr"), full_cube)


@pytest.mark.parametrize("ending", ["npz", "hdr", "csv"])
def test_one_cube_per_file(tmp_path, full_cube, ending):
    with pytest.raises(CubeError, match="2 cubes do not go into one file"):
        save_cubes([full_cube, full_cube], tmp_path / f"x.{ending}")


def test_an_unknown_ending_names_the_known_ones(tmp_path, full_cube):
    with pytest.raises(CubeError, match=r"\.udt\.h5, \.h5, \.hdf5, \.npz, \.hdr, \.ome\.zarr, \.zarr, \.csv"):
        save_cube(full_cube, tmp_path / "x.jpg")


def test_bad_csv_is_one_sentence(tmp_path, full_cube, refusal):
    path = tmp_path / "x.csv"
    save_cube(full_cube, path)
    good = path.read_text("utf-8")
    for damaged, sentence in (
        ("\n".join(good.splitlines()[:4]), "no line with the names"),
        (good[:100], "cut short"),
        (good.replace("row,column", "x,y"), "the head is damaged"),
        (good.replace('"shape": [6, 5]', '"shape": [600000, 500000]'), "more than the limit"),
        (good.replace('"shape": [6, 5]', '"shape": [2, 2]'), "outside the 2 x 2 picture"),
        (good + "1,2,3\n", "damaged"),
        (good + "a" * 50, "damaged or cut short"),
    ):
        path.write_text(damaged, "utf-8")
        assert sentence in refusal(path)
