import builtins
import os
import pickle

import blosc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube

NAME = "P041#2019_12_14_12_00_16.blosc"


def packed(array):
    return blosc.compress(np.ascontiguousarray(array).tobytes(), typesize=array.dtype.itemsize, cname="zstd")


def save_one(path, array, protocol=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps((array.shape, array.dtype), protocol) + packed(array))
    return path


def save_several(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {name: packed(array) for name, array in arrays.items()}
    header = {name: (array.shape, array.dtype, len(data[name])) for name, array in arrays.items()}
    path.write_bytes(pickle.dumps(header) + b"".join(data.values()))
    return path


@pytest.fixture
def spectra():
    return np.random.default_rng(0).random((6, 5, 100)).astype(np.float16)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "u1"])
def test_one_array(tmp_path, spectra, protocol, kind):
    array = (spectra * 100).astype(kind)
    path = save_one(tmp_path / "L1" / NAME, array, protocol)
    assert is_readable(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.data, array.astype(np.float32))
    assert (cube.domain, cube.quantity) == ("real", "L1-normalised reflectance")
    assert cube.wavelengths_nm[[0, -1]].tolist() == [500, 1000]


def test_several_arrays_are_candidates(tmp_path, spectra):
    path = save_several(
        tmp_path / NAME, {"other": spectra[:, :, :4], "raw": spectra, "mask": spectra[:, :, 0]}
    )
    assert list_candidates(path) == ["raw", "other"]
    np.testing.assert_array_equal(open_cube(path).data, spectra.astype(np.float32))


def test_segmentation_and_names_come_from_the_data_set(tmp_path, spectra):
    rng = np.random.default_rng(1)
    masks = {f"polygon#annotator{i}": rng.integers(0, 3, (6, 5)).astype(np.uint8) for i in (2, 1)}
    save_several(tmp_path / "intermediates" / "segmentations" / NAME, masks)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dataset_settings.json").write_text('{"label_mapping": {"liver": 1, "spleen": 2}}')
    cube = open_cube(save_one(tmp_path / "intermediates" / "preprocessing" / "L1" / NAME, spectra))
    np.testing.assert_array_equal(cube.labels, masks["polygon#annotator1"])
    assert cube.label_names == {1: "liver", 2: "spleen"}
    assert cube.metadata["annotation"] == "polygon#annotator1"


def test_a_segmentation_that_does_not_fit_is_left_out(tmp_path, spectra):
    path = save_one(tmp_path / "intermediates" / "preprocessing" / "L1" / NAME, spectra)
    beside = tmp_path / "intermediates" / "segmentations" / NAME
    save_several(beside, {"a": np.zeros((3, 3), np.uint8)})
    assert "no segmentation of 6 x 5 pixels" in open_cube(path).metadata["remarks"][0]
    save_several(beside, {"a": np.full((6, 5), 0.5)})
    assert "holds fractions" in open_cube(path).metadata["remarks"][0]
    beside.write_bytes(b"\x80 no header")
    cube = open_cube(path)
    assert cube.labels is None
    assert cube.metadata["remarks"][0].startswith(f"Labels left out: segmentations/{NAME}: the ")


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


class Getattr:
    def __reduce__(self):
        return getattr, ("text", "upper")


@pytest.mark.parametrize(
    "header",
    [
        Evil(),
        Getattr(),
        ((6, 5, 100), Evil()),
        np.ones(3),
        [1, 2],
        ((6, 5, 100), np.dtype("O")),
        {1, 2},
        1.5,
        b"x",
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_but_shapes_and_types_is_admitted(tmp_path, monkeypatch, header, protocol):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(pickle.dumps(header, protocol) + bytes(100))
    with pytest.raises(CubeError, match=NAME):
        open_cube(path)
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


def test_a_header_that_asks_for_terabytes_of_memo_is_refused_at_once(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(b"\x80\x02K\x01r\xff\xff\xff\x7f.")
    with pytest.raises(CubeError):
        open_cube(path)


@pytest.mark.parametrize("shape", [(2**40, 5, 100), (60000, 60000, 100), (6, 5, -100), (6, 0, 100)])
def test_a_shape_that_is_not_there(tmp_path, spectra, shape, refusal):
    path = tmp_path / NAME
    path.write_bytes(pickle.dumps((shape, spectra.dtype)) + packed(spectra))
    refusal(path)


def test_cut_and_changed_numbers(tmp_path, spectra, refusal):
    path = save_one(tmp_path / NAME, spectra)
    good = path.read_bytes()
    path.write_bytes(good[:-1])
    assert "damaged or cut short" in refusal(path)
    path.write_bytes(good[:20])
    refusal(path)


def test_without_blosc_one_sentence_says_what_to_install(tmp_path, spectra, refusal, monkeypatch):
    path = save_one(tmp_path / NAME, spectra)
    true_import = builtins.__import__

    def without_blosc(name, *rest, **more):
        if name == "blosc":
            raise ImportError(name)
        return true_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_blosc)
    assert "pip install napari-udt[formats]" in refusal(path)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
def test_whatever_the_header_only_a_cube_error_comes_out(tmp_path, bytes_):
    path = tmp_path / NAME
    path.write_bytes(b"\x80" + bytes_)
    with pytest.raises(CubeError):
        open_cube(path)
