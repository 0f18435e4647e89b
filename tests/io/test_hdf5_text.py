"""Strings in HDF5 files: those of old and large files are read, damaged heaps of them are not walked."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from napari_udt.dataset import FORMAT, VERSION, Dataset, load_dataset, save_dataset
from napari_udt.errors import CubeError
from napari_udt.files import hdf5_strings
from napari_udt.files.hdf5_strings import heaps_are_sound
from napari_udt.io import hdf5_text, open_cube

GCOL = np.frombuffer(b"GCOL" * 100, np.float32)
HEAP_LIKE = [b"GCOL", b"GCOL" + bytes(60), b"GCOL\x01" + bytes(59), b"GCOL\x01\0\0\0" + b"\xff" * 56]


def spectra():
    return np.resize(GCOL, (10, 4)).astype(np.float32)


def old_data_set(path, *, libver="earliest", attributes=0):
    """Write a data set as earlier versions did: with strings of variable length."""
    with h5py.File(path, "w", libver=libver) as file:
        for number in range(attributes):
            file.attrs[f"more {number}"] = "text" * 50
        file.attrs.update(
            format=FORMAT,
            version=VERSION,
            modality="HSI",
            domain="simulated",
            origin="simulated",
            seed=1,
            generator=json.dumps({"name": "test", "note": "x" * 5000}),
            class_names=["liver", "skin"],
        )
        file["wavelengths_nm"] = np.array([500.0, 600.0, 700.0, 800.0])
        file["spectra"] = spectra()
        file["labels"] = np.zeros(10, np.int16)
    return path


def test_new_data_sets_hold_strings_of_fixed_length_only(tmp_path):
    dataset = Dataset(
        spectra(),
        np.zeros(10, np.int16),
        np.array([500.0, 600.0, 700.0, 800.0]),
        ("liver", "Größe"),
        "HSI",
        "simulated",
        "",
        1,
    )
    save_dataset(dataset, tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert all(file.attrs.get_id(name).dtype.kind != "O" for name in file.attrs)
    read = load_dataset(tmp_path / "a.h5")
    assert (read.class_names, read.origin, read.modality) == (("liver", "Größe"), "", "HSI")
    assert open_cube(tmp_path / "a.h5").label_names[1] == "Größe"


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("attributes", [0, 30])
@pytest.mark.parametrize("libver", ["earliest", "v110"])
def test_old_data_sets_open_whatever_their_size_and_numbers(tmp_path, monkeypatch, libver, attributes, large):
    path = old_data_set(
        tmp_path / "a.h5", libver=libver, attributes=attributes if libver == "earliest" else 0
    )
    if large:
        monkeypatch.setattr(hdf5_strings, "_MAX_SEARCHED_BYTES", 0)
    np.testing.assert_array_equal(load_dataset(path).samples, spectra())
    cube = open_cube(path)
    assert cube.origin == "simulated"
    assert cube.label_names == {-1: "unknown", 0: "liver", 1: "skin"}


@pytest.mark.parametrize("numbers", HEAP_LIKE)
def test_numbers_that_look_like_a_heap_do_not_matter(tmp_path, numbers):
    path = old_data_set(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["more"] = np.frombuffer(numbers * 64, np.uint8)
    assert heaps_are_sound(path)
    assert load_dataset(path).origin == "simulated"


@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_heap_is_not_walked_in_files_of_any_size(tmp_path, monkeypatch, large):
    path = old_data_set(tmp_path / "a.h5")
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL\x01")
    data[heap + 24 : heap + 32] = (2**64 - 16).to_bytes(8, "little")
    path.write_bytes(data)
    if large:
        monkeypatch.setattr(hdf5_strings, "_MAX_SEARCHED_BYTES", 0)
    with pytest.raises(CubeError):
        load_dataset(path)


def test_a_string_in_a_dataset_of_a_large_file_is_read(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["text"] = "hello"
    monkeypatch.setattr(hdf5_strings, "_MAX_SEARCHED_BYTES", 0)
    with h5py.File(tmp_path / "a.h5") as file:
        assert hdf5_text.in_dataset(file, "text", tmp_path / "a.h5") == "hello"
