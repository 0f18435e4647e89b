"""What is slow to read is known before it is read."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_udt import SpectralCube, open_cube
from napari_udt.cli import main
from napari_udt.io.access import can_be_faster, convert_command, fast_path, sample, slow_to_read

SIDE, CHANNELS = 3000, 100  # 3.6 GB of which the file holds next to nothing


@pytest.fixture
def make(tmp_path):
    def make(**options):
        with h5py.File(tmp_path / "big.h5", "w") as file:
            file.create_dataset("cube", (SIDE, SIDE, CHANNELS), np.float32, fillvalue=0.5, **options)
            file["wavelengths"] = np.linspace(500, 1000, CHANNELS)
        return open_cube(tmp_path / "big.h5")

    return make


def test_pictures_packed_one_by_one_make_spectra_slow(make, tmp_path, capsys):
    cube = make(chunks=(SIDE, SIDE, 1), compression="gzip")
    reported = slow_to_read(cube)
    assert "a spectrum about 30 s" in reported
    assert "picture" not in reported
    assert "packed in pieces of 3000 x 3000 x 1" in reported
    assert convert_command(cube) == f'napari-udt convert "{tmp_path}/big.h5" "{tmp_path}/big_fast.udt.h5"'
    assert (
        main(["info", str(tmp_path / "big.h5")]) == 0
    )  # 64 rows would take half an hour: the time limit of a test
    printed = capsys.readouterr().out
    assert "a spectrum about 30 s" in printed
    assert "napari-udt convert" in printed


def test_whole_spectra_make_pictures_slow(make):
    reported = slow_to_read(make(chunks=(8, 8, CHANNELS), compression="gzip"))
    assert "a picture about 30 s" in reported
    assert "spectrum" not in reported


def test_a_converted_file_is_not_offered_to_be_converted(make, monkeypatch):
    monkeypatch.setattr("napari_udt.io.layout.READ_PER_S", 1e7)
    cube = make(chunks=(32, 32, 10))
    assert "a picture about 40 s" in slow_to_read(cube)
    assert not can_be_faster(cube)
    assert can_be_faster(make(chunks=(32, 32, 20)))
    assert can_be_faster(make(chunks=(32, 32, 10), compression="gzip"))


def test_chunks_of_both_are_not_slow(make):
    assert slow_to_read(make(chunks=(32, 32, 10))) == ""
    small = SpectralCube(np.ones((2, 3, 4), np.float32), [500, 600, 700, 800], "HSI")
    assert slow_to_read(small) == ""


def test_a_sample_is_spread_over_the_cube(tmp_path):
    rows, columns, channels = 400, 300, 20
    values = np.arange(rows * columns * channels, dtype=np.float32).reshape(rows, columns, channels)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", data=values, chunks=(20, 20, 1), compression="gzip")
        file["wavelengths"] = np.linspace(500, 1000, channels)
    cube = open_cube(tmp_path / "x.h5", memory_limit_mb=0)
    picked, complete = sample(cube, seconds=1e-3)
    assert not complete
    assert picked.size < values.size / 10
    tenths = np.histogram(picked, bins=10, range=(0, values.size))[0]
    assert (tenths > 0).all()
    _, complete = sample(open_cube(tmp_path / "x.h5"), seconds=10)
    assert not complete  # 2.4 million values are enough of a reason


@pytest.mark.parametrize(
    ("path", "fast"),
    [
        ("a/x.h5", "a/x_fast.udt.h5"),
        ("x.udt.h5", "x_fast.udt.h5"),
        ("x.mat", "x_fast.udt.h5"),
        ("raw", "raw_fast.udt.h5"),
    ],
)
def test_the_converted_file_has_a_name_of_its_own(path, fast):
    assert fast_path(path) == fast
