"""What files of other programs say in their own ways: values, units, fill values, orders, lists; each with its right numbers."""

import base64
import shutil
import struct

import h5py
import nrrd
import numpy as np
import pytest
import rasterio
import rasterio.transform
import tifffile
import zarr
from scipy.io import savemat
from test_series_in_arrays import signal

from napari_udt.errors import CubeError
from napari_udt.io import open_cube
from napari_udt.io.spectral_libraries import read_library
from napari_udt.io.values import StoredValues, default_fill, stated_values

NM = [500.0, 600.0, 700.0, 800.0]
UM, PER_CM = [0.5, 0.6, 0.7, 0.8], [1e7 / nm for nm in NM]
IMAGE = np.random.default_rng(3).random((6, 5, 4)).astype(np.float32)
COUNTS = np.random.default_rng(4).integers(0, 10_000, (6, 5, 4)).astype(np.int16)
COUNTS[1, 2, 3] = FILL = -999
MISSING = np.where(COUNTS == FILL, np.nan, COUNTS.astype(float))
HOLE = np.where(np.arange(6)[:, None, None] == 0, np.nan, IMAGE)  # the first row is missing
STACK = np.moveaxis(IMAGE, 2, 0)


def envi(path, array, said, interleave="bip", order="<", ending=".img", header=".hdr"):
    """Write a header, keys and values as they are, beside numbers."""
    code = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12}[array.dtype.str[1:]]
    axes = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}[interleave]
    path.with_name(path.name + ending).write_bytes(
        array.transpose(axes).astype(order + array.dtype.str[1:]).tobytes()
    )
    rows, columns, channels = array.shape
    text = f"ENVI\nsamples = {columns}\nlines = {rows}\nbands = {channels}\ndata type = {code}\ninterleave = {interleave}\n"
    text += f"byte order = {int(order == '>')}\n{said}\n"
    path.with_name(path.name + header).write_text(text.replace("\n", "\r\n"), encoding="latin-1")
    return path.with_name(path.name + header)


def hdf5(path, fill):
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        fill(file)
    return path.with_suffix(".h5")


def array(attributes=None, values=COUNTS, wavelengths=NM, units="nm", **beside):
    """Return what writes an array with attributes, wavelengths with a unit, and further lists."""

    def fill(file):
        file.create_dataset("scan/cube", data=values).attrs.update(attributes or {})
        file["scan/wavelength"] = wavelengths
        file["scan/wavelength"].attrs["units"] = units
        for name, value in beside.items():
            file[f"scan/{name}"] = value

    return fill


def unwritten(file):
    held = file.create_dataset("cube", (6, 5, 4), "f4", chunks=(1, 5, 4), fillvalue=-9999.0)
    held[1:], file["wl"] = IMAGE[1:], NM


def unwritten_by_default(file):
    """As NetCDF's library leaves what was never written, without an attribute."""
    held = file.create_dataset("cube", (6, 5, 4), "f4", fillvalue=9.969209968386869e36)
    held[1:], file["wl"] = IMAGE[1:], NM


def neon(file):
    """As NEON lays its reflectance out."""
    group = file.create_group("SITE/Reflectance")
    data = group.create_dataset("Reflectance_Data", data=COUNTS)
    data.attrs.update(
        {
            "Scale_Factor": 10_000.0,
            "Data_Ignore_Value": float(FILL),
            "Dimension_Labels": "Line, Sample, Wavelength",
        }
    )
    group.attrs["Band_Window_1_Nanometers"] = [590, 610]
    for name, values in (("Wavelength", NM), ("FWHM", [5.0] * 4)):
        group[f"Metadata/Spectral_Data/{name}"] = values
        group[f"Metadata/Spectral_Data/{name}"].attrs["Units"] = "nanometers"
    group["Metadata/Ancillary_Imagery/Aspect"] = np.zeros((6, 5))


def nexus(file):
    data = file.create_group("entry/data")
    data.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": ["y", "x", "wavelength"]})
    data["data"], data["wavelength"] = IMAGE, UM
    data["wavelength"].attrs["units"] = "µm"


UNSIGNED = np.random.default_rng(5).integers(0, 254, (6, 5, 4)).astype(np.uint8)
UNSIGNED[0, 0, 0] = 255

