"""Zarr folders that zarr and xarray wrote, and ours read by them."""

import numpy as np
import pytest
import xarray
import zarr

from napari_udt import SpectralCube, open_cube, save_cube
from napari_udt.errors import CubeError, MissingMetadata, TransferCancelled
from napari_udt.io import list_candidates, save_cubes
from napari_udt.io.lazy import LazyCube
from napari_udt.series import Series

NM = np.arange(500.0, 600, 20)
VALUES = np.random.default_rng(0).random((5, 6, 7)).astype(np.float32)  # c, y, x


def _ome(path, version, axes="cyx", values=VALUES, labels=True):
    names = list(axes)
    kinds = {"c": "channel", "t": "time"}
    described = [
        {"name": n, "type": kinds.get(n, "space"), **({} if n in kinds else {"unit": "micrometer"})}
        for n in names
    ]
    scale = [1.0 if n in kinds else 250.0 for n in names]
    content = {
        "multiscales": [
            {
                "axes": described,
                "datasets": [
                    {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]},
                    {
                        "path": "1",
                        "coordinateTransformations": [{"type": "scale", "scale": [2 * s for s in scale]}],
                    },
                ],
            }
        ],
        "omero": {"channels": [{"label": f"{nm:g} nm" if labels else f"channel {nm:g}"} for nm in NM]},
    }
    group = zarr.open_group(str(path), mode="w", zarr_format=3 if version == "0.5" else 2)
    group.attrs.update({"ome": {"version": "0.5", **content}} if version == "0.5" else content)
    for name, part in (("0", values), ("1", values[..., ::2, ::2])):
        group.create_array(
            name, shape=part.shape, dtype=part.dtype, chunks=tuple(max(1, s // 2) for s in part.shape)
        )[...] = part
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_zarr_with_wavelengths_in_its_channels(version, tmp_path):
    cube = open_cube(_ome(tmp_path / "a.ome.zarr", version))
    np.testing.assert_array_equal(cube.wavelengths_nm, NM)
    np.testing.assert_array_equal(cube.rows(0, 6), np.moveaxis(VALUES, 0, -1))
    assert cube.pixel_size_mm == pytest.approx((0.25, 0.25))
    assert cube.metadata["file"]["format"] == "zarr"
    assert list_candidates(tmp_path / "a.ome.zarr") == ["0", "1"]


def test_frames_and_slices(tmp_path):
    values = np.arange(2 * 5 * 3 * 6 * 7, dtype=np.float32).reshape(2, 5, 3, 6, 7)
    path = _ome(tmp_path / "a.zarr", "0.5", "tczyx", values)
    assert list_candidates(path)[:3] == ["0, slice 1 of 3", "0, slice 2 of 3", "0, slice 3 of 3"]
    cube = open_cube(path, frame=1, candidate="0, slice 2 of 3")
    np.testing.assert_array_equal(cube.rows(0, 6), np.moveaxis(values[1, :, 1], 0, -1))
    assert (cube.metadata["frame"], cube.metadata["frames"]) == (1, 2)
    with pytest.raises(CubeError, match="no frame 2; the recording has 2: 0 to 1"):
        open_cube(path, frame=2)
    mean = open_cube(path, frame="mean", candidate="0, slice 3 of 3")
    np.testing.assert_allclose(mean.data, np.moveaxis(values[:, :, 2].mean(axis=0), 0, -1))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_xarray_writes(zarr_format, tmp_path):
    coordinate = ("wavelength", NM / 1000, {"units": "um"})
    array = xarray.DataArray(
        np.moveaxis(VALUES, 0, -1),
        dims=("y", "x", "wavelength"),
        coords={"wavelength": coordinate},
        name="reflectance",
    )
    array.to_dataset().to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format, consolidated=False)
    cube = open_cube(tmp_path / "a.zarr")
    np.testing.assert_allclose(cube.wavelengths_nm, NM)
    np.testing.assert_array_equal(cube.rows(0, 6), np.moveaxis(VALUES, 0, -1))


def test_values_and_bad_bands_that_attributes_state(tmp_path):
    stored = (VALUES * 1000).astype(np.int16)
    stored[:, 0, 0] = -9999
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=stored.shape, dtype="int16")
    array[...] = stored
    array.attrs.update(
        {
            "wavelengths_nm": list(NM),
            "scale_factor": 0.001,
            "_FillValue": -9999,
            "bbl": [1, 1, 0, 1, 1],
            "fwhm": [5.0] * 5,
        }
    )
    cube = open_cube(tmp_path / "a.zarr")
    assert np.isnan(cube.rows(0, 1)[0, 0]).all()
    np.testing.assert_allclose(cube.rows(0, 6)[1:], np.moveaxis(stored, 0, -1)[1:] * 0.001, rtol=1e-6)
    np.testing.assert_array_equal(cube.bad_bands, [False, False, True, False, False])
    assert cube.metadata["fwhm_nm"] == [5.0] * 5


def test_without_wavelengths_the_user_is_asked(tmp_path):
    path = _ome(tmp_path / "a.zarr", "0.5", labels=False)
    with pytest.raises(MissingMetadata, match="wavelengths"):
        open_cube(path)
    np.testing.assert_array_equal(open_cube(path, wavelengths_nm=NM).wavelengths_nm, NM)
    with pytest.raises(CubeError, match="9 wavelengths were given, but no array"):
        open_cube(path, wavelengths_nm=np.arange(500.0, 509))


