"""Commands on recordings of several pictures."""

import json

import numpy as np
import pytest
import zarr

from napari_udt.cli import main
from napari_udt.io import open_cube
from napari_udt.io.frames import parse_frames

NM = [500.0, 600.0, 700.0, 800.0]


@pytest.fixture
def scan(tmp_path):
    """Twelve frames, one every 0.31 s, as a Zarr folder."""
    values = np.random.default_rng(0).random((12, 4, 6, 7)).astype(np.float32)
    group = zarr.open_group(str(tmp_path / "x.zarr"), mode="w", zarr_format=3)
    group.attrs["wavelengths_nm"] = NM
    group.create_array("0", data=values, dimension_names=("time", "c", "y", "x"))
    times = group.create_array("time", data=np.arange(12) * 310.0)
    times.attrs["units"] = "ms"
    return tmp_path / "x.zarr"


def test_info_says_how_many_pictures_there_are(scan, capsys):
    assert main(["info", str(scan), "--frame", "3"]) == 0
    assert "12 frames over 3.41 s; frame 3 is described here" in capsys.readouterr().out
    assert main(["info", str(scan), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["series"]
    assert (said["axis"], said["pictures"], said["shown"], said["unit"]) == ("time", 12, 0, "s")
    assert said["positions"][2] == pytest.approx(0.62)


def test_all_frames_are_converted_where_the_format_holds_them(scan, tmp_path, capsys):
    assert main(["convert", str(scan), str(tmp_path / "y.udt.h5")]) == 0
    printed = capsys.readouterr()
    assert "12 frames over 3.41 s" in printed.out
    assert not printed.err
    for one, other in zip(open_cube(scan).series, open_cube(tmp_path / "y.udt.h5").series, strict=True):
        np.testing.assert_array_equal(one.data[:], other.data[:])


def test_other_formats_get_the_picture_at_hand_and_that_is_said(scan, tmp_path, capsys):
    assert main(["convert", str(scan), str(tmp_path / "y.csv")]) == 0
    assert capsys.readouterr().err == (
        "napari-udt: Spectra in CSV holds one picture: frame 0 of 12 (counted from 0) was written; --frames N chooses another, a "
        "file called .udt.h5 holds all.\n"
    )
    np.testing.assert_allclose(open_cube(tmp_path / "y.csv").data, open_cube(scan).data)
    assert main(["convert", str(scan), str(tmp_path / "z.csv"), "--frames", "5"]) == 0
    assert not capsys.readouterr().err
    np.testing.assert_allclose(open_cube(tmp_path / "z.csv").data, open_cube(scan, frame=5).data)


@pytest.mark.parametrize(("words", "expected"), [("3:5", [3, 4]), (":2", [0, 1]), ("7", [7]), ("mean", None)])
def test_some_frames_are_converted(scan, tmp_path, words, expected):
    assert main(["convert", str(scan), str(tmp_path / "y.udt.h5"), "--frames", words]) == 0
    read = open_cube(tmp_path / "y.udt.h5")
    if expected is None:
        sources, found = [open_cube(scan, frame="mean")], [read]
    else:
        sources = [open_cube(scan, frame=index) for index in expected]
        found = [read] if read.series is None else list(read.series)
    for one, other in zip(found, sources, strict=True):
        np.testing.assert_array_equal(one.data[:], other.data[:])


def test_frames_are_parsed():
    assert [parse_frames(text) for text in ("all", "mean", "3", "3:7", ":7")] == [
        "all",
        "mean",
        3,
        (3, 7),
        (0, 7),
    ]
    for wrong in ("last", "3:", "1:2:3", ""):
        with pytest.raises(ValueError, match="invalid literal"):
            parse_frames(wrong)
