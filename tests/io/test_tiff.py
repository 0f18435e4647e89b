from itertools import permutations

import numpy as np
import pytest
import tifffile

from napari_udt.io import is_damaged, is_readable, list_candidates, open_cube


def save(path, image, wavelengths=None, axis=0, **options):
    listed = {} if wavelengths is None else {"metadata": {"wavelengths": list(wavelengths)}}
    tifffile.imwrite(path, np.moveaxis(image, 2, axis), photometric="minisblack", **listed, **options)
    return path


@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"byteorder": ">"}, {"bigtiff": True}]
)
@pytest.mark.parametrize("limit", [None, 0])
def test_a_page_per_channel(tmp_path, image, wavelengths, options, limit):
    path = save(tmp_path / "x.tif", image, wavelengths, **options)
    assert is_readable(path)
    cube = open_cube(path, memory_limit_mb=limit)
    assert cube.is_lazy == (limit == 0)
    np.testing.assert_array_equal(cube.data[:], image)
    np.testing.assert_array_equal(cube.data[2, 3], image[2, 3])
    np.testing.assert_array_equal(cube.data[:, :, 1], image[:, :, 1])
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_channels_as_samples_of_one_page(tmp_path, image, wavelengths, compression):
    path = save(
        tmp_path / "x.tif", image, wavelengths, axis=2, planarconfig="contig", compression=compression
    )
    np.testing.assert_array_equal(open_cube(path, memory_limit_mb=0).data[1:3], image[1:3])


def test_imagej_labels_and_pixel_size(tmp_path, image, wavelengths):
    facts = {"axes": "CYX", "unit": "mm", "Labels": [f"band {i}: {w} nm" for i, w in enumerate(wavelengths)]}
    stack = np.moveaxis(image, 2, 0)
    tifffile.imwrite(tmp_path / "x.tif", stack, imagej=True, resolution=(20, 10), metadata=facts)
    cube = open_cube(tmp_path / "x.tif")
    np.testing.assert_array_equal(cube.data, image)
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)
    assert cube.pixel_size_mm == (0.1, 0.05)


@pytest.mark.parametrize(
    ("crs", "expected"), [("EPSG:32632", (30_000, 20_000)), ("EPSG:4326", None), (None, None)]
)
def test_geotiffs_that_gdal_wrote(tmp_path, image, wavelengths, crs, expected):
    rasterio = pytest.importorskip("rasterio")
    path, stack = tmp_path / "x.tif", np.moveaxis(image, 2, 0).astype(np.float32)
    where = rasterio.Affine(20.0, 0, 5e5, 0, -30.0, 4e6)
    how = {"count": len(stack), "height": stack.shape[1], "width": stack.shape[2], "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=where, nodata=-9999, **how) as file:
        for band, (picture, wavelength) in enumerate(zip(stack, wavelengths, strict=True), 1):
            picture = picture.copy()
            picture[0, 0] = -9999
            file.write(picture, band)
            file.update_tags(band, wavelength=f"{wavelength}", wavelength_units="nm")
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)
    np.testing.assert_allclose(cube.data[1:], image[1:], rtol=1e-6)
    assert np.isnan(cube.spectrum(0, 0)).all()
    assert cube.pixel_size_mm == (None if expected is None else pytest.approx(expected))


def test_ome_channels_and_pixel_size(tmp_path, image, wavelengths):
    facts = {
        "axes": "CYX",
        "PhysicalSizeX": 50.0,
        "PhysicalSizeY": 100.0,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"EmissionWavelength": list(wavelengths), "EmissionWavelengthUnit": ["nm"] * 4},
    }
    path = tmp_path / "x.ome.tif"
    tifffile.imwrite(path, np.moveaxis(image, 2, 0), metadata=facts, photometric="minisblack")
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.data, image)
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)
    assert cube.pixel_size_mm == pytest.approx((0.1, 0.05))


def test_without_wavelengths_they_are_asked_for(tmp_path, image, wavelengths, refusal):
    path = save(tmp_path / "x.tif", image)
    assert not is_readable(path)
    assert "no wavelengths" in refusal(path)
    np.testing.assert_array_equal(open_cube(path, wavelengths_nm=wavelengths).data, image)


def test_several_stacks_are_candidates(tmp_path, image, wavelengths):
    with tifffile.TiffWriter(tmp_path / "x.tif") as file:
        for part in (image[:3], image):
            stack = np.moveaxis(part, 2, 0)
            file.write(stack, photometric="minisblack", metadata={"wavelengths": list(wavelengths)})
    assert list_candidates(tmp_path / "x.tif") == ["stack 1", "stack 0"]
    np.testing.assert_array_equal(open_cube(tmp_path / "x.tif").data, image)


