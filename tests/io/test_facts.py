"""StatedMetadata in people's words."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_udt import CubeError, open_cube
from napari_udt.cli import main
from napari_udt.errors import MissingMetadata
from napari_udt.io.missing_metadata import Span, StatedMetadata, options_for, parse_wavelengths


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("700, 710, 720", (700, 710, 720)),
        ("700 710\n720", (700, 710, 720)),
        ("[700;710.5;720] nm", (700, 710.5, 720)),
        ("800", (800,)),
        ("500-1000", Span(500, 1000)),
        (" 500 – 1000 nm", Span(500, 1000)),
        ("500 to 1000.5", Span(500, 1000.5)),
    ],
)
def test_wavelengths_are_understood(text, meant):
    assert parse_wavelengths(text) == meant


@pytest.mark.parametrize(
    "text", ["", "red, green", "700,,x", "1000-500", "500-500", "700, 700", "0, 1", "-5"]
)
def test_what_is_no_wavelengths_is_a_sentence(text):
    with pytest.raises(CubeError, match="Wavelengths"):
        parse_wavelengths(text)


def test_evenly_spaced_wavelengths_take_the_files_number_of_channels(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((6, 7, 5)))
    facts = StatedMetadata(Span(500, 900), spectral_axis=2, domain="real")
    cube = open_cube(tmp_path / "x.npy", **options_for(tmp_path / "x.npy", facts))
    np.testing.assert_array_equal(cube.wavelengths_nm, [500, 600, 700, 800, 900])
    assert cube.domain == "real"
    assert set(cube.metadata["stated_by_user"]) == {"wavelengths_nm", "domain", "spectral_axis"}
    with pytest.raises(CubeError, match="say which axis is spectral"):
        options_for(tmp_path / "x.npy", StatedMetadata(Span(500, 900)))
    with pytest.raises(CubeError, match="say which axis is spectral"):
        options_for(tmp_path / "x.npy", StatedMetadata(Span(500, 900), spectral_axis=7))


def test_a_file_that_knows_its_wavelengths_lends_their_number(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"], file["wavelengths"] = np.ones((6, 7, 5)), np.arange(1, 6) * 100
    assert options_for(tmp_path / "x.h5", StatedMetadata(Span(500, 900)))["wavelengths_nm"][1] == 600


def test_what_is_missing_is_reported_to_programs(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((6, 5, 5)))
    with pytest.raises(MissingMetadata) as caught:
        open_cube(tmp_path / "x.npy")
    assert (caught.value.shape, caught.value.axes, caught.value.lacks_wavelengths) == (
        (6, 5, 5),
        (0, 1, 2),
        True,
    )
    with pytest.raises(MissingMetadata) as caught:
        open_cube(tmp_path / "x.npy", wavelengths_nm=[1, 2, 3, 4, 5])
    assert (caught.value.axes, caught.value.lacks_wavelengths) == ((1, 2), False)


def test_info_takes_facts_and_candidates(tmp_path, capsys):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["big"], file["small"] = np.ones((6, 7, 5)), np.ones((3, 3, 5))
    path = str(tmp_path / "x.h5")
    assert main(["info", path]) == 2
    assert "no wavelengths" in capsys.readouterr().err
    words = ["--wavelengths", "500,600,700,800,900", "--candidate", "/small", "--modality", "PAT"]
    assert main(["info", path, *words]) == 0
    reported = capsys.readouterr().out
    assert "3 x 3 pixels" in reported
    assert "/big" in reported
    with pytest.raises(SystemExit):
        main(["info", path, "--wavelengths", "red"])
    assert "are not understood" in capsys.readouterr().err
