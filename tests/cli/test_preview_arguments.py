"""Frames and previews as the command line says them."""

import argparse
import json

import numpy as np
import pytest
from pa_scenes import arc_mm, recorded, write_patato

from napari_udt.cli import main
from napari_udt.cli.preview_arguments import add_preview_arguments, preview_options
from napari_udt.errors import CubeError
from napari_udt.reconstruction import ReconstructionOptions


def said(*words):
    parser = argparse.ArgumentParser()
    add_preview_arguments(parser)
    return preview_options(parser.parse_args(words))


def test_nothing_said_is_nothing_asked():
    assert said() == {}


def test_words_become_options():
    assert said("--frame", "3") == {"frame": 3}
    assert said("--frame", "mean", "--field-of-view", "30,20", "--speed-of-sound", "1480") == {
        "frame": "mean",
        "reconstruction": ReconstructionOptions(1480.0, (30.0, 20.0)),
    }
    assert said("--field-of-view", "25", "--pixel-size", "0.2") == {
        "reconstruction": ReconstructionOptions(field_of_view_mm=25.0, pixel_mm=0.2)
    }


@pytest.mark.parametrize(
    "words", [("--frame", "last"), ("--field-of-view", "1,2,3"), ("--speed-of-sound", "fast")]
)
def test_words_that_are_no_numbers(words, capsys):
    with pytest.raises(SystemExit):
        said(*words)
    assert words[0] in capsys.readouterr().err


def test_numbers_out_of_range():
    with pytest.raises(CubeError, match=r"speed of sound 1\.5 m/s"):
        said("--speed-of-sound", "1.5")


def test_info_describes_the_preview_that_was_asked_for(tmp_path, capsys):
    detectors = arc_mm()
    path = write_patato(
        tmp_path / "x.hdf5", raw=recorded(detectors, [(0, 0, 0)], frames=2), detectors_mm=detectors
    )
    words = [
        "info",
        str(path),
        "--json",
        "--frame",
        "1",
        "--speed-of-sound",
        "1480",
        "--field-of-view",
        "20,10",
    ]
    assert main([*words, "--pixel-size", "0.5"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["shape"] == {"rows": 20, "columns": 40, "channels": 3}
    assert described["provenance"]["speed_of_sound_m_per_s"] == 1480
    assert described["metadata"]["frame"] == 1
    np.testing.assert_allclose(described["pixel_size_mm"], 0.5)
