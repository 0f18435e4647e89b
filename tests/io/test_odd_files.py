"""Files that would hang a reader or fill memory: pipes, circles, and counts that nobody needs."""

from __future__ import annotations

import os
import socket
import struct
import types
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from napari_udt.cube import SpectralCube
from napari_udt.dataset import load_dataset
from napari_udt.errors import CubeError, ModelError, SessionError, TrainingError
from napari_udt.files.reading import open_regular, read_text
from napari_udt.io import is_damaged, is_readable, list_candidates, open_cube, save_cube
from napari_udt.io.generic import numpy_files, own, tiff
from napari_udt.io.generic.tiff_directories import check_directories
from napari_udt.models.checkpoint import read_state_dict
from napari_udt.models.store import read_spec
from napari_udt.training.config import load_config
from napari_udt.viewer.files.session_record import read_record

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
ENDINGS = (
    "h5",
    "hdf5",
    "npz",
    "npy",
    "tif",
    "hdr",
    "img",
    "mat",
    "nrrd",
    "csv",
    "blosc",
    "msot",
    "bin",
    "dat",
)


@needs_pipes
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, ending):
    path = tmp_path / f"cube.{ending}"
    os.mkfifo(path)
    assert not is_readable(path)
    assert not is_damaged(path)
    with pytest.raises(CubeError, match="pipe, socket or device"):
        open_cube(path)


@needs_pipes
def test_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("cube.h5")
        for path in (tmp_path / "cube.h5", "/dev/zero"):
            with pytest.raises(CubeError, match="pipe, socket or device"):
                open_cube(path)


@needs_pipes
@pytest.mark.parametrize("name", ["x_SpecCube.dat", "raw.hdr", "gt.hdr"])
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert not is_readable(tmp_path)
    with pytest.raises(CubeError):
        open_cube(tmp_path)


@needs_pipes
def test_pipes_in_place_of_other_files(tmp_path):
    for name in (
        "model.json",
        "CARD.md",
        "weights.safetensors",
        "set.h5",
        "a.udt-session.json",
        "t.toml",
        "x.ckpt",
    ):
        os.mkfifo(tmp_path / name)
    for error, read in (
        (ModelError, lambda: read_spec(tmp_path)),
        (ModelError, lambda: read_state_dict(tmp_path / "x.ckpt")),
        (CubeError, lambda: load_dataset(tmp_path / "set.h5")),
        (SessionError, lambda: read_record(tmp_path / "a.udt-session.json")),
        (TrainingError, lambda: load_config(tmp_path / "t.toml")),
    ):
        with pytest.raises(error, match="pipe, socket or device"):
            read()


def test_text_is_limited_and_of_ordinary_files(tmp_path):
    (tmp_path / "a").write_text("long")
    with pytest.raises(OSError, match="4 bytes; expected at most 3"):
        read_text(tmp_path / "a", 3)
    assert read_text(tmp_path / "a", 4) == "long"
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "b")


def directories(path, nexts, order="<", big=False):
    """Write a TIFF of empty directories; ``nexts`` are the numbers of those that follow, None where none does."""
    head, length = (16, 16) if big else (8, 6)
    count, offset = ("Q", "Q") if big else ("H", "I")
    data = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    data += struct.pack(order + ("HHQ" if big else "I"), *((8, 0, head) if big else (head,)))
    for following in nexts:
        at = 0 if following is None else head + length * following
        data += struct.pack(order + count, 0) + struct.pack(order + offset, at)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("nexts", [[0], [1, 2, 0], [1, 2, 1]])
def test_circular_directories_are_refused(tmp_path, nexts, big, order):
    path = directories(tmp_path / "a.tif", nexts, order, big)
    with pytest.raises(CubeError, match="form a circle"):
        check_directories(path)
    with pytest.raises(CubeError, match="form a circle"):
        open_cube(path)


def test_directories_in_a_row_pass_up_to_a_limit(tmp_path):
    check_directories(directories(tmp_path / "a.tif", [1, 2, None]))
    check_directories(directories(tmp_path / "b.tif", [1, 2, 100]))  # cut short: the library says so
    with pytest.raises(CubeError, match="more than 20,000 pages"):
        check_directories(directories(tmp_path / "c.tif", [*range(1, 20_002), None]))


def test_many_arrays_in_an_archive_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(numpy_files.MAX_MEMBERS + 1):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(CubeError, match="1,001 arrays"):
        open_cube(tmp_path / "a.npz")


def test_many_cubes_in_a_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "MAX_CUBES", 2)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["format"], file.attrs["version"] = np.bytes_(own.FORMAT), own.VERSION
        for number in range(3):
            file.create_group(f"cubes/{number}")
    with pytest.raises(CubeError, match="3 cubes; expected at most 2"):
        list_candidates(tmp_path / "a.h5")


def test_a_large_pickle_is_refused_before_it_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ckpt", "w") as archive:
        archive.writestr("a/data.pkl", bytes(2_000_001))
    with pytest.raises(ModelError, match="its pickle has 2,000,001 bytes"):
        read_state_dict(tmp_path / "a.ckpt")


