"""Recordings of several pictures open as series, whatever the format; the others are read when asked for."""

import h5py
import numpy as np
import pacfish
import pytest
import tifffile
import zarr
from pa_scenes import WAVELENGTHS, arc_mm, line_mm, recorded, write_ipasc, write_ithera, write_patato

from napari_udt.errors import CubeError
from napari_udt.io import hdf5_sources, list_candidates, open_cube
from napari_udt.io.frames import of_earlier_title
from napari_udt.reconstruction.options import ReconstructionOptions

COARSE = ReconstructionOptions(pixel_mm=1.0, field_of_view_mm=8.0)
TICKS = 638_049_888_000_000_000 + np.array([[0, 3, 6], [10, 13, 16], [25, 28, 31]]) * 1_000_000
NM = [500.0, 600.0, 700.0, 800.0]


@pytest.fixture
def reads(monkeypatch):
    """Selections that are read from HDF5 files as long as the test runs."""
    found = []
    read = hdf5_sources.Hdf5Source.read

    def noted(self, selection):
        found.append(selection)
        return read(self, selection)

    monkeypatch.setattr(hdf5_sources.Hdf5Source, "read", noted)
    return found


def _pictures(frames=3, slices=1, seed=0):
    """Values (frames, wavelengths, z, y, x)."""
    return np.random.default_rng(seed).random((frames, 3, slices, 40, 41)).astype(np.float32)


def _check(cube, expected, axis, positions, place=None):
    """Whether a cube is a picture of a series whose pictures are ``expected`` (n, rows, columns, channels)."""
    series = cube.series
    if place is None:  # the first frame, the middle slice
        place = len(expected) // 2 if axis == "depth" else 0
    assert (series.axis, len(series), cube.place) == (axis, len(expected), place)
    if positions is None:
        assert series.positions is None
    else:
        np.testing.assert_allclose(series.positions, positions, rtol=1e-6)
    np.testing.assert_array_equal(cube.data[:], expected[place])
    for index, picture in enumerate(series):
        np.testing.assert_array_equal(picture.data[:], expected[index])
        assert (picture.place, picture.series) == (index, series)
        file = picture.metadata["file"]
        again = open_cube(file["path"], candidate=file["candidate"], **file["options"])
        np.testing.assert_array_equal(again.data[:], expected[index])


def test_patato_frames_with_their_time_stamps(tmp_path, reads):
    image = _pictures()
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): image}, stamps=TICKS)
    cube = open_cube(path)
    assert [selection[0] for selection in reads] == [0], "opening reads one picture"
    assert cube.series[2].is_lazy
    assert len(reads) == 1, "a further one is read when its values are"
    _check(cube, image[:, :, 0, ::-1].transpose(0, 2, 3, 1), "time", [0, 1.0, 2.5])
    assert open_cube(path, frame="mean").series is None


@pytest.mark.parametrize("stamps", [None, TICKS[::-1], np.zeros((3, 3)), TICKS[:2], np.full((3, 3), np.nan)])
def test_time_stamps_of_no_use_leave_numbers_of_frames(tmp_path, stamps):
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): _pictures()}, stamps=stamps)
    series = open_cube(path).series
    assert series.positions is None
    assert series.unit == "frame"


def test_patato_slices_of_a_single_frame(tmp_path):
    image = _pictures(1, 5)
    saturation = np.random.default_rng(1).random((1, 1, 5, 40, 41))
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): image},
        so2={("BP", "0"): saturation},
        fov_m=(0.02, 0.02, 0.004),
    )
    cube = open_cube(path)
    _check(cube, image[0, :, :, ::-1].transpose(1, 2, 3, 0), "depth", np.arange(5.0), place=2)
    np.testing.assert_allclose(cube.series[4].oxygenation, saturation[0, 0, 4, ::-1], rtol=1e-6)
    assert list_candidates(path) == ["recons/BP/0"]
    with pytest.raises(CubeError, match="no slice 5; the volume has 5: 0 to 4"):
        open_cube(path, frame=5)
    with pytest.raises(CubeError, match="no slice 'mean'"):
        open_cube(path, frame="mean")


