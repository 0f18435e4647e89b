"""What files say about their values, and its way through the readers, the cube, and the writers."""

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from napari_udt.cube import SpectralCube
from napari_udt.errors import CubeError
from napari_udt.io import open_cube, save_cube
from napari_udt.io.convert import convert
from napari_udt.io.values import marked_bad, numbers_in, stated_values

NM = [500.0, 600.0, 700.0, 800.0]
COUNTS = np.random.default_rng(3).integers(0, 10_000, (6, 5, 4)).astype(np.int16)
COUNTS[0, 0], COUNTS[2, 3, 1] = -9999, -9999
MISSING = COUNTS == -9999
LIMITS = pytest.mark.parametrize("limit", [None, 0], ids=["in memory", "lazy"])


def envi(folder, array, text):
    kind = {"i2": 2, "f4": 4, "u2": 12}[array.dtype.str[1:]]
    (folder / "x.img").write_bytes(array.tobytes())
    rows, columns, channels = array.shape
    (folder / "x.hdr").write_text(
        f"ENVI\nlines = {rows}\nsamples = {columns}\nbands = {channels}\ndata type = {kind}\ninterleave = bip\n"
        f"wavelength = {{500, 600, 700, 800}}\nwavelength units = nm\n{text}\n"
    )
    return folder / "x.hdr"


def hdf5(folder, attributes, array=COUNTS, holder="scan/cube"):
    with h5py.File(folder / "x.h5", "w") as file:
        file["scan/cube"] = array
        file["scan/wavelengths_nm"] = NM
        file[holder].attrs.update(attributes)
    return folder / "x.h5"


def right(cube, expected, missing=MISSING):
    found = cube.data[:]
    assert np.array_equal(np.isnan(found), missing)
    np.testing.assert_allclose(found[~missing], expected[~missing], rtol=1e-6)
    np.testing.assert_array_equal(cube.spectrum(1, 1), found[1, 1])  # as a pixel is read alone
    np.testing.assert_array_equal(cube.image(600), found[..., 1])


@LIMITS
@pytest.mark.parametrize("ignored", ["-9999", "-9999.0", " -9.999e3 "])
def test_envi_ignore_value_scale_gains_and_offsets(tmp_path, limit, ignored):
    plain = envi(tmp_path, COUNTS, f"data ignore value = {ignored}")
    right(open_cube(plain, memory_limit_mb=limit), COUNTS.astype(float))
    gains = "data gain values = {1, 2, 0.5, 4}\ndata offset values = {10, 0, -3, 1}"
    path = envi(tmp_path, COUNTS, f"Data Ignore Value = {ignored}\n{gains}")
    cube = open_cube(path, memory_limit_mb=limit)
    right(cube, COUNTS * np.array([1, 2, 0.5, 4]) + np.array([10, 0, -3, 1]))
    assert cube.metadata["stored_values"]["scale"] == [1, 2, 0.5, 4]
    both = envi(tmp_path, COUNTS, f"{gains}\nreflectance scale factor = 10000\ndata ignore value = -9999")
    right(open_cube(both, memory_limit_mb=limit), COUNTS / 1e4)  # once, and as reflectance


@LIMITS
@pytest.mark.parametrize(
    ("attributes", "factor", "offset"),
    [
        ({"_FillValue": np.int16(-9999)}, 1, 0),
        ({"missing_value": -9999.0, "scale_factor": 1e-4, "add_offset": 0.1}, 1e-4, 0.1),
        ({"Data_Ignore_Value": -9999.0, "Scale_Factor": 10_000.0}, 1e-4, 0),
        ({"Data Ignore Value": "-9999", "Scale Factor": 1e-4}, 1e-4, 0),
        ({"nodata": -9999, "scale_factor": [1.0, 2.0, 3.0, 4.0]}, np.array([1, 2, 3, 4]), 0),
    ],
)
@pytest.mark.parametrize("holder", ["scan/cube", "scan", "/"])
def test_hdf5_attributes_of_the_array_or_of_its_groups(tmp_path, limit, attributes, factor, offset, holder):
    cube = open_cube(hdf5(tmp_path, attributes, holder=holder), memory_limit_mb=limit)
    right(cube, COUNTS * factor + offset)
    assert cube.metadata["stored_values"]["ignored_numbers"] == [-9999]


@LIMITS
def test_tiff_and_numpy_and_matlab(tmp_path, limit):
    said = {"wavelengths": NM, "_FillValue": -9999, "scale_factor": 0.5}
    tifffile.imwrite(tmp_path / "x.tif", np.moveaxis(COUNTS, 2, 0), metadata=said, photometric="minisblack")
    np.savez(tmp_path / "x.npz", cube=COUNTS, wavelengths_nm=NM, fill_value=-9999, scale_factor=0.5)
    savemat(tmp_path / "x.mat", {"cube": COUNTS, "wavelengths": NM, "nodata": -9999.0, "scale_factor": 0.5})
    for ending in ("tif",) if limit == 0 else ("tif", "npz", "mat"):  # what is packed is read whole
        right(open_cube(tmp_path / f"x.{ending}", memory_limit_mb=limit), COUNTS * 0.5)


