"""Converting: the same numbers in other chunks, with little memory, whole or not at all."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_udt import CubeError, open_cube
from napari_udt.cli import main
from napari_udt.io import open_cubes, rechunk, save_cubes
from napari_udt.io.blocks import blocks, plan
from napari_udt.io.convert import convert
from napari_udt.io.layout import Layout, page_pieces

SHAPE = (90, 70, 23)


@pytest.fixture
def array():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def stored(path, array, axes=(0, 1, 2), **options):
    """Write an array with its axes in some order, and wavelengths."""
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", data=array.transpose(axes), **options)
        file["wavelengths"] = np.linspace(500, 1000, array.shape[2])
    return path


@pytest.mark.parametrize("chunks", ["pixel", "band", "both"])
@pytest.mark.parametrize(
    ("axes", "options"),
    [
        ((0, 1, 2), {}),
        ((2, 0, 1), {}),
        ((0, 2, 1), {"chunks": (7, 23, 11)}),
        ((2, 0, 1), {"chunks": (1, 90, 70), "compression": "gzip"}),
    ],
)
@pytest.mark.parametrize("limit", [2_000, 10**8])
def test_numbers_stay_what_they_are(tmp_path, array, monkeypatch, axes, options, chunks, limit):
    monkeypatch.setattr("napari_udt.io.blocks.BLOCK_BYTES", limit)
    monkeypatch.setattr(plan, "__kwdefaults__", {**plan.__kwdefaults__, "limit": limit})
    monkeypatch.setenv("NAPARI_UDT_MEMORY_MB", "0")
    source = stored(tmp_path / "x.h5", array, axes, **options)
    convert(source, tmp_path / "y.udt.h5", chunks=chunks)
    with h5py.File(tmp_path / "y.udt.h5") as file:
        assert file["cubes/0/data"].chunks == rechunk.chunk_shape(SHAPE, chunks)
    np.testing.assert_array_equal(open_cube(tmp_path / "y.udt.h5").data[:], array)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.h5", "y.udt.h5"]


lengths = st.integers(1, 40)
triples = st.tuples(lengths, lengths, lengths)


@settings(max_examples=60, deadline=None)
@given(shape=triples, piece=triples, chunk=triples, limit=st.integers(1, 100_000))
def test_blocks_cover_a_cube_once_in_whole_chunks(shape, piece, chunk, limit):
    chosen = plan(Layout(shape, piece, 4), chunk, limit=limit)
    seen = np.zeros(shape, int)
    for block in blocks(shape, chosen.block):
        seen[block] += 1
        for part, length, size in zip(block, shape, chunk, strict=True):
            assert part.start % size == 0 or part.start == 0
            assert part.stop % size == 0 or part.stop == length
    assert (seen == 1).all()
    smallest = np.prod(np.minimum(shape, chunk))
    assert 4 * np.prod(chosen.block) <= max(limit, 4 * smallest)
    assert chosen.effort >= 1


def test_everything_else_a_cube_knows_comes_along(tmp_path, array):
    path = tmp_path / "x.udt.h5"
    first = open_cube(stored(tmp_path / "plain.h5", array)).with_(
        labels=np.ones(SHAPE[:2], int), label_names={1: "skin"}, domain="real", pixel_size_mm=(1, 2)
    )
    save_cubes([first, first.with_(name="other")], path)
    convert(path, tmp_path / "y.h5", compress=True)
    one, other = open_cubes(tmp_path / "y.h5")
    assert (one.domain, one.label_names, one.pixel_size_mm) == ("real", {1: "skin"}, (1, 2))
    np.testing.assert_array_equal(one.labels, first.labels)
    assert other.name == "other"
    convert(path, tmp_path / "z.h5", candidate="other")
    assert [cube.name for cube in open_cubes(tmp_path / "z.h5")] == ["other"]


def test_what_cannot_be_leaves_everything_as_it_was(tmp_path, array, monkeypatch):
    source, there = stored(tmp_path / "x.h5", array), tmp_path / "there.h5"
    there.write_text("mine")
    for target, options, said in (
        (there, {}, "exists"),
        (source, {"overwrite": True}, "into itself"),
        (tmp_path / "y.h5", {"chunks": "row"}, "row"),
        (tmp_path / "y.npz", {"chunks": "band"}, "only HDF5 files have chunks"),
    ):
        with pytest.raises(CubeError, match=said):
            convert(source, target, **options)
    with pytest.raises(KeyboardInterrupt):
        convert(source, tmp_path / "y.h5", progress=_stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there.h5", "x.h5"]
    assert there.read_text() == "mine"


def _stop(done, total):
    if done:
        raise KeyboardInterrupt


def _limit_blocks(monkeypatch, limit):
    for function in (plan, rechunk.readable.__wrapped__):
        monkeypatch.setattr(function, "__kwdefaults__", {**function.__kwdefaults__, "limit": limit})


def test_a_copy_for_which_the_disk_has_no_room_is_not_begun(tmp_path, array, monkeypatch):
    source = stored(tmp_path / "x.h5", array, (2, 0, 1), chunks=(1, 90, 70), compression="gzip")
    _limit_blocks(monkeypatch, 30_000)
    monkeypatch.setenv("NAPARI_UDT_MEMORY_MB", "0")
    monkeypatch.setattr(rechunk.shutil, "disk_usage", lambda folder: type("U", (), {"free": 1000}))
    with pytest.raises(CubeError, match="make room"):
        convert(source, tmp_path / "y.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


def test_a_packed_cube_of_pictures_is_unpacked_once(tmp_path, monkeypatch):
    path, shape = tmp_path / "x.h5", (700, 700, 60)
    _limit_blocks(monkeypatch, 6_000_000)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", shape, np.float32, chunks=(700, 700, 1), compression=1)
        data[:, :, 7] = 7
        file["wavelengths"] = np.linspace(500, 1000, 60)
    cube, reads = open_cube(path, memory_limit_mb=0), []
    read = cube.data.source.read
    cube.data.source.read = lambda selection: reads.append(selection) or read(selection)
    with h5py.File(tmp_path / "y.h5", "w") as file:
        target = file.create_dataset("data", shape, np.float32, chunks=(32, 32, 10))
        rechunk.copy(cube, target, tmp_path)
        np.testing.assert_array_equal(target[3, 5], np.where(np.arange(60) == 7, 7, 0))
    bands = [selection[2] for selection in reads]
    assert sorted(itertools.chain(*(range(b.start, b.stop) for b in bands))) == list(range(60))


def test_layouts_know_what_is_dear(tmp_path, array):
    interleaved = open_cube(stored(tmp_path / "a.h5", array, chunks=(9, 7, 23)), memory_limit_mb=0)
    pictures = open_cube(
        stored(tmp_path / "b.h5", array, (2, 0, 1), chunks=(1, 90, 70), compression=1), memory_limit_mb=0
    )
    assert interleaved.data.layout == Layout(SHAPE, (9, 7, 23), 9 * 7 * 23 * 4, packed=False)
    assert pictures.data.layout == Layout(SHAPE, (90, 70, 1), 90 * 70 * 4, packed=True)
    assert pictures.data.layout.spectrum_seconds > 20 * pictures.data.layout.picture_seconds
    assert interleaved.data.layout.picture_seconds > 20 * interleaved.data.layout.spectrum_seconds
    assert page_pieces((480, 640, 100), 4) == (1, 10, 100)
    assert page_pieces((100, 480, 640), 4) == (1, 1, 640)


def test_the_command_converts_and_says_so(tmp_path, array, capsys):
    np.save(tmp_path / "x.npy", array)
    words = ["convert", str(tmp_path / "x.npy"), str(tmp_path / "y.udt.h5")]
    assert main([*words, "--wavelengths", "500-1000"]) == 2
    assert "say which axis is spectral" in capsys.readouterr().err
    assert main([*words, "--wavelengths", "500-1000", "--spectral-axis", "2", "--domain", "real"]) == 0
    assert "90 x 70 x 23" in capsys.readouterr().out
    cube = open_cube(tmp_path / "y.udt.h5")
    assert (cube.domain, cube.wavelengths_nm[-1]) == ("real", 1000)
    assert main([*words, "--wavelengths", "500-1000", "--spectral-axis", "2"]) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to other processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_conversion_that_is_ended_leaves_nothing(tmp_path, number):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", (3000, 3000, 100), np.float32)
        file["cube"][0, 0, 0] = 1  # 3.6 GB that the disk does not hold
        file["wavelengths"] = np.linspace(500, 1000, 100)
    words = [sys.executable, "-m", "napari_udt", "convert", str(tmp_path / "x.h5"), str(tmp_path / "y.h5")]
    running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not [p for p in tmp_path.glob(".y.h5.*") if p.stat().st_size]:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(number)
    assert "nothing half-written was left" in running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]