def test_regions_keep_their_number_in_all_frames(tmp_path):
    square = np.array([[0, 0], [0.004, 0], [0.004, 0.004], [0, 0.004]])
    rois = {("first_", "0"): (square, {"z": 10.0}), ("second_", "0"): (-square, {"z": 12.0})}
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): _pictures(2)},
        rois=rois,
        stage=np.array([[10.0] * 3, [12.0] * 3]),
    )
    pictures = list(open_cube(path).series)
    assert [picture.present_labels for picture in pictures] == [
        {0: "unlabelled", 1: "first_"},
        {0: "unlabelled", 2: "second_"},
    ]


def test_ithera_pictures_and_previews_with_their_time_stamps(tmp_path):
    detectors = arc_mm(-45, 225)
    stored = np.random.default_rng(0).random((3, 3, 7, 7))
    elements = {"Resolution": 7, "Roi": 0.0175}
    path = write_ithera(
        tmp_path / "S",
        detectors_mm=detectors,
        raw=recorded(detectors, [(0, 0, 0)], frames=3),
        frames=3,
        pictures=[("aaaaaaaa-1", stored, elements)],
        stamps=TICKS,
    )
    cube = open_cube(path, memory_limit_mb=0)
    np.testing.assert_allclose(cube.series.positions, [0, 1.0, 2.5])
    np.testing.assert_allclose(cube.series[2].data[:], stored[2].transpose(2, 1, 0), rtol=1e-6)
    preview = open_cube(path, candidate="preview reconstruction", reconstruction=COARSE)
    np.testing.assert_allclose(preview.series.positions, [0, 1.0, 2.5])
    peaks = [picture.data.max() for picture in preview.series]
    np.testing.assert_allclose(np.array(peaks) / peaks[0], [1, 2, 3], rtol=0.02)


def test_frames_of_raw_series_are_reconstructed_when_asked_for(tmp_path, monkeypatch):
    series = recorded(line_mm(), [(0, 0, 12)], 4).transpose(2, 3, 1, 0)
    tag = pacfish.MetadataAcquisitionTags.MEASUREMENT_TIMESTAMPS.tag
    path = write_ipasc(
        tmp_path / "x.hdf5",
        series,
        line_mm(),
        bounds_mm=[-10, 10, 0, 0, 0, 20],
        **{tag: np.repeat([2.0, 2.5, 3.5, 5.0], len(WAVELENGTHS))},
    )
    from napari_udt.io.photoacoustic import ipasc

    asked, read = [], ipasc._frame
    monkeypatch.setattr(ipasc, "_frame", lambda path, frame: asked.append(frame) or read(path, frame))
    reports = []
    cube = open_cube(path, reconstruction=COARSE, frame=1, progress=lambda *done: reports.append(done))
    assert (asked, cube.place) == ([1], 1)
    before = len(reports)
    assert cube.series[3].data.max() == pytest.approx(2 * cube.data.max(), rel=0.02)
    assert asked == [1, 3]
    assert len(reports) == before, "later pictures do not report to whom the file was opened for"
    np.testing.assert_allclose(cube.series.positions, [0, 0.5, 1.5, 3.0])


@pytest.mark.parametrize("packed", [False, True])
def test_simpa_planes_with_their_own_maps(tmp_path, packed):
    image = np.random.default_rng(0).random((2, 20, 6, 21)).astype(np.float32)  # wavelength, x, y, z
    labels = np.arange(6)[None, :, None] + np.zeros((20, 6, 21))
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as file:
        file["settings/Settings/voxel_spacing_mm"] = 0.3
        file["simulations/simulation_properties/seg"] = labels
        for name, values in zip(("700", "800"), image, strict=True):
            group = file.require_group("simulations/optical_forward_model_output/initial_pressure")
            group.create_dataset(name, data=values, compression="gzip" if packed else None)
    cube = open_cube(path)
    _check(cube, image.transpose(2, 3, 1, 0), "depth", np.arange(6) * 0.3, place=3)
    assert [list(picture.present_labels) for picture in cube.series] == [[i] for i in range(6)]
    assert list_candidates(path) == ["initial_pressure"]