def test_large_cubes_stay_in_the_folder(tmp_path):
    cube = open_cube(_ome(tmp_path / "a.zarr", "0.5"), memory_limit_mb=1e-4)
    assert isinstance(cube.data, LazyCube)
    np.testing.assert_array_equal(cube.data[2, 3], VALUES[:, 2, 3])


@pytest.fixture
def full_cube():
    rng = np.random.default_rng(3)
    return SpectralCube(
        data=rng.random((9, 11, 4)).astype(np.float32),
        wavelengths_nm=np.array([700.0, 730, 760, 800.5]),
        modality="PAT",
        domain="simulated",
        labels=rng.integers(0, 3, (9, 11)),
        label_names={0: "fat", 1: "vein", 2: "artery"},
        oxygenation=rng.random((9, 11)).astype(np.float32),
        pixel_size_mm=(0.1, 0.2),
        quantity="pressure [a.u.]",
        origin="simulated with care",
        name="forearm",
        provenance={"model": {"name": "m"}},
        bad_bands=np.array([False, True, False, False]),
    )


@pytest.mark.parametrize("compress", [False, True])
def test_what_is_written_opens_equal(full_cube, compress, tmp_path):
    save_cube(full_cube, tmp_path / "a.ome.zarr", compress=compress)
    cube = open_cube(tmp_path / "a.ome.zarr")
    np.testing.assert_array_equal(cube.rows(0, 9), full_cube.rows(0, 9))
    np.testing.assert_array_equal(cube.labels, full_cube.labels)
    np.testing.assert_array_equal(cube.oxygenation, full_cube.oxygenation)
    np.testing.assert_array_equal(cube.bad_bands, full_cube.bad_bands)
    for name in ("modality", "domain", "label_names", "quantity", "origin", "name", "provenance"):
        assert getattr(cube, name) == getattr(full_cube, name), name
    assert cube.pixel_size_mm == pytest.approx((0.1, 0.2))
    with pytest.raises(CubeError, match="exists"):
        save_cube(full_cube, tmp_path / "a.ome.zarr")


def test_ours_is_plain_ome_zarr_for_others(full_cube, tmp_path):
    save_cube(full_cube, tmp_path / "a.ome.zarr")
    group = zarr.open_group(str(tmp_path / "a.ome.zarr"), mode="r")
    ome = group.attrs["ome"]
    assert ome["version"] == "0.5"
    assert [axis["name"] for axis in ome["multiscales"][0]["axes"]] == ["c", "y", "x"]
    assert [channel["label"] for channel in ome["omero"]["channels"]] == [
        "700 nm",
        "730 nm",
        "760 nm",
        "800.5 nm",
    ]
    np.testing.assert_array_equal(group["0"][...], np.moveaxis(full_cube.rows(0, 9), -1, 0))
    assert group["labels"].attrs["ome"]["labels"] == ["structures"]
    np.testing.assert_array_equal(group["labels/structures/0"][...], full_cube.labels)


def test_hostile_fields_of_ours_are_passed_over(full_cube, tmp_path):
    save_cube(full_cube, tmp_path / "a.zarr")
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r+")
    group.attrs["napari_udt"] = {"modality": "x-ray", "domain": 7, "origin": ["a"], "provenance": "no"}
    cube = open_cube(tmp_path / "a.zarr")
    assert (cube.modality, cube.domain, dict(cube.provenance)) == ("HSI", "unknown", {})


def test_a_damaged_folder_is_one_sentence(tmp_path):
    path = _ome(tmp_path / "a.zarr", "0.5")
    (path / "zarr.json").write_text("{")
    with pytest.raises(CubeError):
        open_cube(path)
    (path / "zarr.json").unlink()
    (path / "zarr.json").mkdir()
    with pytest.raises(CubeError):
        open_cube(path)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("axis", "positions"),
    [
        ("time", [0, 0.5, 1.0]),
        ("time", [0, 0.5, 2.0]),
        ("depth", [0, 0.3, 0.6]),
        ("depth", [1.0, 1.5, 3.0]),
        ("time", None),
    ],
)
def test_series_are_written_whole(full_cube, tmp_path, compress, axis, positions):
    def read(index):
        labels = np.roll(full_cube.labels, index, axis=0)
        changed = full_cube.with_(data=full_cube.data * (index + 1), labels=labels)
        return changed.with_(series=series, place=index)

    series = Series(axis, 3, read, None if positions is None else np.array(positions))
    save_cube(series[1], tmp_path / "a.ome.zarr", compress=compress)
    written = open_cube(tmp_path / "a.ome.zarr")
    assert written.series.axis == axis
    if positions is None:
        assert written.series.positions is None
    else:
        np.testing.assert_allclose(written.series.positions, np.array(positions) - positions[0])
    for one, expected in zip(written.series, series, strict=True):
        np.testing.assert_array_equal(one.data[:], expected.data)
        np.testing.assert_array_equal(one.labels, expected.labels)
        np.testing.assert_allclose(one.oxygenation, expected.oxygenation)
        assert one.label_names == expected.label_names
        assert one.pixel_size_mm == pytest.approx(expected.pixel_size_mm)


def test_writing_reports_bytes_and_can_be_cancelled(full_cube, tmp_path):
    reports = []
    save_cubes([full_cube], tmp_path / "a.zarr", progress=lambda *report: reports.append(report))
    size = 4 * np.prod(full_cube.shape)
    assert (reports[0], reports[-1]) == ((0, size), (size, size))

    def stop(done, total):
        raise TransferCancelled

    with pytest.raises(TransferCancelled):
        save_cubes([full_cube], tmp_path / "b.zarr", progress=stop)
    assert not (tmp_path / "b.zarr").exists()