HDF5 = {
    "big-endian, a fill value in a list": (
        array({"_FillValue": np.array([FILL], ">i2")}, COUNTS.astype(">i2")),
        MISSING,
    ),
    "two missing values": (
        array({"missing_value": IMAGE[0, 0, :2]}, IMAGE),
        np.where(np.isin(IMAGE, IMAGE[0, 0, :2]), np.nan, IMAGE),
    ),
    "numbers as texts": (array({"scale_factor": "0.0001", "_FillValue": str(FILL)}), MISSING * 1e-4),
    "integers without a sign": (
        array({"_Unsigned": "true", "_FillValue": np.int8(-1)}, UNSIGNED.view(np.int8)),
        np.where(UNSIGNED == 255, np.nan, UNSIGNED.astype(float)),
    ),
    "a valid range of stored numbers": (
        array({"valid_range": np.array([0, 9000], np.int16), "scale_factor": 0.1}),
        np.where((COUNTS < 0) | (COUNTS > 9000), np.nan, COUNTS * 0.1),
    ),
    "the least valid value, as a fraction": (
        array({"valid_min": 0.05, "scale_factor": 1e-4}),
        np.where(COUNTS * 1e-4 < 0.05, np.nan, COUNTS * 1e-4),
    ),
    "unwritten chunks": (unwritten, HOLE),
    "unwritten in NetCDF": (unwritten_by_default, HOLE),
    "NEON": (neon, MISSING * 1e-4),
    "NeXus": (nexus, IMAGE),
    "wavenumbers with a raised minus": (array(None, IMAGE, PER_CM, "cm⁻¹"), IMAGE),
    "gigahertz": (array(None, IMAGE, [299_792_458.0 / nm for nm in NM], "GHz"), IMAGE),
    "metres": (array(None, IMAGE, [nm * 1e-9 for nm in NM], "m"), IMAGE),
    "wavelengths as texts with a unit": (
        lambda file: file.update({"cube": IMAGE, "wavelengths": np.array([f"{nm:g} nm" for nm in NM], "S")}),
        IMAGE,
    ),
    "labels of one channel": (array(None, IMAGE, labels=np.ones((6, 5, 1), np.uint8)), IMAGE),
    "labels beyond 32 bits": (array(None, IMAGE, ground_truth=np.full((6, 5), 2**33)), IMAGE),
}


@pytest.mark.parametrize("kind", HDF5)
@pytest.mark.parametrize("limit", [None, 0])
def test_hdf5(tmp_path, kind, limit):
    fill, expected = HDF5[kind]
    cube = open_cube(hdf5(tmp_path / "x", fill), memory_limit_mb=limit)
    np.testing.assert_allclose(cube.data[:], expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    np.testing.assert_allclose(cube.spectrum(3, 2), expected[3, 2], rtol=1e-5)
    if kind == "NEON":
        np.testing.assert_array_equal(cube.bad_bands, [False, True, False, False])
        assert cube.metadata["fwhm_nm"] == [5.0] * 4
    if kind.startswith("labels"):
        assert (cube.labels is None) == ("32" in kind)


LISTED = "wavelength = {500, 600, 700, 800}\nwavelength units = nm"
ENVI = {
    "a fill value in braces, by line, big-endian": (COUNTS, f"{LISTED}\nDATA IGNORE VALUE = {{{FILL}}}", MISSING, {"interleave": "bil", "order": ">"}),
    "offsets alone": (COUNTS, f"{LISTED}\ndata offset values = {{1,2,3,4}}", COUNTS + np.arange(1.0, 5), {"interleave": "bsq"}),
    "a factor with an exponent": (COUNTS, f"{LISTED}\nReflectance Scale Factor = 1.0e+04", COUNTS / 1e4, {}),
    "65535 as fill value": (np.maximum(COUNTS, 0).astype("u2"), f"{LISTED}\ndata ignore value = 65535", np.maximum(COUNTS, 0), {}),
    "a list between blanks": (IMAGE, "wavelength = {500 600\n 700 800}\nwavelength units = {nm}", IMAGE, {}),
    "a last comma": (IMAGE, "wavelength = {500, 600, 700, 800, }", IMAGE, {}),
    "the key in the plural": (IMAGE, "Wavelengths = {500, 600, 700, 800}", IMAGE, {}),
    "names of bands (GDAL)": (IMAGE, "band names = {\n500 nm,\n600 nm,\n700 nm,\n800 nm}", IMAGE, {}),
    "names of bands with a number": (IMAGE, "band names = {Band 1: 0.5 Micrometers, Band 2: 0.6 Micrometers, Band 3: 0.7 Micrometers, Band 4: 0.8 Micrometers}", IMAGE, {}),
    "wavenumbers, falling": (IMAGE, f"wavelength = {{{', '.join(map(str, PER_CM[::-1]))}}}\nwavelength units = Wavenumber", IMAGE[..., ::-1], {}),
    "doubles of a band each": (IMAGE.astype("f8"), LISTED, IMAGE, {"interleave": "bsq", "order": ">"}),
    "scan.bil with scan.bil.hdr": (IMAGE, LISTED, IMAGE, {"ending": ".bil", "header": ".bil.hdr", "interleave": "bil"}),
    "capital endings": (IMAGE, LISTED, IMAGE, {"ending": ".RAW", "header": ".HDR"}),
    "text that looks like a field": (IMAGE, f"description = {{ a = b; ENVI,\n}}\nsensor type = Spécïal\n{LISTED}", IMAGE, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENVI)
def test_envi_headers(tmp_path, kind):
    values, said, expected, how = ENVI[kind]
    cube = open_cube(envi(tmp_path / "x", values, said, **how))
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("pixel size = {25, 50, units=Micrometers}", (0.05, 0.025)),
        ("pixel size = {1, 2, units=Feet}", (609.6, 304.8)),
        ("pixel size = {1, 2, units=furlongs}", None),
    ],
)
def test_units_of_pixels_in_envi(tmp_path, said, expected):
    found = open_cube(envi(tmp_path / "x", IMAGE, f"{LISTED}\n{said}")).pixel_size_mm
    assert found == (pytest.approx(expected) if expected else None)