def test_planes_of_coarser_pixels_get_the_maps_where_they_lie(tmp_path):
    path = tmp_path / "x.hdf5"
    with h5py.File(path, "w") as file:
        file["settings/Settings/voxel_spacing_mm"] = 0.5
        file["settings/Settings/reconstruction_model_settings/Settings/voxel_spacing_mm"] = 1.0
        file["simulations/simulation_properties/seg"] = np.arange(10)[None, :, None] + np.zeros((8, 10, 8))
        for name in ("700", "800"):
            file[f"simulations/reconstructed_data/{name}"] = np.ones((4, 3, 4), np.float32)
    found = [list(picture.present_labels) for picture in open_cube(path).series]
    assert found == [[3], [5], [7]], "the middle of the volume lies between the planes 4 and 5"


@pytest.mark.parametrize("packing", [None, "zlib"])
@pytest.mark.parametrize(
    ("axes", "shape"), [("TCYX", (3, 4, 20, 21)), ("ZCYX", (5, 4, 20, 21)), ("TZCYX", (3, 5, 4, 20, 21))]
)
def test_imagej_hyperstacks(tmp_path, packing, axes, shape):
    stack = np.random.default_rng(0).integers(0, 999, shape).astype(np.uint16)
    labels = [f"{nm:g} nm" for nm in NM] * int(np.prod(shape[:-3]))
    said = {"axes": axes, "Labels": labels, "finterval": 0.25, "spacing": 2.5, "unit": "mm"}
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, stack, imagej=True, compression=packing, metadata=said)
    if axes == "TZCYX":
        assert list_candidates(path)[:2] == ["stack 0, slice 1 of 5", "stack 0, slice 2 of 5"]
        cube, stack = open_cube(path, candidate="stack 0, slice 2 of 5"), stack[:, 1]
        assert (cube.metadata["slice"], cube.metadata["slices"]) == (1, 5)
    else:
        cube = open_cube(path)
    axis, step = ("depth", 2.5) if axes == "ZCYX" else ("time", 0.25)
    _check(cube, np.moveaxis(stack, 1, -1), axis, np.arange(len(stack)) * step)


@pytest.mark.parametrize("packing", [None, "zlib"])
@pytest.mark.parametrize("axes", ["TCYX", "CTYX", "CZYX", "TCZYX", "CTZYX"])
def test_ome_tiffs_in_any_order_of_axes(tmp_path, packing, axes):
    lengths = {"T": 3, "Z": 5, "C": 4, "Y": 20, "X": 21}
    stack = np.random.default_rng(0).integers(0, 999, [lengths[a] for a in axes]).astype(np.uint16)
    said = {
        "axes": axes,
        "TimeIncrement": 200.0,
        "TimeIncrementUnit": "ms",
        "PhysicalSizeZ": 300.0,
        "PhysicalSizeZUnit": "µm",
        "Channel": {"EmissionWavelength": NM, "EmissionWavelengthUnit": ["nm"] * 4},
    }
    path = tmp_path / "x.ome.tif"
    tifffile.imwrite(path, stack, ome=True, compression=packing, metadata=said)
    first = "T" if "T" in axes else "Z"
    stack = np.moveaxis(stack, axes.index(first), 0)
    rest = axes.replace(first, "")
    if "Z" in rest:
        stack, rest = np.take(stack, 0, 1 + rest.index("Z")), rest.replace("Z", "")
    axis, step = ("time", 0.2) if first == "T" else ("depth", 0.3)
    _check(open_cube(path), np.moveaxis(stack, 1 + rest.index("C"), -1), axis, np.arange(len(stack)) * step)


