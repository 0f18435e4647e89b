"""Files written by the library netCDF4, in a process of its own: it brings another copy of the HDF5 library."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_udt import open_cube

_WRITE = """
import sys
import numpy as np
import netCDF4

folder = sys.argv[1]
counts = np.arange(5 * 6 * 8, dtype=np.int16).reshape(5, 6, 8) + 100

# Packed values with a fill value, wavelengths in micrometres.
with netCDF4.Dataset(f"{folder}/packed.nc", "w") as file:
    for name, size in (("y", 5), ("x", 6), ("wavelength", 8)):
        file.createDimension(name, size)
    bands = file.createVariable("wavelength", "f8", ("wavelength",))
    bands[:] = np.linspace(0.5, 0.85, 8)
    bands.units, bands.standard_name = "um", "radiation_wavelength"
    spectra = file.createVariable("reflectance", "i2", ("y", "x", "wavelength"), fill_value=-9999, zlib=True)
    spectra.scale_factor, spectra.add_offset, spectra.units = 1e-3, 0.05, "1"
    spectra.set_auto_maskandscale(False)
    packed = counts.copy()
    packed[2, 3] = -9999
    spectra[:] = packed

# Bands first, wavelengths and good bands in a group, as the mission EMIT writes them.
with netCDF4.Dataset(f"{folder}/groups.nc", "w") as file:
    for name, size in (("downtrack", 5), ("crosstrack", 6), ("bands", 8)):
        file.createDimension(name, size)
    spectra = file.createVariable("reflectance", "f4", ("downtrack", "crosstrack", "bands"), fill_value=-9999.0)
    spectra[:] = counts / 1000
    group = file.createGroup("sensor_band_parameters")
    bands = group.createVariable("wavelengths", "f4", ("bands",))
    bands[:], bands.units = np.linspace(500, 850, 8), "nm"
    good = group.createVariable("good_wavelengths", "u1", ("bands",))
    good[:] = [1, 1, 1, 0, 1, 1, 1, 1]

# Pictures of a scan, with times.
with netCDF4.Dataset(f"{folder}/scan.nc", "w") as file:
    for name, size in (("time", None), ("y", 5), ("x", 6), ("wavelength", 8)):
        file.createDimension(name, size)
    times = file.createVariable("time", "f8", ("time",))
    times.units = "s"
    bands = file.createVariable("wavelength", "f8", ("wavelength",))
    bands[:], bands.units = np.linspace(500, 850, 8), "nm"
    spectra = file.createVariable("spectra", "f4", ("time", "y", "x", "wavelength"))
    for frame in range(3):
        times[frame], spectra[frame] = 0.25 * frame, counts + 1000 * frame
"""
COUNTS = np.arange(5 * 6 * 8).reshape(5, 6, 8) + 100.0
NM = np.linspace(500, 850, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("netCDF4")
    made = tmp_path_factory.mktemp("netcdf")
    done = subprocess.run(
        [sys.executable, "-c", _WRITE, str(made)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


def test_packed_values_are_unpacked_once_and_what_is_missing_is_nan(folder):
    cube = open_cube(folder / "packed.nc", modality="HSI")
    expected = 1e-3 * COUNTS + 0.05
    expected[2, 3] = np.nan
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)


def test_wavelengths_and_bad_bands_are_found_in_a_group(folder):
    cube = open_cube(folder / "groups.nc", modality="HSI")
    np.testing.assert_allclose(cube.data, COUNTS / 1000, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    assert np.flatnonzero(cube.bad_bands).tolist() == [3]


def test_an_unlimited_time_is_the_axis_of_a_series(folder):
    series = open_cube(folder / "scan.nc", modality="HSI").series
    assert (series.axis, len(series)) == ("time", 3)
    np.testing.assert_allclose(series.positions, [0, 0.25, 0.5])
    np.testing.assert_allclose(series[2].data, COUNTS + 2000)
