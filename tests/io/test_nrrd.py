import gzip

import nrrd
import numpy as np
import pytest

from napari_udt.io import is_readable, open_cube

FACTS = {"wavelengths": "500 612.5 700 805"}


def save(path, array, **facts):
    nrrd.write(str(path), array, {**FACTS, **facts}, index_order="C")
    return path


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "u1", ">i2"])
def test_files_of_the_library(tmp_path, image, wavelengths, encoding, axis, kind):
    counts = (image * 100).astype(kind)
    path = save(tmp_path / "x.nrrd", np.ascontiguousarray(np.moveaxis(counts, 2, axis)), encoding=encoding)
    assert is_readable(path)
    cube = open_cube(path, memory_limit_mb=None)
    np.testing.assert_array_equal(cube.data, counts.astype(np.float32))
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)


def test_bare_numbers_stay_in_the_file(tmp_path, image):
    path = save(tmp_path / "x.nrrd", image, encoding="raw")
    cube = open_cube(path, memory_limit_mb=0)
    assert cube.is_lazy
    np.testing.assert_array_equal(cube.data[1:4, 2], image[1:4, 2])


def test_a_detached_header(tmp_path, image, refusal):
    nrrd.write(
        str(tmp_path / "x.nhdr"), image, {**FACTS, "encoding": "raw"}, index_order="C", detached_header=True
    )
    np.testing.assert_array_equal(open_cube(tmp_path / "x.nhdr").data, image)
    text = (tmp_path / "x.nhdr").read_text()
    (tmp_path / "x.nhdr").write_text(text.replace("x.raw", "../secret.raw"))
    assert "expected a file in the same folder" in refusal(tmp_path / "x.nhdr")


def test_units_give_pixel_size_and_wavelengths(tmp_path, image):
    facts = {
        "units": ["nm", "cm", "mm"],
        "spacings": [50.0, 0.02, 0.1],
        "axis mins": [700.0, 0, 0],
        "encoding": "raw",
    }
    nrrd.write(str(tmp_path / "x.nrrd"), image, facts, index_order="C")
    cube = open_cube(tmp_path / "x.nrrd")
    np.testing.assert_allclose(cube.wavelengths_nm, [700, 750, 800, 850])
    assert cube.pixel_size_mm == pytest.approx((0.1, 0.2))
    np.testing.assert_array_equal(cube.data, image)


def test_labelled_axes_tell_rows_from_columns(tmp_path, image):
    path = save(tmp_path / "x.nrrd", image.transpose(1, 0, 2).copy(), labels=["band", "row", "column"])
    np.testing.assert_array_equal(open_cube(path).data, image)


def test_without_wavelengths_they_are_asked_for(tmp_path, image, wavelengths, refusal):
    nrrd.write(str(tmp_path / "x.nrrd"), image, index_order="C")
    assert not is_readable(tmp_path / "x.nrrd")
    assert "no wavelengths" in refusal(tmp_path / "x.nrrd")
    np.testing.assert_array_equal(open_cube(tmp_path / "x.nrrd", wavelengths_nm=wavelengths).data, image)


def by_hand(path, changes=(), data=b""):
    head = "NRRD0004\ntype: float\ndimension: 3\nsizes: 5 6 4\nendian: little\nencoding: gzip\nwavelengths:=500 600 700 800\n"
    for old, new in changes:
        head = head.replace(old, new)
    path.write_bytes(head.encode() + b"\n" + data)
    return path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("5 6 4", "5 0 4"), "declares sizes '5 0 4'"),
        (("5 6 4", "50000 60000 4"), "more than the limit"),
        (("float", "block"), "'block'"),
        (("gzip", "bzip2"), "'bzip2' is not supported"),
        (("dimension: 3", "dimension: 4"), "for 4 axes"),
        (("gzip", "raw"), "needs 480 bytes but the file holds"),
    ],
)
def test_a_wrong_header_is_one_sentence(tmp_path, refusal, change, sentence):
    assert sentence in refusal(by_hand(tmp_path / "x.nrrd", [change], gzip.compress(bytes(480))))


def test_a_bomb_gives_no_more_than_the_header_declares(tmp_path):
    path = by_hand(tmp_path / "x.nrrd", data=gzip.compress(bytes(60_000_000), 9))
    assert open_cube(path).shape == (6, 5, 4)


def test_packed_numbers_that_are_cut_or_damaged(tmp_path, refusal):
    good = gzip.compress(np.random.default_rng(0).bytes(480))
    assert "it is cut short" in refusal(by_hand(tmp_path / "x.nrrd", data=good[:200]))
    assert "damaged" in refusal(by_hand(tmp_path / "x.nrrd", data=b"\x1f\x8bnothing"))