@LIMITS
def test_gdal_nodata_scale_offset_bad_bands_and_widths(tmp_path, limit):
    bands = [
        {"wavelength": nm, "wavelength_units": "Micrometers", "bbl": good, "fwhm": 0.005}
        for nm, good in zip((0.5, 0.6, 0.7, 0.8), (1, 0, 1, 1), strict=True)
    ]
    items = [f'<Item name="{k}" sample="{i}">{v}</Item>' for i, b in enumerate(bands) for k, v in b.items()]
    items += [f'<Item name="SCALE" sample="{i}" role="scale">0.001</Item>' for i in range(4)]
    items += [f'<Item name="OFFSET" sample="{i}" role="offset">{i}</Item>' for i in range(4)]
    xml = f"<GDALMetadata>{''.join(items)}</GDALMetadata>"
    tifffile.imwrite(
        tmp_path / "x.tif",
        np.moveaxis(COUNTS, 2, 0),
        photometric="minisblack",
        planarconfig="separate",
        metadata=None,
        extratags=[(42112, "s", 0, xml, True), (42113, "s", 0, "-9999", True)],
    )
    cube = open_cube(tmp_path / "x.tif", memory_limit_mb=limit)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    right(cube, COUNTS * 0.001 + np.arange(4))
    np.testing.assert_array_equal(cube.bad_bands, [False, True, False, False])
    np.testing.assert_allclose(cube.metadata["fwhm_nm"], [5] * 4)


@pytest.mark.parametrize(
    ("stored", "said"), [(-3.4028235e38, "-3.40282e+38"), (1e35, "1e+35"), (np.float32(-0.1), "-0.1")]
)
def test_fill_values_of_fractions_are_found_in_their_precision(tmp_path, stored, said):
    array = np.ones((6, 5, 4), np.float32)
    array[1, 2] = stored
    cube = open_cube(envi(tmp_path, array, f"data ignore value = {said}"))
    assert np.isnan(cube.data).sum() == 4
    assert cube.metadata["non_finite"] == 4


def test_a_statement_without_sense_changes_nothing(tmp_path):
    nonsense = {"_FillValue": "none", "scale_factor": 0.0, "add_offset": np.nan, "nodata": [1.0, np.nan]}
    cube = open_cube(hdf5(tmp_path, nonsense, array=np.full((6, 5, 4), 7.0)))
    np.testing.assert_array_equal(cube.data, 7)
    plain = envi(tmp_path, COUNTS.astype("u2"), "data ignore value = -9999\nbbl = {1, 2, 1, 1}\nfwhm = {1}")
    assert np.isfinite(open_cube(plain).data).all()
    assert open_cube(plain).bad_bands is None


@LIMITS
def test_netcdf_with_its_bands_in_a_group(tmp_path, limit):
    """As NASA's EMIT is laid out: wavelengths, widths and good bands stand in a group beside the array."""
    with h5py.File(tmp_path / "x.nc", "w") as file:
        file["reflectance"] = np.where(MISSING, -9999, COUNTS / 1e4).astype(np.float32)
        file["reflectance"].attrs.update(
            {"_FillValue": np.float32(-9999), "long_name": "Surface reflectance"}
        )
        bands = file.create_group("sensor_band_parameters")
        bands["wavelengths"], bands["fwhm"] = np.float32(NM), np.float32([8, 8, 8, 9])
        bands["good_wavelengths"] = np.float32([1, 0, 1, 1])
        bands["wavelengths"].attrs["units"] = "nm"
        file["location/lat"], file["location/glt_x"] = np.ones((6, 5)), np.ones((7, 9), np.int32)
    cube = open_cube(tmp_path / "x.nc", memory_limit_mb=limit)
    right(cube, COUNTS / 1e4)
    np.testing.assert_array_equal(cube.bad_bands, [False, True, False, False])
    assert cube.metadata["fwhm_nm"] == [8, 8, 8, 9]
    assert "remarks" not in cube.metadata


@LIMITS
@pytest.mark.parametrize("ending", [".udt.h5", ".hdr", ".csv", ".npz"])
def test_convert_writes_missing_values_and_bad_bands_back(tmp_path, limit, ending, same):
    text = "data ignore value = -9999\nreflectance scale factor = 10000\nbbl = {1., 1., 0., 1.}\nfwhm = {5, 6, 7, 8}"
    source = open_cube(envi(tmp_path, COUNTS, text), modality="PAT" if ending == ".npz" else None)
    (tmp_path / "to").mkdir()
    target = tmp_path / "to" / f"y{ending}"
    convert(
        tmp_path / "x.hdr",
        target,
        memory_limit_mb=limit,
        **({"modality": "PAT"} if ending == ".npz" else {}),
    )
    found = open_cube(target)
    right(found, COUNTS / 1e4)
    np.testing.assert_array_equal(found.bad_bands, [False, False, True, False])
    assert found.metadata["fwhm_nm"] == [5, 6, 7, 8]
    assert source.metadata["stored_values"] == found.metadata["stored_values"]
    if ending == ".hdr":
        assert "data ignore value = nan\n" in target.read_text()
        assert "bbl = {1, 1, 0, 1}\n" in target.read_text()