@pytest.mark.parametrize("kind", ["ENVI Virtual Mosaic", "NITF", "ENVI Meta File"])
def test_headers_of_other_kinds_are_refused(tmp_path, kind, refusal):
    assert "save it as ENVI Standard" in refusal(envi(tmp_path / "x", IMAGE, f"{LISTED}\nfile type = {kind}"))


ARCHIVES = {
    "a unit beside, a fill value": ({"cube": COUNTS, "wavelengths": UM, "wavelength_unit": "um", "NoData": FILL}, MISSING),
    "big-endian, a number of bands": ({"cube": COUNTS.astype(">i2"), "wl": NM, "bands": 4, "fill_value": [FILL]}, MISSING),
    "wavenumbers": ({"cube": IMAGE, "wavenumbers": PER_CM}, IMAGE),
    "the second list fits": ({"cube": IMAGE, "wavelengths": [500.0, 600, 700], "wl": NM}, IMAGE),
    "labels with fractions": ({"cube": IMAGE, "wl": NM, "labels": np.full((6, 5), 0.5)}, IMAGE),
    "scale and offset": ({"cube": COUNTS, "wl": NM, "scale_factor": 1e-4, "add_offset": 2.0}, COUNTS * 1e-4 + 2),
}  # fmt: skip


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("write", ["npz", "mat", "struct"])
def test_archives(tmp_path, kind, write):
    said, expected = ARCHIVES[kind]
    path = tmp_path / ("x.npz" if write == "npz" else "x.mat")
    if write == "npz":
        np.savez(path, **said)
    else:
        savemat(path, {"scan": said} if write == "struct" else {k: np.asarray(v) for k, v in said.items()})
    cube = open_cube(path)
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    assert cube.labels is None


def gdal(path, values, descriptions=(), nodata=None, tags=None, namespace=None, scales=(), offsets=(), **how):
    place = rasterio.transform.from_origin(5e5, 4e6, 2, 3)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=6,
        width=5,
        count=4,
        dtype=values.dtype,
        nodata=nodata,
        crs="EPSG:32632",
        transform=place,
        **how,
    ) as file:
        file.write(np.moveaxis(values, 2, 0))
        if descriptions:
            file.descriptions = tuple(descriptions)
        if scales:
            file.scales, file.offsets = scales, offsets
        for band in range(4) if tags else ():
            file.update_tags(band + 1, ns=namespace, **{name: values[band] for name, values in tags.items()})
    return path


