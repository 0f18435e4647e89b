"""Files that need a package which is not installed: the sentence names it, and no file counts as damaged."""

import h5py
import hdf5plugin
import numpy as np
import pytest
import tifffile

from napari_udt.errors import CubeError
from napari_udt.io import open_cube
from napari_udt.io.contract import reading

PICTURES = np.random.default_rng(0).random((4, 16, 20)).astype(np.float32)
METADATA = {"wavelengths_nm": [500, 600, 700, 800]}


def packed_hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", data=np.moveaxis(PICTURES, 0, 2), **hdf5plugin.Zstd())
        file["wavelengths"] = METADATA["wavelengths_nm"]


def test_hdf5_packed_with_a_filter_of_the_plugins(tmp_path):
    packed_hdf5(tmp_path / "zstd.h5")
    cube = open_cube(tmp_path / "zstd.h5")
    np.testing.assert_array_equal(cube.spectrum(3, 5), PICTURES[:, 3, 5])


def test_a_missing_filter_is_named(tmp_path, monkeypatch):
    packed_hdf5(tmp_path / "zstd.h5")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: code != hdf5plugin.Zstd.filter_id)
    with pytest.raises(CubeError, match=r"HDF5 filter 32015.*pip install napari-udt\[formats\]") as refused:
        open_cube(tmp_path / "zstd.h5")
    assert "damaged" not in str(refused.value)


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'compression'", name="compression"),
        ValueError("<COMPRESSION.ZSTD: 50000> requires the 'imagecodecs' package"),
    ],
    ids=["import", "value"],
)
def test_a_missing_decoder_of_tiffs_is_named(tmp_path, monkeypatch, error):
    path = tmp_path / "packed.tif"
    tifffile.imwrite(path, PICTURES, compression="zstd", photometric="minisblack", metadata=METADATA)
    np.testing.assert_array_equal(open_cube(path).spectrum(3, 5), PICTURES[:, 3, 5])

    def fail(page, *args, **kwargs):
        raise error

    monkeypatch.setattr(tifffile.TiffPage, "asarray", fail)
    with pytest.raises(CubeError, match=r"packed with ZSTD.*pip install napari-udt\[formats\]"):
        open_cube(path).spectrum(3, 5)


def test_any_other_missing_package_is_named(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"0")
    with (
        pytest.raises(CubeError, match=r"file\.bin: reading it needs the Python package nowhere"),
        reading(path),
    ):
        import nowhere  # noqa: F401