def test_unsorted_channels_take_their_marks_along(tmp_path):
    path = envi(
        tmp_path, COUNTS, "wavelength = {800, 500, 700, 600}\nbbl = {0,1,1,1}\ndata gain values = {1,2,3,4}"
    )
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.bad_bands, [False, False, False, True])
    np.testing.assert_allclose(cube.data, (COUNTS * np.array([1, 2, 3, 4]))[..., [1, 3, 2, 0]])


@LIMITS
def test_repeated_and_missing_wavelengths(tmp_path, limit):
    array = np.random.default_rng(0).random((6, 5, 4)).astype(np.float32)
    array[3, 3, 2] = np.nan
    cube = open_cube(envi(tmp_path, array, "wavelength = {700, 0, 700, 500}"), memory_limit_mb=limit)
    np.testing.assert_array_equal(cube.wavelengths_nm, [500, 700])
    expected = np.stack([array[..., 3], np.nanmean(array[..., [0, 2]], axis=2)], axis=2)
    np.testing.assert_allclose(cube.data[:], expected, rtol=1e-6)
    np.testing.assert_allclose(cube.spectrum(3, 3), expected[3, 3], rtol=1e-6)
    np.testing.assert_allclose(cube.data[:, :, 1], expected[..., 1], rtol=1e-6)
    mask = np.zeros((6, 5), bool)
    mask[2:5, 1] = True
    np.testing.assert_allclose(cube.data[mask], expected[mask], rtol=1e-6)
    assert [remark.split("(")[0].split(":")[0].strip() for remark in cube.metadata["remarks"]] == [
        "Bands without a wavelength were left out",
        "Bands with the same wavelength were averaged",
    ]
    unsure = envi(tmp_path, array, "wavelength = {700, 600, 700, 500}\nbbl = {0, 1, 1, 1}")
    np.testing.assert_array_equal(open_cube(unsure).data[..., 2], array[..., 2])  # a bad band spoils no mean


def test_labels_beyond_int32_are_refused(tmp_path):
    data = np.ones((6, 5, 4), np.float32)
    for large in (2**33, -(2**31) - 1, np.uint64(2**63)):
        with pytest.raises(CubeError, match="number the classes anew"):
            SpectralCube(data, NM, "HSI", labels=np.full((6, 5), large))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"], file["wavelengths_nm"], file["labels"] = data, NM, np.full((6, 5), 2**33)
    cube = open_cube(tmp_path / "x.h5")
    assert cube.labels is None
    assert "number the classes anew" in cube.metadata["remarks"][0]
    save_cube(SpectralCube(data, NM, "HSI", labels=np.full((6, 5), 2**31 - 1)), tmp_path / "y.udt.h5")
    assert open_cube(tmp_path / "y.udt.h5").labels.max() == 2**31 - 1


def test_bad_bands_of_a_cube():
    data = np.ones((6, 5, 4), np.float32)
    cube = SpectralCube(data, NM, "HSI", bad_bands=[0, 1, 0, 0], metadata={"fwhm_nm": [1, 2, 3, 4]})
    assert cube.with_(name="x").bad_bands.tolist() == [False, True, False, False]
    other = cube.with_(data=data[..., :2], wavelengths_nm=NM[:2])
    assert other.bad_bands is None
    assert other.metadata == {}
    assert np.isnan(cube.without_bad_bands(cube.data)[..., 1]).all()
    assert SpectralCube(data, NM, "HSI", bad_bands=[False] * 4).bad_bands is None
    with pytest.raises(CubeError, match="3 marks of bad bands for 4 channels"):
        cube.with_(bad_bands=[True] * 3)


@given(
    st.integers(-32768, 32767),
    st.floats(1e-6, 1e6),
    st.floats(-1e3, 1e3),
    st.integers(1, 5),
)
def test_values_are_what_the_formula_says(ignored, scale, offset, channels):
    stored = np.random.default_rng(0).integers(-32768, 32767, (3, 4, channels)).astype(np.int16)
    stored[1, 1, 0] = ignored
    values = stated_values({"_FillValue": ignored, "scale_factor": scale, "add_offset": offset}, channels)
    found = values.applied(stored, np.arange(channels))
    missing = stored == ignored
    assert np.array_equal(np.isnan(found), missing)
    np.testing.assert_array_equal(found[~missing], (stored * scale + offset).astype(np.float32)[~missing])


def test_lists_in_text():
    assert numbers_in("{1. , 1. ,\n 0.}") == [1, 1, 0]
    assert numbers_in("one, two") == []
    assert marked_bad("1 1 1", 3) is None
    assert marked_bad([1, 0], 3) is None
    assert marked_bad(b"0,1,1", 3).tolist() == [True, False, False]
