"""PRISMA's two cubes, written after the product's specification."""

import h5py
import numpy as np
import pytest

from napari_udt.errors import CubeError
from napari_udt.io import list_candidates, open_cube

VNIR_NM, SWIR_NM = np.array([1010.0, 700, 500, 0]), np.array([2000.0, 1500, 1000, 920, 0])
COUNTS = np.random.default_rng(0).integers(1, 65535, (6, 9, 5)).astype(np.uint16)  # (rows, bands, columns)


def write(path, level="2D", cut=(), **attributes):
    with h5py.File(path, "w") as file:
        fields = file.create_group(f"HDFEOS/SWATHS/PRS_L{level}_HCO/Data Fields")
        for name, counts, nm in (("Vnir", COUNTS[:, :4], VNIR_NM), ("Swir", COUNTS[:, 4:], SWIR_NM)):
            fields.create_dataset(f"{name.upper()}_Cube", data=counts, chunks=(2, 2, 5))
            file.attrs[f"List_Cw_{name}"] = nm.astype(np.float32)
            file.attrs[f"List_Fwhm_{name}"] = np.where(nm > 0, 10, 0).astype(np.float32)
            file.attrs[f"List_Cw_{name}_Flags"] = (nm > 0).astype(np.int32)
        if level.startswith("2"):
            file.attrs.update({"L2ScaleVnirMin": 0.0, "L2ScaleVnirMax": 1.2})
            file.attrs.update({"L2ScaleSwirMin": 0.1, "L2ScaleSwirMax": 0.9})
        else:
            file.attrs.update({"ScaleFactor_Vnir": 100.0, "Offset_Vnir": 0.5, "ScaleFactor_Swir": 50.0})
        file.attrs["Processing_Level"] = np.bytes_(level)
        file.attrs.update(attributes)
        for name in cut:
            del file.attrs[name]
    return path


@pytest.mark.parametrize("limit", [None, 0])
def test_both_cubes_open_as_one(tmp_path, limit):
    cube = open_cube(write(tmp_path / "x.he5"), memory_limit_mb=limit)
    assert cube.is_lazy == (limit == 0)
    np.testing.assert_array_equal(cube.wavelengths_nm, [500, 700, 920, 1000, 1010, 1500, 2000])
    vnir = COUNTS[:, :4].transpose(0, 2, 1) / 65535 * 1.2
    swir = 0.1 + COUNTS[:, 4:].transpose(0, 2, 1) / 65535 * 0.8
    right = np.stack(
        [vnir[..., 2], vnir[..., 1], swir[..., 3], swir[..., 2], vnir[..., 0], swir[..., 1], swir[..., 0]], -1
    )
    np.testing.assert_allclose(cube.data[:], right, rtol=1e-6)
    np.testing.assert_allclose(cube.spectrum(3, 2), right[3, 2], rtol=1e-6)
    np.testing.assert_allclose(cube.image(1000), right[..., 3], rtol=1e-6)
    np.testing.assert_allclose(cube.data[1:4, 2, 1:6:2], right[1:4, 2, 1:6:2], rtol=1e-6)
    assert (cube.quantity, cube.modality, cube.domain) == ("reflectance", "HSI", "real")
    assert cube.metadata["fwhm_nm"] == [10] * 7
    assert "without a wavelength were left out (counted from 1): 4, 9" in cube.metadata["remarks"][0]
    assert "L2ScaleVnirMin" in cube.metadata["stored_values"]["stated_as"]


def test_each_alone_and_level_1(tmp_path):
    path = write(tmp_path / "x.he5", level="1")
    assert list_candidates(path) == ["VNIR and SWIR", "VNIR", "SWIR"]
    cube = open_cube(path, candidate="VNIR")
    np.testing.assert_allclose(cube.data[..., 0], COUNTS[:, 2] / 100 - 0.5, rtol=1e-5)
    assert cube.quantity == "radiance [W/(m² sr µm)]"
    np.testing.assert_allclose(open_cube(path, candidate="SWIR").data[..., -1], COUNTS[:, 4] / 50, rtol=1e-6)


def test_flagged_bands_are_bad_and_lists_that_do_not_fit_are_not_used(tmp_path):
    path = write(tmp_path / "x.he5", List_Cw_Vnir_Flags=[1, 0, 1, 0], List_Fwhm_Swir=[1.0, 2.0])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.wavelengths_nm[cube.bad_bands], [700])
    assert "fwhm_nm" not in cube.metadata
    path = write(tmp_path / "y.he5", List_Cw_Vnir=[1.0, 2.0])
    assert list_candidates(path) == ["SWIR"]
    assert open_cube(path, wavelengths_nm=[500, 600, 700, 800]).shape == (6, 5, 4)
    with pytest.raises(CubeError, match=r"VNIR_Cube \(6, 4, 5\), SWIR_Cube \(6, 5, 5\), but no wavelengths"):
        open_cube(write(tmp_path / "z.he5", cut=["List_Cw_Vnir", "List_Cw_Swir"]))
