"""Series in formats that hold plain arrays: npz, MATLAB, NRRD, HyperSpy, HDF5, ENVI, as their own libraries write them."""

import h5py
import nrrd
import numpy as np
import pytest
import spectral.io.envi as library
from rsciio.hspy import file_writer
from scipy.io import savemat
from test_matlab import save_v73
from test_own_series import check, scan

from napari_udt.errors import CubeError
from napari_udt.io import list_candidates, open_cube, save_cube
from napari_udt.io.array_axes import ArrayAxes, axes_of, is_name_of_axes, split_names
from napari_udt.io.convert import convert, left_out
from napari_udt.io.positions import axis_of_list, unit_in_list_name

NM = [500.0, 600.0, 700.0, 800.0]
LENGTHS = {"t": 3, "z": 5, "y": 6, "x": 7, "c": 4}
TIMES = [2.0, 2.5, 4.0]
SECONDS = [0, 0.5, 2.0]


def array(axes, kind=np.float32):
    return np.random.default_rng(0).random([LENGTHS[a] for a in axes]).astype(kind)


def pictures(values, axes, along):
    """The pictures (rows, columns, channels) of an array along an axis; of another one beside it the first."""
    for other in set("tz") & set(axes) - {along}:
        values, axes = np.take(values, 0, axes.index(other)), axes.replace(other, "")
    return values.transpose([axes.index(a) for a in along + "yxc"])


def holds(cube, expected, axis="time", positions=None):
    series = cube.series
    assert (series.axis, len(series)) == (axis, len(expected))
    if positions is None:
        assert series.positions is None
    else:
        np.testing.assert_allclose(series.positions, positions, atol=1e-12)
    for one, values in zip(series, expected, strict=True):
        np.testing.assert_array_equal(one.data[:], values.astype(np.float32))
        file = one.metadata["file"]
        again = open_cube(file["path"], candidate=file["candidate"], **file["options"])
        np.testing.assert_array_equal(again.data[:], one.data[:])


def npz(path, **said):
    np.savez(path.with_suffix(".npz"), **said)
    return path.with_suffix(".npz")


def mat5(path, **said):
    savemat(path.with_suffix(".mat"), {name: np.asarray(value) for name, value in said.items()})
    return path.with_suffix(".mat")


def struct(path, **said):
    savemat(path.with_suffix(".mat"), {"scan": said}, do_compression=True)
    return path.with_suffix(".mat")


def mat73(path, **said):
    texts = {name: value for name, value in said.items() if isinstance(value, str)}
    save_v73(
        path.with_suffix(".mat"),
        {**said, **{n: np.array([[ord(letter) for letter in text]], np.uint16) for n, text in texts.items()}},
    )
    return path.with_suffix(".mat")


def hdf5(path, **said):
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, value in said.items():
            file[f"scan/{name}"] = value
    return path.with_suffix(".h5")


WRITERS = [npz, mat5, struct, mat73, hdf5]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("axes", ["tyxc", "yxct", "ctyx", "tcxy"])
def test_a_text_names_the_axes(tmp_path, write, axes):
    values = array(axes)
    path = write(tmp_path / "x", cube=values, wavelengths=NM, dims=axes, time_s=TIMES)
    holds(open_cube(path), pictures(values, axes, "t"), positions=SECONDS)
    mean = open_cube(path, frame="mean")
    np.testing.assert_allclose(mean.data[:], pictures(values, axes, "t").mean(axis=0), rtol=1e-6)
    assert any("mean over frames" in title for title in list_candidates(path))


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("said", "axis", "positions"),
    [
        ({"time_ms": [0.0, 500, 2000]}, "time", SECONDS),
        ({"timestamps": TIMES, "timestamps_unit": "s"}, "time", SECONDS),
        ({"t": TIMES}, "time", None),
        ({"z_um": [0.0, 100, 300]}, "depth", [0, 0.1, 0.3]),
    ],
)
def test_a_list_as_long_as_one_axis_names_it(tmp_path, write, said, axis, positions):
    values = array("tyxc")
    path = write(tmp_path / "x", cube=values, wavelengths=NM, **said)
    holds(open_cube(path), pictures(values, "tyxc", "t"), axis, positions)