def pages(path, **said):
    """Write one page after the other, each with its own texts; ``{nm}`` stands for its wavelength."""
    with tifffile.TiffWriter(path) as file:
        for picture, nm in zip(STACK, NM, strict=True):
            tags = [(285, "s", 0, said["name"].format(nm=nm), True)] if "name" in said else []
            text = said["text"].replace("{nm}", f"{nm:g}") if "text" in said else None
            file.write(
                picture,
                photometric="minisblack",
                description=text,
                extratags=tags,
                metadata=None,
                contiguous=False,
            )
    return path


def tiff(path, values, **how):
    tifffile.imwrite(path, values, photometric="minisblack", **how)
    return path


TIFF = {
    "descriptions of bands": (lambda p: gdal(p, COUNTS, [f"{nm:g} nm" for nm in NM], nodata=FILL), MISSING),
    "GDAL's IMAGERY items": (lambda p: gdal(p, COUNTS, nodata=FILL, tags={"CENTRAL_WAVELENGTH_UM": UM}, namespace="IMAGERY"), MISSING),
    "GDAL's scales": (
        lambda p: gdal(p, COUNTS, tags={"wavelength": NM, "wavelength_units": ["nm"] * 4}, scales=(1e-4,) * 4, offsets=(1, 2, 3, 4), interleave="band"),
        COUNTS * 1e-4 + np.arange(1.0, 5),
    ),
    "the least float for no data": (
        lambda p: gdal(p, np.where(np.isnan(HOLE), -3.4028234663852886e38, HOLE).astype("f4"), [f"{um} micrometers" for um in UM], nodata=-3.4028234663852886e38),
        HOLE,
    ),
    "interleaved samples": (lambda p: tiff(p, COUNTS.astype("u2"), planarconfig="contig", metadata={"wl": NM}), COUNTS.astype("u2")),
    "a predictor": (lambda p: tiff(p, STACK, compression="lzw", predictor=True, metadata={"wavelength": UM, "wavelength_unit": "um"}), IMAGE),
    "half floats in tiles, big-endian": (lambda p: tiff(p, STACK.astype("f2"), tile=(16, 16), bigtiff=True, byteorder=">", metadata={"wl": NM}), IMAGE.astype("f2")),
    "names of pages": (lambda p: pages(p, name="{nm:g} nm"), IMAGE),
    "descriptions of pages": (lambda p: pages(p, text="filter 3; wavelength={nm} nm"), IMAGE),
    "JSON in every page": (lambda p: pages(p, text='{"exposure": 3, "wavelength": {nm}}'), IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("kind", TIFF)
def test_tiff(tmp_path, kind):
    write, expected = TIFF[kind]
    cube = open_cube(write(tmp_path / "x.tif"))
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)


def folder(path, arrays, attributes=None, version=3):
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    group.attrs.update(attributes or {})
    for name, (values, said) in arrays.items():
        group.create_array(name, data=np.asarray(values)).attrs.update(said)
    return path


def unwritten_zarr(path):
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("c", shape=(6, 5, 4), chunks=(1, 5, 4), dtype="f4", fill_value=-5.0)[1:] = IMAGE[1:]
    group.attrs["wavelengths"] = NM
    return path


CODED = base64.standard_b64encode(struct.pack("<d", float(FILL))).decode()
ZARR = {
    "packed, micrometres beside": (
        lambda p: folder(p, {"c": (COUNTS, {"_FillValue": FILL, "scale_factor": 1e-4}), "wavelength": (UM, {"units": "um"})}, version=2),
        MISSING * 1e-4,
    ),
    "a fill value as xarray codes it": (lambda p: folder(p, {"c": (COUNTS.astype("f4"), {"_FillValue": CODED})}, {"wavelengths_nm": NM}), MISSING),
    "wavenumbers": (lambda p: folder(p, {"c": (IMAGE, {})}, {"wavenumbers": PER_CM}), IMAGE),
    "unwritten chunks": (unwritten_zarr, HOLE),
    "labels beyond 32 bits": (lambda p: folder(p, {"c": (IMAGE, {}), "labels/a": (np.full((6, 5), 2**40), {})}, {"wl": NM}), IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("kind", ZARR)
def test_zarr(tmp_path, kind):
    write, expected = ZARR[kind]
    cube = open_cube(write(tmp_path / "x.zarr"))
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    assert cube.labels is None
    shutil.rmtree(tmp_path / "x.zarr")


NRRD = {
    "a unit beside": (IMAGE, {"wavelengths": "0.5 0.6 0.7 0.8", "wavelength_units": "um", "nodata": "-1"}, IMAGE),
    "packed, big-endian": (COUNTS.astype(">i2"), {"wavelengths": "500,600,700,800", "NoData": str(FILL), "scale_factor": "1e-4", "encoding": "gzip"}, MISSING * 1e-4),
    "an axis in micrometres": (IMAGE, {"units": ["mm", "mm", "um"], "spacings": [0.1, 0.2, 0.1], "axis mins": [np.nan, np.nan, 0.5]}, IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("kind", NRRD)
def test_nrrd_headers(tmp_path, kind):
    values, said, expected = NRRD[kind]
    nrrd.write(str(tmp_path / "x.nrrd"), values.transpose(1, 0, 2), said, index_order="F")
    cube = open_cube(tmp_path / "x.nrrd")
    np.testing.assert_allclose(cube.data, expected, rtol=1e-5)
    np.testing.assert_allclose(cube.wavelengths_nm, NM)


def test_hyperspy_pictures_over_wavelengths(tmp_path):
    path = signal(tmp_path / "x.hspy", "cyx", STACK, {"c": "nm"})
    with h5py.File(path, "r+") as file:
        for place in range(3):
            file[f"Experiments/liver/axis-{place}"].attrs["navigate"] = place == 0
    np.testing.assert_array_equal(open_cube(path).data, IMAGE)


CONTENTS = {
    "x.nc": (b"CDF\x02rest", "NetCDF 3"),
    "y.nc": (b"\x0e\x03\x13\x01rest", "HDF 4"),
    "x.h5": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "x.hdr": (b"<!DOCTYPE html><html>", "a web page"),
    "x.img": (b"\x1f\x8brest", "packed with gzip"),
    "x.mat": (struct.pack("<5i", 0, 6, 5, 0, 2) + b"c\0" + bytes(240), "MATLAB file of version 4"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_a_file_really_is_stands_in_the_refusal(tmp_path, name, refusal):
    content, words = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_arrays_of_other_types_are_named(tmp_path):
    np.savez(tmp_path / "x.npz", cube=IMAGE.astype("c8"), wavelengths=NM)
    with pytest.raises(CubeError, match=r"cube complex64 \(6, 5, 4\)"):
        open_cube(tmp_path / "x.npz")
    np.save(tmp_path / "x.npy", np.ones((2, 6, 5, 4)))
    with pytest.raises(CubeError, match=r"of the shape \(2, 6, 5, 4\)"):
        open_cube(tmp_path / "x.npy", wavelengths_nm=NM)
    with pytest.raises(CubeError, match="/scan/cube is an array of complex64"):
        open_cube(hdf5(tmp_path / "x", array(None, IMAGE.astype("c8"))))
    savemat(tmp_path / "x.mat", {"cell": np.array([IMAGE, NM], dtype=object)})
    with pytest.raises(CubeError, match="without an array of three axes"):
        open_cube(tmp_path / "x.mat")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wavelength,A,B\n500,1,2,\n600,3,4,\n", [[1, 3], [2, 4]]),
        ('# made by x\nwl_nm , quartz, "a, b"\n500,1,2\n600,nan,-1.23e34\n', [[1, np.nan], [2, np.nan]]),
        ("Wavelength (µm);A\n0,5;0,1\n0,6;\n", [[0.1, np.nan]]),
        ("wavenumber [cm-1]\tA\n20000\t1\n10000\t2\n", [[1, 2]]),
    ],
)
def test_tables_of_spectra(tmp_path, text, expected):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    np.testing.assert_allclose(read_library(tmp_path / "x.csv").spectra, expected)


def test_what_unwritten_places_may_mean():
    found = [default_fill(number) for number in (0, 1.0, 255, -9999, 9.97e36, np.nan, -np.inf, "x")]
    assert found == [None, None, None, -9999, 9.97e36, None, None, None]
    values = stated_values({"valid_range": [5, 1], "valid_max": "none", "_Unsigned": "false"}, 4)
    assert not values
    ends = StoredValues(valid=(0.0, 9000.0), unsigned=True).to_metadata()
    assert (ends["valid_range"], ends["unsigned"]) == ([0, 9000], True)
