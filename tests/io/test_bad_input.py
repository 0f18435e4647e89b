"""Whatever is wrong with a file, one sentence that names it comes out, soon and without taking memory."""

import io
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.files.hdf5_strings import heaps_are_sound
from napari_udt.io import is_damaged, is_readable, list_candidates, open_cube, open_cubes, save_cube

WAVELENGTHS = np.array([500.0, 600, 700, 800])


def refused(path, **options) -> str:
    """Return the one sentence that a file gets from every way of opening it."""
    with pytest.raises(CubeError) as one:
        open_cube(path, **options)
    if not options:
        with pytest.raises(CubeError):
            open_cubes(path)
    sentence = str(one.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def good_file(path, **changes):
    cube = SpectralCube(np.random.default_rng(0).random((6, 5, 4)), WAVELENGTHS, "HSI", **changes)
    save_cube(cube, path)
    return path


def plain(path, cube, wavelengths=WAVELENGTHS):
    with h5py.File(path, "w") as file:
        file["cube"] = cube
        file["wavelengths"] = wavelengths
    return path


def test_an_empty_file(tmp_path):
    (tmp_path / "x.h5").touch()
    assert (
        "the file is empty, not a spectral cube that napari-udt knows; `napari-udt info --formats`"
        in refused(tmp_path / "x.h5")
    )
    assert is_damaged(tmp_path / "x.h5")


def test_text_under_the_name_of_hdf5(tmp_path):
    (tmp_path / "x.h5").write_text("Dear colleague,\nhere are the data.", "utf-8")
    assert "the file is text ('Dear colleague,'...), not HDF5 as its name says" in refused(tmp_path / "x.h5")
    assert not is_readable(tmp_path / "x.h5")
    assert is_damaged(tmp_path / "x.h5")


def test_a_missing_file_and_a_folder(tmp_path):
    assert "there is no such file" in refused(tmp_path / "x.h5")
    (tmp_path / "y.h5").mkdir()
    assert "this is a folder" in refused(tmp_path / "y.h5")
    assert not is_damaged(tmp_path / "y.h5")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = good_file(tmp_path / "x.h5")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(h5py, "File", refuse)
    assert "cannot be read (Permission denied)" in refused(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_file_that_is_cut_short(tmp_path, kept):
    whole = good_file(tmp_path / "whole.h5").read_bytes()
    (tmp_path / "x.h5").write_bytes(whole[: int(len(whole) * kept)])
    assert f"cut short: {int(len(whole) * kept):,} bytes of {len(whole):,}" in refused(tmp_path / "x.h5")
    assert is_damaged(tmp_path / "x.h5")
    assert not is_readable(tmp_path / "x.h5")


def test_noise(tmp_path):
    (tmp_path / "x.h5").write_bytes(np.random.default_rng(0).bytes(5000))
    assert "of an unknown kind, not HDF5" in refused(tmp_path / "x.h5")
    (tmp_path / "x.tiff").write_bytes(b"II*\0" + bytes(100))
    refused(tmp_path / "x.tiff")
    assert not is_damaged(tmp_path / "x.tiff")  # another program's file


def test_a_good_file_is_not_damaged_and_a_foreign_one_neither(tmp_path):
    assert not is_damaged(good_file(tmp_path / "x.h5"))
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["table"] = [1, 2]
    assert not is_damaged(tmp_path / "y.h5")


def test_duplicate_wavelengths(tmp_path):
    path = plain(tmp_path / "x.h5", np.ones((6, 5, 4)), [500, 600, 600, 700])
    assert "averaged: 600 nm" in open_cube(path).metadata["remarks"][0]
    own = good_file(tmp_path / "y.h5")
    with h5py.File(own, "r+") as file:
        file["cubes/0/wavelengths_nm"][1] = file["cubes/0/wavelengths_nm"][0]
    assert "occurs more than once" in refused(own)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -500.0, 0.0])