@pytest.mark.parametrize("write", WRITERS)
def test_frames_of_slices_with_labels_of_each_frame(tmp_path, write):
    values, labels = array("tzyxc"), np.random.default_rng(1).integers(0, 3, (3, 6, 7))
    if write in (mat5, struct, mat73):
        values, labels = np.moveaxis(values, (0, 1), (-1, -2)), np.moveaxis(labels, 0, -1)
    dims = "tzyxc" if values.shape[0] == 3 else "yxczt"
    path = write(tmp_path / "x", cube=values, wavelengths=NM, dims=dims, labels=labels)
    assert len([title for title in list_candidates(path) if "slice" in title]) == 5
    cube = open_cube(path)
    holds(cube, pictures(values, dims, "t"))
    stored = np.moveaxis(labels, -1, 0) if labels.shape[0] == 6 else labels
    for one, expected in zip(cube.series, stored, strict=True):
        np.testing.assert_array_equal(one.labels, expected)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    "said",
    [{}, {"dims": "abcd"}, {"dims": "tyx"}, {"time": [1.0, 2, 3, 4, 5, 6, 7, 8]}],
)
def test_axes_that_nothing_tells_apart_are_named_in_the_refusal(tmp_path, write, said, refusal):
    path = write(tmp_path / "x", cube=array("tyxc"), wavelengths=NM, **said)
    assert "(3, 6, 7, 4); expected three axes, or a text called dims" in refusal(path)


def test_a_list_that_fits_two_axes_is_none(tmp_path, refusal):
    values = np.ones((6, 6, 7, 4), np.float32)
    assert "a list called time" in refusal(npz(tmp_path / "x", cube=values, wavelengths=NM, time_s=range(6)))


def test_names_in_attributes_of_hdf5(tmp_path):
    values = array("tyxc")
    for number, said in enumerate(({"axes": "t,y,x,c"}, {"dims": ["time", "y", "x", "wavelength"]})):
        path = hdf5(tmp_path / f"{number}", cube=values, wavelengths=NM)
        with h5py.File(path, "r+") as file:
            (file["scan"] if number else file["scan/cube"]).attrs.update(said)
        holds(open_cube(path), pictures(values, "tyxc", "t"))
    with h5py.File(path, "r+") as file:
        del file["scan"].attrs["dims"]
        for place, label in enumerate(("frame", "row", "col", "band")):
            file["scan/cube"].dims[place].label = label
    holds(open_cube(path), pictures(values, "tyxc", "t"))


def test_foreign_arrays_of_four_axes_are_left_to_others(tmp_path):
    for path in (
        npz(tmp_path / "a", kernel=np.ones((3, 3, 8, 16))),
        hdf5(tmp_path / "b", kernel=np.ones((3, 3, 8, 16))),
    ):
        with pytest.raises(CubeError, match="no"):
            open_cube(path)


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ("xyct", {"labels": ["x", "y", "wavelength", "t"], "units": ["mm", "mm", "nm", "ms"]}),
        ("tcyx", {"kinds": ["time", "list", "space", "space"], "units": ["s", "", "mm", "mm"]}),
        ("xyzc", {"labels": ["x", "y", "z", "c"], "units": ["mm", "mm", "mm", ""]}),
    ],
)
def test_nrrd(tmp_path, axes, said, encoding):
    values = array(axes)  # pynrrd counts the fastest axis first
    step = {"t": 0.5, "z": 2.0, "x": 0.1, "y": 0.2, "c": np.nan}
    head = {"encoding": encoding, "spacings": [step[a] for a in axes], "wavelengths": " ".join(map(str, NM))}
    nrrd.write(str(tmp_path / "x.nrrd"), values, {**said, **head}, index_order="F")
    along = "t" if "t" in axes else "z"
    unit = 1e-3 if said["units"][-1] == "ms" else 1
    cube = open_cube(tmp_path / "x.nrrd")
    if axes == "tcyx":  # nothing labels rows and columns: the faster one runs along the rows
        values = values.transpose(0, 1, 3, 2)
        axes = "tcxy"
    expected = pictures(
        values, axes.replace("x", "Y").replace("y", "x").lower() if axes == "tcxy" else axes, along
    )
    holds(cube, expected, "time" if along == "t" else "depth", np.arange(len(expected)) * step[along] * unit)


