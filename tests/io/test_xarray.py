"""Cubes from and to xarray."""

import numpy as np
import pytest
import xarray

from napari_udt.errors import CubeError
from napari_udt.io.xarray_arrays import from_xarray, to_xarray

VALUES = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)


def _array(dims=("y", "x", "band"), order=1, units="um"):
    nm = np.array([500.0, 600, 650, 700, 750])[::order]
    coordinate = ("band", nm / 1000, {"units": units})
    return xarray.DataArray(VALUES, dims=dims, coords={"wavelength": coordinate}, name="scan")


def test_units_and_order_are_the_coordinates():
    cube = from_xarray(_array(order=-1), modality="PAT", domain="real")
    np.testing.assert_allclose(cube.wavelengths_nm, [500, 600, 650, 700, 750])
    np.testing.assert_array_equal(cube.data, VALUES[..., ::-1])
    assert (cube.modality, cube.domain, cube.name) == ("PAT", "real", "scan")


def test_x_before_y_is_turned():
    cube = from_xarray(_array(("x", "y", "band")))
    np.testing.assert_array_equal(cube.data, VALUES.transpose(1, 0, 2))


def test_there_and_back(full_cube):
    array = to_xarray(full_cube)
    assert array.dims == ("y", "x", "wavelength")
    np.testing.assert_array_equal(array.labels, full_cube.labels)
    cube = from_xarray(array, modality=full_cube.modality, domain=full_cube.domain)
    np.testing.assert_array_equal(cube.data, full_cube.rows(0, full_cube.shape[0]))
    np.testing.assert_array_equal(cube.wavelengths_nm, full_cube.wavelengths_nm)
    assert cube.quantity == full_cube.quantity


def test_what_is_no_cube_is_refused():
    with pytest.raises(CubeError, match="expected three"):
        from_xarray(_array()[0])
    with pytest.raises(CubeError, match="holds wavelengths; add one"):
        from_xarray(_array().drop_vars("wavelength"))
    with pytest.raises(CubeError, match="holds wavelengths; add one"):
        from_xarray(_array(units="furlong"))