def test_wavelengths_that_are_none(tmp_path, bad):
    path = good_file(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["cubes/0/wavelengths_nm"][1] = bad
    assert "not positive numbers in nm" in refused(path)


def test_empty_axes(tmp_path):
    path = good_file(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["cubes/0/data"]
        file["cubes/0/data"] = np.ones((0, 5, 4))
    assert "/cubes/0/data is empty (shape (0, 5, 4))" in refused(path)
    np.save(tmp_path / "x.npy", np.ones((0, 5, 4)))
    assert "empty axis (shape (0, 5, 4))" in refused(tmp_path / "x.npy", wavelengths_nm=WAVELENGTHS)


@pytest.mark.parametrize(
    "values", [np.full((6, 5, 4), b"text"), np.ones((6, 5, 4), complex), np.ones((6, 5, 4), "f4,f4")]
)
def test_values_that_are_not_numbers(tmp_path, values):
    path = good_file(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["cubes/0/data"]
        file["cubes/0/data"] = values
    assert "expected real numbers" in refused(path)
    np.save(tmp_path / "x.npy", values)
    assert "expected real numbers" in refused(tmp_path / "x.npy", wavelengths_nm=WAVELENGTHS)


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    np.save(tmp_path / "x.npy", np.array([[[Bomb()]]], object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", reconstruction=np.array([[[Bomb()]]], object))
    refused(tmp_path / "x.npy", wavelengths_nm=[500])
    refused(tmp_path / "x.npz", wavelengths_nm=[500])
    assert not (tmp_path / "exploded").exists()


def test_not_finite_values_are_kept_and_counted(tmp_path):
    values = np.ones((6, 5, 4))
    values[0, 0, 0], values[1, 1, 1], values[2, 2, 2] = np.nan, np.inf, 1e300
    cube = open_cube(plain(tmp_path / "x.h5", values))
    assert cube.metadata["non_finite"] == 3
    assert np.isnan(cube.data[0, 0, 0])
    assert np.isinf(cube.data[1, 1, 1])


def test_an_external_link_is_not_followed(tmp_path):
    good_file(tmp_path / "secret.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"] = h5py.ExternalLink("secret.h5", "/cubes/0/data")
        file["wavelengths"] = WAVELENGTHS
    assert not is_readable(tmp_path / "x.h5")
    refused(tmp_path / "x.h5")
    path = good_file(tmp_path / "y.h5")
    with h5py.File(path, "r+") as file:
        del file["cubes/0/data"]
        file["cubes/0/data"] = h5py.ExternalLink("secret.h5", "/cubes/0/data")
    assert "holds no data" in refused(path)


def test_numbers_that_lie_in_other_files_are_not_read(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(6 * 5 * 4 * 4))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", (6, 5, 4), "f4", external=[("secret.bin", 0, 480)])
        file["wavelengths"] = WAVELENGTHS
    assert "other files" in refused(tmp_path / "x.h5")
    layout = h5py.VirtualLayout((6, 5, 4), "f4")
    layout[:] = h5py.VirtualSource(str(good_file(tmp_path / "secret.h5")), "cubes/0/data", (6, 5, 4))
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file.create_virtual_dataset("cube", layout)
        file["wavelengths"] = WAVELENGTHS
    assert "other files" in refused(tmp_path / "y.h5")


def test_links_in_a_circle_end(tmp_path):
    path = plain(tmp_path / "x.h5", np.ones((6, 5, 4)))
    with h5py.File(path, "r+") as file:
        file["a/b/up"] = file["/"]
        file["a/again"] = file["a"]
        file["a/soft"] = h5py.SoftLink("/a/soft")
        file["a/gone"] = h5py.SoftLink("/nowhere")
        file["a/cube too"] = h5py.SoftLink("/cube")
    assert list_candidates(path) == ["/cube"]
    assert open_cube(path).shape == (6, 5, 4)


def test_a_huge_declared_shape_takes_no_memory(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", (10**6, 10**6, 4), "f4", chunks=(64, 64, 4))
        file["wavelengths"] = WAVELENGTHS
    assert open_cube(tmp_path / "x.h5").is_lazy
    path = good_file(tmp_path / "y.h5")
    with h5py.File(path, "r+") as file:
        file["cubes/0"].create_dataset("labels", (10**5, 10**5), "i4", chunks=(64, 64))
    (remark,) = open_cube(path).metadata["remarks"]
    assert "/cubes/0/labels has shape (100000, 100000); expected " in remark


def test_a_huge_declared_number_of_images_or_planes_is_not_listed(tmp_path):
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.attrs.update(format="napari-udt dataset", version=1, modality="PAT")
        file.create_dataset("images", (10**12, 4, 3, 3), "f4", chunks=(1, 4, 3, 3))
        file["wavelengths_nm"] = WAVELENGTHS
    assert len(list_candidates(tmp_path / "set.h5")) == 10_000
    with h5py.File(tmp_path / "simpa.hdf5", "w") as file:
        file.create_dataset("simulations/reconstructed_data/700", (3, 10**12, 3), "f4", chunks=(3, 1, 3))
    assert list_candidates(tmp_path / "simpa.hdf5") == ["reconstructed_data"]
    assert open_cube(tmp_path / "simpa.hdf5").shape == (3, 3, 1)


def test_chunks_that_would_fill_the_memory_are_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", (20_000, 20_000, 4), "f4", chunks=(20_000, 20_000, 1), compression="gzip")
        file["wavelengths"] = WAVELENGTHS
    assert "chunks of (20000, 20000, 1)" in refused(tmp_path / "x.h5")


def test_a_small_file_that_unpacks_to_much_stays_in_the_file(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("cube", (5000, 5000, 4), "f4", chunks=(500, 500, 4), fillvalue=1)
        file["wavelengths"] = WAVELENGTHS
    cube = open_cube(tmp_path / "x.h5")  # 400 MB, below the limit, but the file holds nothing of it
    assert cube.is_lazy
    assert cube.spectrum(4999, 4999)[3] == 1


def test_an_array_header_that_lies(tmp_path):
    def npy(shape):
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return stream.getvalue() + bytes(480)

    (tmp_path / "x.npy").write_bytes(npy((10**6, 10**6, 4)))
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("reconstruction.npy", npy((16, 10**6, 10**6)))
    tracemalloc.start()
    assert "16000000000000 bytes but the file holds 480" in refused(
        tmp_path / "x.npy", wavelengths_nm=WAVELENGTHS
    )
    assert "but holds 480 bytes" in refused(tmp_path / "x.npz")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_zip_bomb_stops_at_the_limit(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", reconstruction=np.zeros((16, 500, 500), np.float32))
    assert (tmp_path / "x.npz").stat().st_size < 100_000
    assert "takes 16 MB, more than the limit of 1 MB" in refused(tmp_path / "x.npz", memory_limit_mb=1)


def test_an_encrypted_archive(tmp_path):
    np.savez(tmp_path / "x.npz", reconstruction=np.zeros((16, 4, 4)))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[6] |= 1  # the "encrypted" flag of the local and the central header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.npz").write_bytes(data)
    assert "encrypted" in refused(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("domain", "martian", "domain 'martian' is unknown"), ("modality", "MRI", "modality 'MRI' is unknown")],
)
def test_unknown_words(tmp_path, name, value, words):
    path = good_file(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["cubes/0"].attrs[name] = np.bytes_(value)
    assert words in refused(path)
    with pytest.raises(CubeError, match=f"{name}='{value}' is unknown"):
        open_cube(path, **{name: value})


@pytest.mark.parametrize("json", ["[1, 2]", "{broken", '{"x": 1}'])
def test_label_names_that_are_none(tmp_path, json):
    path = good_file(tmp_path / "x.h5", labels=np.zeros((6, 5), int))
    with h5py.File(path, "r+") as file:
        del file["cubes/0/label_names"]
        file["cubes/0/label_names"] = np.bytes_(json)
    cube = open_cube(path)
    assert cube.label_names == {}
    assert "Names of labels left out" in cube.metadata["remarks"][0]


def test_a_damaged_heap_of_strings_is_not_walked(tmp_path):
    """HDF5 2.0 walks this one for ever."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["format"] = "napari-udt cube"
    assert heaps_are_sound(tmp_path / "x.h5")
    data = bytearray((tmp_path / "x.h5").read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 24 : heap + 32] = (2**64 - 16).to_bytes(8, "little")
    (tmp_path / "x.h5").write_bytes(data)
    assert not heaps_are_sound(tmp_path / "x.h5")
    assert not is_readable(tmp_path / "x.h5")


def test_a_damaged_lazy_cube_names_its_file_when_it_is_read(tmp_path):
    cube = SpectralCube(np.random.default_rng(0).random((64, 64, 4)), WAVELENGTHS, "HSI")
    save_cube(cube, tmp_path / "x.h5", compress=True)
    lazy = open_cube(tmp_path / "x.h5", memory_limit_mb=0)
    data = bytearray((tmp_path / "x.h5").read_bytes())
    data[-9000:-100] = bytes(8900)
    (tmp_path / "x.h5").write_bytes(data)
    with pytest.raises(CubeError, match=r"x\.h5"):
        lazy.data[:]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    wavelengths=st.lists(st.floats(300, 2000), min_size=1, max_size=5),
    chosen=st.none() | st.integers(-4, 4),
)
def test_any_array_with_any_wavelengths_opens_or_is_refused_by_name(tmp_path, shape, wavelengths, chosen):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    path = plain(tmp_path / "x.h5", values, np.array(wavelengths))
    fitting = [axis for axis in range(3) if shape[axis] == len(wavelengths)]
    axis = fitting[0] if chosen is None and len(fitting) == 1 else chosen
    fits = axis in range(-3, 3) and shape[axis] == len(wavelengths)
    if not fits:
        refused(path, spectral_axis=chosen)
        return
    cube = open_cube(path, spectral_axis=axis)
    np.testing.assert_array_equal(cube.wavelengths_nm, np.unique(wavelengths))
    for channel, wavelength in enumerate(cube.wavelengths_nm):
        same = values.take(
            np.flatnonzero(np.equal(wavelengths, wavelength)), axis
        )  # repeated ones are averaged
        np.testing.assert_allclose(cube.data[:, :, channel], same.mean(axis=axis), rtol=1e-6)