def signal(path, axes, values, units):
    """Write a signal whose axes have these names, as HyperSpy does."""
    listed = [
        {
            "name": {"t": "time", "c": "Wavelength"}.get(name, name),
            "units": units.get(name, "mm"),
            "navigate": name != "c",
            "size": values.shape[place],
            "_type": "DataAxis" if name == "c" else "UniformDataAxis",
            "index_in_array": place,
            "is_binned": False,
            **({"axis": np.array(NM)} if name == "c" else {"scale": 0.5, "offset": 3.0}),
        }
        for place, name in enumerate(axes)
    ]
    said = {"General": {"title": "liver"}, "Signal": {"signal_type": ""}}
    empty = {"original_metadata": {}, "learning_results": {}, "models": {}, "tmp_parameters": {}}
    package = {"package": "hyperspy", "package_version": "2.0"}
    file_writer(
        str(path),
        {
            "data": values,
            "axes": listed,
            "metadata": said,
            "attributes": {"_lazy": False},
            "package_info": package,
            **empty,
        },
    )
    return path


@pytest.mark.parametrize(
    ("axes", "units", "axis", "step"),
    [
        ("tyxc", {"t": "ms"}, "time", 0.5e-3),
        ("zyxc", {"z": "µm"}, "depth", 0.5e-3),
        ("tzyxc", {"t": "s"}, "time", 0.5),
    ],
)
def test_hyperspy(tmp_path, axes, units, axis, step):
    values = array(axes)
    path = signal(tmp_path / "x.hspy", axes, values, {**units, "c": "nm"})
    expected = pictures(values, axes, axes[0])
    holds(open_cube(path), expected, axis, np.arange(len(expected)) * step)
    assert open_cube(path).pixel_size_mm == (0.5, 0.5)
    assert len([title for title in list_candidates(path) if "slice" in title]) == (
        5 if axes == "tzyxc" else 0
    )


@pytest.mark.parametrize(("axis", "positions"), [("time", (0.0, 0.5, 1.5, 2.0)), ("depth", None)])
def test_envi_holds_a_series_one_picture_below_the_other(tmp_path, axis, positions):
    written, _ = scan(axis=axis, positions=positions, place=2 if axis == "depth" else 0)
    save_cube(written, tmp_path / "x.hdr")
    once = written.series.derived(lambda index, one: one.with_(provenance=written.provenance))
    check(open_cube(tmp_path / "x.hdr"), written.with_(series=once))
    tall = np.concatenate([one.data for one in written.series])
    opened = library.open(str(tmp_path / "x.hdr"))
    np.testing.assert_array_equal(np.asarray(opened.load()), tall)
    np.testing.assert_array_equal(opened.bands.centers, written.wavelengths_nm)
    if axis == "time":
        mean = open_cube(tmp_path / "x.hdr", frame="mean")
        np.testing.assert_allclose(
            mean.data, np.mean([one.data for one in written.series], axis=0), rtol=1e-5
        )
        assert list_candidates(tmp_path / "x.hdr") == ["cube", "cube, mean over frames"]


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_envi_of_the_spectral_library_with_our_fields(tmp_path, interleave):
    values = array("tyxc")
    said = {"wavelength": NM, "series axis": "time", "series length": 3, "series positions": SECONDS}
    library.save_image(
        str(tmp_path / "x.hdr"), values.reshape(18, 7, 4), metadata=said, interleave=interleave
    )
    holds(open_cube(tmp_path / "x.hdr"), values, positions=SECONDS)
    lazily = open_cube(tmp_path / "x.hdr", frame=2, memory_limit_mb=0)
    np.testing.assert_array_equal(lazily.data[4, 3], values[2, 4, 3])
    np.testing.assert_array_equal(lazily.data[1:4, ::2, 1], values[2, 1:4, ::2, 1])