@pytest.mark.parametrize("name", ["labels", "oxygenation", "wavelengths_nm"])
def test_another_shape_than_the_cubes_is_found_before_it_is_unpacked(tmp_path, name):
    path = tmp_path / "a.h5"
    save_cube(SpectralCube(np.ones((2, 3, 2), np.float32), [700.0, 800.0], "PAT"), path)
    with h5py.File(path, "a") as file:
        if name in file["cubes/0"]:
            del file[f"cubes/0/{name}"]
        file.create_dataset(f"cubes/0/{name}", data=np.zeros((50, 60), np.int8), compression="gzip")
    if name == "wavelengths_nm":
        with pytest.raises(CubeError, match=rf"{name} has shape \(50, 60\); expected"):
            open_cube(path)
    else:
        assert f"{name} has shape (50, 60); expected" in open_cube(path).metadata["remarks"][0]


def test_other_pictures_of_a_data_set_are_left_out_before_they_are_unpacked(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["format"], file.attrs["modality"] = np.bytes_("napari-udt dataset"), np.bytes_("PAT")
        file.attrs["version"] = 1
        file["wavelengths_nm"] = [700.0, 800.0]
        file["images"] = np.ones((1, 2, 3, 4), np.float32)
        file.create_dataset("labels", data=np.zeros((1, 300, 400), np.int8), compression="gzip")
    (remark,) = open_cube(tmp_path / "a.h5").metadata["remarks"]
    assert "labels has shape (1, 300, 400); expected (1, 3, 4)" in remark


def test_a_packed_chunk_longer_than_its_numbers_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    save_cube(SpectralCube(np.ones((10, 6, 2), np.float32), [700.0, 800.0], "PAT"), path)
    with h5py.File(path, "a") as file:
        del file["cubes/0/data"]
        data = file.create_dataset("cubes/0/data", (10, 6, 2), "f4", chunks=(10, 6, 2), compression="gzip")
        data.id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(10_000_000)))
    with pytest.raises(CubeError, match=r"packed chunk of .* bytes for 480 bytes of numbers"):
        open_cube(path)


def test_a_chunk_that_unpacks_to_more_than_its_numbers_is_refused(tmp_path):
    """70 kB of zeros packed are 70 MB; HDF5 unpacks all of them, though the chunk has 0.5 MB of numbers."""
    path = tmp_path / "a.h5"
    packed = zlib.compress(bytes(70_000_000), 9)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", (400, 100, 3), "f4", chunks=(400, 100, 3), compression="gzip")
        data.id.write_direct_chunk((0, 0, 0), packed)
        file["wavelengths"] = [500.0, 600, 700]
    with pytest.raises(CubeError, match="unpacks to more than its 480,000 bytes of numbers"):
        open_cube(path)


def test_a_long_chunk_of_its_own_numbers_is_read(tmp_path):
    values = np.random.default_rng(0).integers(0, 900, (200, 300, 3)).astype(np.float32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("cube", data=values, chunks=values.shape, compression="gzip", shuffle=True)
        file["wavelengths"] = [500.0, 600, 700]
        assert file["cube"].id.get_storage_size() > 65_536
    np.testing.assert_array_equal(open_cube(tmp_path / "a.h5").data, values)


@pytest.mark.parametrize(
    "how", [{"fletcher32": True}, {"shuffle": True}, {"compression": "gzip", "fletcher32": True}]
)
def test_a_packed_chunk_too_short_for_its_filters_is_refused(tmp_path, how):
    """HDF5 2.0 ends the program at some of these."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", data=np.ones((4, 5, 3)), chunks=(2, 5, 3), **how)
        file["wavelengths"] = [500.0, 600, 700]
    np.testing.assert_array_equal(open_cube(path).data, 1)
    with h5py.File(path, "a") as file:
        file["cube"].id.write_direct_chunk((0, 0, 0), b"abc")
    with pytest.raises(CubeError, match="a packed chunk of 3 bytes for 240 bytes of numbers; it is damaged"):
        open_cube(path)


def test_text_in_a_virtual_dataset_of_no_axes_is_not_read(tmp_path):
    """HDF5 2.0 ends the program when it reads one."""
    path = tmp_path / "a.h5"
    save_cube(SpectralCube(np.ones((2, 3, 2), np.float32), [700.0, 800.0], "PAT"), path)
    with h5py.File(path, "a") as file:
        group = file["cubes/0"]
        layout = h5py.VirtualLayout((), group["metadata"].dtype)
        layout[...] = h5py.VirtualSource("a.h5", "cubes/0/metadata", ())
        del group["metadata"]
        group.create_virtual_dataset("metadata", layout)
    np.testing.assert_array_equal(open_cube(path).data, 1)


def test_a_packed_page_longer_than_its_numbers_is_refused(tmp_path):
    page = types.SimpleNamespace(databytecounts=(2_000_000,), dtype=np.dtype("f4"))
    with pytest.raises(CubeError, match="a page declares 48 bytes"):
        tiff._page(page, (3, 4), tmp_path / "a.tif")