def test_pictures_are_declined(tmp_path):
    tifffile.imwrite(tmp_path / "grey.tif", np.ones((9, 9), np.uint8))
    tifffile.imwrite(tmp_path / "colour.tif", np.ones((9, 9, 3), np.uint8), photometric="rgb")
    for name in ("grey.tif", "colour.tif"):
        assert list_candidates_or_none(tmp_path / name) is None
        assert not is_readable(tmp_path / name)
        assert not is_damaged(tmp_path / name)


def list_candidates_or_none(path):
    from napari_udt.io.contract import Match
    from napari_udt.io.registry import sniff

    return None if sniff(path).match is Match.NO else list_candidates(path)


def test_a_page_that_declares_gigabytes_takes_no_memory(tmp_path, image, wavelengths, refusal):
    path = save(tmp_path / "x.tif", image, wavelengths, compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as file:
        for page in file.pages:
            for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
                page.tags[tag].overwrite(60000)
    refusal(path)


@pytest.mark.parametrize("kept", [4, 8, 60, 300])
def test_a_cut_file(tmp_path, image, wavelengths, refusal, kept):
    path = save(tmp_path / "x.tif", image, wavelengths)
    path.write_bytes(path.read_bytes()[:kept])
    refusal(path)
    assert not is_damaged(path)  # other programs read TIFF too, and say it in their words


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_frames_of_a_packed_hyperstack(tmp_path, compression):
    stack = np.random.default_rng(0).integers(0, 999, (3, 4, 6, 5)).astype(np.uint16)
    labels = ["500 nm", "600 nm", "700 nm", "800 nm"] * 3
    tifffile.imwrite(
        tmp_path / "x.tif",
        stack,
        imagej=True,
        compression=compression,
        metadata={"axes": "TCYX", "Labels": labels},
    )
    for frame in range(3):
        cube = open_cube(tmp_path / "x.tif", frame=frame, memory_limit_mb=0)
        np.testing.assert_array_equal(cube.data[:], np.moveaxis(stack[frame], 0, 2))
    assert list_candidates(tmp_path / "x.tif") == ["stack 0", "mean over frames"]


NM = [500.0, 612.5, 700.0, 805.0]
LABELS = [f"{nm:g} nm" for nm in NM]
SHAPED = [("".join(order), {"wavelengths": NM}, {}) for order in permutations("CYX")]
OME = [(o, {"Channel": {"Name": LABELS}}, {"ome": True}) for o in ("CYX", "TZCYX", "CTZYX", "ZCYX", "CTYX")]
IMAGEJ = [(o, {"Labels": LABELS}, {"imagej": True}) for o in ("CYX", "TZCYX", "ZCYX", "TCYX")]


@pytest.mark.parametrize(("axes", "said", "how"), [*SHAPED, *OME, *IMAGEJ])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_every_order_of_axes_that_is_written_opens_the_same(tmp_path, image, axes, said, how, compression):
    shape = [dict(zip("YXC", image.shape, strict=True)).get(axis, 1) for axis in axes]
    stored = np.transpose(image, ["YXC".index(axis) for axis in axes if axis in "YXC"]).reshape(shape)
    more = {} if "imagej" in how else {"photometric": "minisblack"}
    tifffile.imwrite(
        tmp_path / "x.tif", stored, compression=compression, metadata={"axes": axes, **said}, **how, **more
    )
    for limit in (None, 0):
        cube = open_cube(tmp_path / "x.tif", memory_limit_mb=limit)
        np.testing.assert_array_equal(cube.data[:], image)
        np.testing.assert_array_equal(cube.wavelengths_nm, NM)


@pytest.mark.parametrize("interleave", ["separate", "contig"])
@pytest.mark.parametrize(
    "how", [{}, {"tile": (16, 16), "compression": "zlib", "predictor": True}, {"bigtiff": True}]
)
def test_bands_of_gdal_in_planes_and_in_pixels(tmp_path, image, interleave, how):
    items = "".join(f'<Item name="wavelength" sample="{i}">{nm}</Item>' for i, nm in enumerate(NM))
    tag = (42112, "s", 0, f"<GDALMetadata>{items}</GDALMetadata>", True)
    stored = image if interleave == "contig" else np.moveaxis(image, 2, 0)
    more = {"photometric": "minisblack", "planarconfig": interleave, "metadata": None}
    tifffile.imwrite(tmp_path / "x.tif", stored, extratags=[tag], **more, **how)
    np.testing.assert_array_equal(open_cube(tmp_path / "x.tif").data, image)