def test_ome_time_stamps_of_planes_go_before_the_increment(tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (3, 4, 6, 5)).astype(np.uint16)
    stamps = [0.0, 0.1, 0.2, 0.3, 1.0, 1.1, 1.2, 1.3, 4.0, 4.1, 4.2, 4.3]
    said = {
        "axes": "TCYX",
        "TimeIncrement": 9.0,
        "Plane": {"DeltaT": stamps, "DeltaTUnit": ["s"] * 12},
        "Channel": {"EmissionWavelength": NM},
    }
    tifffile.imwrite(tmp_path / "x.ome.tif", stack, ome=True, metadata=said)
    np.testing.assert_allclose(open_cube(tmp_path / "x.ome.tif").series.positions, [0, 1, 4])


def _zarr(path, axes, values, units, labels=None):
    entries = [{"name": n, **({"unit": units[n]} if n in units else {})} for n in axes]
    steps = [0.5 if n in "tz" else 1.0 for n in axes]
    scale = [{"type": "scale", "scale": steps}]
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    described = {"axes": entries, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [described]}
    group.attrs["wavelengths_nm"] = NM
    group.create_array("0", data=values)
    if labels is not None:
        group.create_group("labels").create_array("tissue", data=labels)
    return path


@pytest.mark.parametrize(
    ("axes", "axis", "units"), [("tcyx", "time", "millisecond"), ("czyx", "depth", "meter")]
)
def test_ome_zarr_axes_with_their_scale(tmp_path, axes, axis, units):
    shape = {"t": 3, "z": 3, "c": 4, "y": 6, "x": 7}
    values = np.random.default_rng(0).random([shape[a] for a in axes]).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (3, 6, 7))
    path = _zarr(tmp_path / "x.zarr", axes, values, {axes[0]: units, "z": units}, labels)
    step = {"millisecond": 0.5e-3, "meter": 500.0}[units]
    pictures = np.moveaxis(values, (axes.index(axes.strip("cyx")), axes.index("c")), (0, -1))
    cube = open_cube(path)
    _check(cube, pictures, axis, np.arange(3) * step)
    for picture, expected in zip(cube.series, labels, strict=True):
        np.testing.assert_array_equal(picture.labels, expected)


def test_one_label_picture_of_a_zarr_serves_all_frames(tmp_path):
    values = np.random.default_rng(0).random((3, 4, 6, 7)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (1, 6, 7))
    cube = open_cube(_zarr(tmp_path / "x.zarr", "tcyx", values, {}, labels))
    assert cube.series.positions is None
    for picture in cube.series:
        np.testing.assert_array_equal(picture.labels, labels[0])


def test_a_bad_picture_names_the_file_and_itself(tmp_path):
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): _pictures()})
    cube = open_cube(path)
    path.unlink()
    with pytest.raises(CubeError, match=r"x\.hdf5.*\(This is frame 2 of 3, counted from 0\.\)"):
        cube.series[2]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("recons/BP/0, frame 3", ("recons/BP/0", 3)),
        ("frame 2", (None, 2)),
        ("mua, plane y = 7", ("mua", 7)),
        ("0, slice 2 of 3", ("0", 1)),
        ("recons/BP/0", None),
        ("frame of reference", None),
    ],
)
def test_titles_of_earlier_versions_still_open(title, expected):
    assert of_earlier_title(title) == expected


def test_a_frame_that_an_earlier_version_listed_opens(tmp_path):
    image = _pictures()
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): image})
    cube = open_cube(path, candidate="recons/BP/0, frame 2")
    assert cube.place == 2
    np.testing.assert_array_equal(cube.data, image[2, :, 0, ::-1].transpose(1, 2, 0))


