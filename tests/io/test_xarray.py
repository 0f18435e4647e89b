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


def test_what_an_array_that_was_not_decoded_says():
    """As ``xarray.open_dataset(..., mask_and_scale=False)`` gives it."""
    counts = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    said = {"_FillValue": np.int16(7), "scale_factor": 0.5, "long_name": "reflectance"}
    coordinates = {
        "wavelength": ("band", [700.0, 500, 500, 0, 600], {"units": "nm"}),
        "good_wavelengths": ("band", [1, 1, 1, 1, 0]),
    }
    cube = from_xarray(xarray.DataArray(counts, dims=("y", "x", "band"), coords=coordinates, attrs=said))
    values = np.where(counts == 7, np.nan, counts * 0.5)
    np.testing.assert_allclose(cube.data[..., 0], np.nanmean(values[..., 1:3], axis=-1))
    np.testing.assert_allclose(cube.data[..., 1:], values[..., [4, 0]])
    np.testing.assert_array_equal(cube.wavelengths_nm, [500, 600, 700])
    np.testing.assert_array_equal(cube.bad_bands, [False, True, False])
    assert len(cube.metadata["remarks"]) == 2
    assert cube.metadata["stored_values"]["scale"] == 0.5


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


@pytest.mark.parametrize(
    ("name", "places", "axis", "positions"),
    [
        ("time", ("time", [2.0, 2.5], {"units": "min"}), "time", [0, 30]),
        (
            "time",
            ("time", np.array(["2026-01-01T00:00:00", "2026-01-01T00:00:02"], "datetime64[ns]")),
            "time",
            [0, 2],
        ),
        ("z", ("z", [0.0, 0.3], {"units": "mm"}), "depth", [0, 0.3]),
        ("depth", None, "depth", None),
    ],
)
def test_a_further_dimension_makes_a_series(name, places, axis, positions):
    array = xarray.concat([_array(), 2 * _array()], dim=name)
    if places is not None:
        array = array.assign_coords({name: places})
    cube = from_xarray(array.transpose("y", name, "x", "band"))
    assert (cube.series.axis, len(cube.series), cube.place) == (axis, 2, 1 if axis == "depth" else 0)
    if positions is None:
        assert cube.series.positions is None
    else:
        np.testing.assert_allclose(cube.series.positions, positions)
    np.testing.assert_array_equal(cube.series[0].data, VALUES)
    np.testing.assert_array_equal(cube.series[1].data, 2 * VALUES)
    assert cube.series[1].series is cube.series