def test_envi_fields_that_do_not_fit_leave_one_picture_and_a_remark(tmp_path):
    said = {"wavelength": NM, "series axis": "time", "series length": 4}
    library.save_image(str(tmp_path / "x.hdr"), array("tyxc").reshape(18, 7, 4), metadata=said)
    cube = open_cube(tmp_path / "x.hdr")
    assert (cube.series, cube.shape) == (None, (18, 7, 4))
    assert "Series left out" in cube.metadata["remarks"][0]


def test_pictures_without_labels_keep_the_others_in_envi(tmp_path):
    written, _ = scan()
    some = written.series.derived(
        lambda index, cube: cube.with_(labels=cube.labels if index == 2 else None, oxygenation=None)
    )
    save_cube(some[1].with_(series=some), tmp_path / "x.hdr")
    read = open_cube(tmp_path / "x.hdr").series
    assert set(np.unique(read[0].labels)) == {-1}
    np.testing.assert_array_equal(read[2].labels, written.series[2].labels)
    assert read[3].oxygenation is None


def test_a_conversion_that_loses_pictures_says_which_and_how_to_choose(tmp_path):
    path = npz(tmp_path / "x", cube=array("tyxc"), wavelengths=NM, dims="tyxc", time_s=TIMES)
    cubes = convert(path, tmp_path / "y.csv", frames=1)
    assert left_out(cubes, tmp_path / "y.csv") == ""
    cubes = convert(path, tmp_path / "z.csv")
    sentence = left_out(cubes, tmp_path / "z.csv")
    assert "frame 0 of 3" in sentence
    assert "--frames" in sentence
    np.testing.assert_array_equal(open_cube(tmp_path / "y.csv").data, open_cube(path, frame=1).data)
    convert(path, tmp_path / "y.hdr")
    holds(open_cube(tmp_path / "y.hdr"), array("tyxc"), positions=SECONDS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tyxc", ["t", "y", "x", "c"]),
        ("time, y, x, wavelength", ["time", "y", "x", "wavelength"]),
        ("['T' 'Y' 'X' 'C']", ["T", "Y", "X", "C"]),
        ("time:y:x:wavelength", ["time", "y", "x", "wavelength"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_names_of_axes_in_texts(text, names):
    assert split_names(text) == names


def test_names_of_lists_and_texts():
    timed = ("t", "time", "time_s", "Frame Times (ms)", "acquisition_time_in_s", "a/timestamps", "time [s]")
    assert {axis_of_list(name) for name in timed} == {"time"}
    assert {axis_of_list(name) for name in ("z", "depth_mm", "z_um", "slice_positions", "depths")} == {
        "depth"
    }
    assert {
        axis_of_list(name) for name in ("times_apple", "tissue", "time_mm", "zone", "exposure_time", "x")
    } == {None}
    assert [unit_in_list_name(n) for n in ("time_ms", "depth (mm)", "t")] == ["ms", "mm", ""]
    assert all(
        map(
            is_name_of_axes,
            ("dims", "cube_dims", "axes", "DIMENSION_LABELS", "axis order", "_ARRAY_DIMENSIONS"),
        )
    )
    assert not any(map(is_name_of_axes, ("max", "labels", "taxes", "axis", "dimming")))


def test_which_axes_are_left():
    axes = axes_of((3, 6, 7, 4), [["time", "x", "y", "c"]], {}, 4)
    assert (axes.held, axes.picture, axes.series) == ({"time": 0}, (6, 7, 4), ("time", 3))
    assert axes.order(4, None, "f") == (2, 1, 3)
    assert axes.backwards().order(4, None, "f") == (1, 2, 0)
    assert axes_of((3, 6, 7, 4), [["time", "x", "y", "c"]], {}, 5) is None
    assert ArrayAxes.listed((4, 6, 7, 4), {"time": 4}, 4) is None, "either of two axes may be the time"
    assert ArrayAxes.listed((3, 5, 6, 7, 4), {"time": 3, "z": 5}, 4).slices_beside_frames == 5
