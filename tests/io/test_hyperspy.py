"""HyperSpy files that its own file library wrote."""

import numpy as np
import pytest
from rsciio.hspy import file_writer

from napari_udt import open_cube
from napari_udt.errors import MissingMetadata
from napari_udt.io.lazy import LazyCube

VALUES = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
NM = np.array([500.0, 510, 520, 540, 560, 600])


def _axis(place, name, units, navigate, **scale):
    size = VALUES.shape[place]
    kind = "DataAxis" if "axis" in scale else "UniformDataAxis"
    return {
        "name": name, "units": units, "navigate": navigate, "size": size, "_type": kind,
        "index_in_array": place, "is_binned": False, **scale,
    }  # fmt: skip


def _write(path, spectral, unit="mm"):
    axes = [
        _axis(0, "y", unit, True, scale=0.5, offset=0.0),
        _axis(1, "x", unit, True, scale=0.25, offset=0.0),
    ]
    file_writer(
        str(path),
        {
            "data": VALUES,
            "axes": [*axes, spectral],
            "metadata": {"General": {"title": "liver"}, "Signal": {"signal_type": ""}},
            "original_metadata": {},
            "attributes": {"_lazy": False},
            "package_info": {"package": "hyperspy", "package_version": "2.0"},
            "learning_results": {},
            "models": {},
            "tmp_parameters": {},
        },
    )
    return path


@pytest.mark.parametrize(("factor", "unit"), [(1, "nm"), (1e-3, "µm"), (10, "Å")])
def test_a_signal_over_a_picture(factor, unit, tmp_path):
    path = _write(tmp_path / "a.hspy", _axis(2, "Wavelength", unit, False, axis=NM * factor))
    cube = open_cube(path)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    np.testing.assert_array_equal(cube.rows(0, 4), VALUES)
    assert cube.pixel_size_mm == (0.5, 0.25)
    assert cube.name == "liver"
    assert cube.metadata["file"]["format"] == "hyperspy"


def test_a_uniform_axis_and_a_cube_that_stays_in_the_file(tmp_path):
    path = _write(tmp_path / "a.hspy", _axis(2, "Wavelength", "nm", False, scale=5.0, offset=700.0), unit="")
    cube = open_cube(path, memory_limit_mb=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, 700 + 5 * np.arange(6))
    assert isinstance(cube.data, LazyCube)
    np.testing.assert_array_equal(cube.data[3, 2], VALUES[3, 2])
    assert cube.pixel_size_mm is None


def test_an_energy_axis_is_no_wavelength(tmp_path):
    path = _write(tmp_path / "a.hspy", _axis(2, "Energy loss", "eV", False, scale=0.5, offset=100.0))
    with pytest.raises(MissingMetadata, match="wavelengths"):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, wavelengths_nm=NM).wavelengths_nm, NM)