def _scaled(path, axes, values, places, labels=None):
    """HDF5 with a dimension scale for each axis, as NetCDF stores its dimensions; ``places`` by axis: (values, unit)."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset("spectra", data=values)
        for place, name in enumerate(axes):
            numbers, unit = places.get(name, (np.arange(values.shape[place]), None))
            scale = file.create_dataset(name, data=numbers)
            scale.make_scale(name)
            if unit:
                scale.attrs["units"] = np.bytes_(unit)
            data.dims[place].attach_scale(scale)
        if labels is not None:
            file["labels"] = labels
    return path


@pytest.mark.parametrize(
    ("axes", "places", "axis", "positions"),
    [
        (
            ["time", "wavelength", "y", "x"],
            {"time": ([7, 9, 12], "seconds since 2026-11-30")},
            "time",
            [0, 2, 5],
        ),
        (["depth", "y", "x", "wavelength"], {"depth": ([0.0, -0.1, -0.3], "cm")}, "depth", [0, 1, 3]),
        (["wavelength", "z", "y", "x"], {}, "depth", None),
    ],
)
def test_hdf5_whose_scales_name_the_axes(tmp_path, axes, places, axis, positions):
    lengths = {"wavelength": 4, "y": 6, "x": 7}
    values = np.random.default_rng(0).random([lengths.get(name, 3) for name in axes]).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (3, 6, 7))
    path = _scaled(tmp_path / "x.nc", axes, values, {**places, "wavelength": (NM, "nm")}, labels)
    first = next(i for i, name in enumerate(axes) if name not in lengths)
    pictures = np.moveaxis(values, (first, axes.index("wavelength")), (0, -1))
    cube = open_cube(path)
    _check(cube, pictures, axis, positions)
    for picture, expected in zip(cube.series, labels, strict=True):
        np.testing.assert_array_equal(picture.labels, expected)


def test_hdf5_with_frames_of_slices(tmp_path):
    values = np.random.default_rng(0).random((2, 3, 4, 6, 7)).astype(np.float32)
    places = {"wavelength": (NM, "nm"), "time": ([0.0, 0.5], "ms")}
    path = _scaled(tmp_path / "x.nc", ["time", "z", "wavelength", "y", "x"], values, places)
    assert list_candidates(path)[:2] == ["/spectra, slice 1 of 3", "/spectra, slice 2 of 3"]
    cube = open_cube(path, candidate="/spectra, slice 3 of 3")
    _check(cube, np.moveaxis(values[:, 2], 1, -1), "time", [0, 0.0005])
    mean = open_cube(path, frame="mean", candidate="/spectra, slice 2 of 3")
    np.testing.assert_allclose(mean.data, np.moveaxis(values[:, 1].mean(axis=0), 0, -1), rtol=1e-6)


def test_four_axes_without_names_are_no_series(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["spectra"], file["wavelengths"] = np.ones((3, 6, 7, 4)), NM
    with pytest.raises(CubeError):
        open_cube(tmp_path / "x.h5")


def test_netcdf_by_xarray(tmp_path):
    xarray, _ = pytest.importorskip("xarray"), pytest.importorskip("h5netcdf")
    values = np.random.default_rng(0).random((3, 6, 7, 4)).astype(np.float32)
    coordinates = {
        "time": ("time", [0.0, 0.25, 0.75], {"units": "s"}),
        "wavelength": ("wavelength", NM, {"units": "nm"}),
    }
    array = xarray.DataArray(
        values, dims=("time", "y", "x", "wavelength"), coords=coordinates, name="spectra"
    )
    array.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    _check(open_cube(tmp_path / "x.nc"), values, "time", [0, 0.25, 0.75])


def test_a_small_packed_picture_is_unpacked_once(tmp_path):
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): _pictures()})
    with h5py.File(path, "r+") as file:
        values = np.random.default_rng(0).random((3, 3, 1, 400, 400)).astype(np.float32)
        del file["recons/BP/0"]
        file.create_dataset("recons/BP/0", data=values, compression="gzip", chunks=(1, 1, 1, 400, 400))
    assert not open_cube(path).series[2].is_lazy
