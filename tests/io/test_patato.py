"""PATATO files open upright, with frames, regions and oxygenation. They are written from the format's documentation."""

import h5py
import numpy as np
import pytest
from pa_scenes import AMPLITUDES, WAVELENGTHS, arc_mm, brightest_mm, recorded, write_patato

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube, open_cubes
from napari_udt.reconstruction import ReconstructionOptions

COARSE = ReconstructionOptions(pixel_mm=0.25)


def picture(frames=2, wavelengths=3, rows=9, columns=11, seed=0):
    return np.random.default_rng(seed).random((frames, wavelengths, rows, columns)).astype(np.float32)


@pytest.mark.parametrize("axis", [2, 3, 4])
def test_rows_are_turned_so_that_up_is_up(tmp_path, axis):
    image = picture()
    fov = [0.02, 0.016]
    fov.insert({2: 2, 3: 1, 4: 0}[axis], 0.02)
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): np.expand_dims(image, axis)}, fov_m=fov)
    cube = open_cube(path)
    assert is_readable(path)
    np.testing.assert_array_equal(cube.data, image[0, :, ::-1].transpose(1, 2, 0))
    np.testing.assert_array_equal(cube.wavelengths_nm, WAVELENGTHS)
    np.testing.assert_allclose(cube.pixel_size_mm, (16 / 8, 20 / 10))
    assert (cube.modality, cube.domain, cube.metadata["frames"]) == ("PAT", "real", 2)
    assert cube.metadata["scan_date"] == "2022-11-23T15:50:22"


def test_a_probe_below_the_picture_is_turned_to_the_top(tmp_path):
    image, below = picture()[:, :, :, None], arc_mm(210, 330, axes=(0, 2))
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): image}, detectors_mm=below)
    np.testing.assert_array_equal(open_cube(path).data, image[0, :, :, 0].transpose(1, 2, 0))
    path = write_patato(tmp_path / "y.hdf5", recons={("BP", "0"): image}, detectors_mm=-below)
    np.testing.assert_array_equal(open_cube(path).data, image[0, :, ::-1, 0].transpose(1, 2, 0))


def test_the_lazy_cube_reads_the_same(tmp_path):
    image = picture()
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): image[:, :, None]})
    lazy, whole = open_cube(path, memory_limit_mb=0), open_cube(path)
    assert lazy.is_lazy
    for key in (
        np.s_[:],
        np.s_[2:7:2, 1:3],
        np.s_[3, 4],
        np.s_[:, :, 1],
        np.s_[8:2],
        (np.array([0, 8, 3]), np.array([1, 2, 3])),
    ):
        np.testing.assert_array_equal(lazy.data[key], whole.data[key])
    mean = open_cube(path, memory_limit_mb=0, frame="mean")
    np.testing.assert_allclose(mean.data[2:5], image.mean(0)[:, ::-1].transpose(1, 2, 0)[2:5], rtol=1e-6)


def test_frames_are_options_and_alternatives(tmp_path):
    image = picture(frames=3)
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): image[:, :, None]})
    assert list_candidates(path) == [f"recons/BP/0{t}" for t in ("", ", mean over frames")]
    upright = image[:, :, ::-1].transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(open_cube(path, frame=2).data, upright[2])
    np.testing.assert_array_equal(open_cube(path, candidate="recons/BP/0, frame 1").data, upright[1])
    np.testing.assert_allclose(open_cube(path, frame="mean").data, upright.mean(0), rtol=1e-6)
    assert len(open_cubes(path)) == 1
    for wrong in (3, -1, "last"):
        with pytest.raises(CubeError, match="there is no frame"):
            open_cube(path, frame=wrong)


def test_the_best_reconstruction_comes_first(tmp_path):
    names = [("Backprojection", "0"), ("Backprojection", "1"), ("Model Based", "0")]
    path = write_patato(
        tmp_path / "x.hdf5", recons={n: picture(1, seed=i)[:, :, None] for i, n in enumerate(names)}
    )
    assert list_candidates(path) == [
        "recons/Model Based/0",
        "recons/Backprojection/1",
        "recons/Backprojection/0",
    ]
    assert len(open_cubes(path)) == 1
    np.testing.assert_array_equal(
        open_cube(path, candidate=1).data, picture(1, seed=1)[0, :, ::-1].transpose(1, 2, 0)
    )


def test_regions_are_drawn_where_they_lie(tmp_path):
    square = np.array([[0.002, 0.004], [0.006, 0.004], [0.006, 0.008], [0.002, 0.008]])  # right and up
    rois = {
        ("tumour_left", "0"): (square, {"class": "tumour", "position": "left"}),
        ("reference_", "0"): (-square, {"class": "reference", "position": ""}),
        ("tumour_left", "1"): (square - [0.008, 0], {}),
    }
    path = write_patato(
        tmp_path / "x.hdf5", recons={("BP", "0"): picture(1, 3, 101, 101)[:, :, None]}, rois=rois
    )
    cube = open_cube(path)
    names = {name: number for number, name in cube.present_labels.items()}
    assert set(names) == {"unlabelled", "tumour_left", "reference_"}
    rows, columns = np.nonzero(cube.labels == names["tumour_left"])
    assert (rows.min(), rows.max()) == (10, 30)  # 0.2 mm pixels; the middle is (50, 50)
    assert sorted(set(columns)) == [*range(20, 41), *range(60, 81)]
    rows, columns = np.nonzero(cube.labels == names["reference_"])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (70, 90, 20, 40)


def test_regions_of_other_frames_are_left_out(tmp_path):
    square = np.array([[0, 0], [0.004, 0], [0.004, 0.004], [0, 0.004]])
    rois = {("first_", "0"): (square, {"z": 10.0}), ("second_", "0"): (-square, {"z": 12.0})}
    stage = np.array([[10.0] * 3, [12.0] * 3])
    path = write_patato(
        tmp_path / "x.hdf5", recons={("BP", "0"): picture()[:, :, None]}, rois=rois, stage=stage
    )
    assert list(open_cube(path).label_names.values()) == ["unlabelled", "first_"]
    assert list(open_cube(path, frame=1).label_names.values()) == ["unlabelled", "second_"]
    assert len(open_cube(path, frame="mean").label_names) == 3


def test_oxygenation_belongs_to_its_reconstruction(tmp_path):
    so2 = picture(2, 1, seed=3)[:, :, None]
    so2[0, 0, 0, 0, :3] = [np.nan, -0.5, 7]
    path = write_patato(
        tmp_path / "x.hdf5", recons={("BP", "0"): picture()[:, :, None]}, so2={("BP", "0"): so2}
    )
    cube = open_cube(path)
    expected = so2[0, 0, 0, ::-1].copy()
    expected[-1, :3] = np.nan
    np.testing.assert_array_equal(cube.oxygenation, expected)
    assert "Oxygenation outside 0 to 1 was left out: 2 pixels." in cube.metadata["remarks"]
    np.testing.assert_array_equal(open_cube(path, frame=1).oxygenation, so2[1, 0, 0, ::-1])
    other = write_patato(
        tmp_path / "y.hdf5", recons={("MB", "0"): picture()[:, :, None]}, so2={("BP", "0"): so2}
    )
    assert open_cube(other).oxygenation is None


def test_older_attributes_and_own_wavelengths(tmp_path):
    path = write_patato(
        tmp_path / "x.hdf5", recons={("BP", "0"): picture(1, 2)[:, :, None]}, fov_m=(None, None, None)
    )
    with h5py.File(path, "r+") as file:
        attributes = file["recons/BP/0"].attrs
        attributes["RECON_FOV"], attributes["wavelengths"] = 0.02, [730.0, 850.0]
    cube = open_cube(path)
    np.testing.assert_allclose(cube.pixel_size_mm, (20 / 8, 2.0))
    np.testing.assert_array_equal(cube.wavelengths_nm, [730, 850])


def test_a_field_of_view_beside_the_middle(tmp_path):
    square = np.array([[0.010, 0.020], [0.014, 0.020], [0.014, 0.024], [0.010, 0.024]])
    fov = ((0.0, 0.02), None, (0.01, 0.03))
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): picture(1, 3, 21, 21)[:, :, :, None]},
        fov_m=fov,
        rois={("a_", "0"): (square, {})},
    )
    rows, columns = np.nonzero(open_cube(path).labels)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 10, 10, 14)


def test_of_a_volume_the_middle_plane_is_shown(tmp_path):
    volume = np.random.default_rng(0).random((1, 3, 8, 5, 9)).astype(np.float32)
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): volume})
    np.testing.assert_array_equal(open_cube(path).data, volume[0, :, ::-1, 2].transpose(1, 2, 0))


@pytest.fixture
def raw(tmp_path):
    detectors = arc_mm(-45, 225, axes=(0, 1))
    square = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]) + np.array([4, 6])
    return write_patato(
        tmp_path / "raw.hdf5",
        raw=recorded(detectors, [(4, 6, 0)], frames=2),
        detectors_mm=detectors,
        rois={("source_", "0"): (square * 1e-3, {})},
    )


def test_time_series_open_as_a_preview(raw):
    cube = open_cube(raw, reconstruction=COARSE)
    assert list_candidates(raw)[:2] == ["preview reconstruction", "preview reconstruction, mean over frames"]
    assert (cube.quantity, cube.domain) == ("preview reconstruction [a.u.]", "real")
    np.testing.assert_allclose(brightest_mm(cube), (4, -6), atol=0.3)
    peak = cube.data.max(axis=(0, 1))
    np.testing.assert_allclose(peak / peak[0], AMPLITUDES, rtol=1e-4)
    source = np.argmax(cube.data[:, :, 0])
    assert cube.labels.flat[source] == 1
    assert cube.provenance["speed_of_sound_from"] == "the file's speedofsound"
    assert open_cube(raw, frame=1, reconstruction=COARSE).data.max() == pytest.approx(
        2 * cube.data.max(), rel=1e-4
    )


def test_a_reconstruction_goes_before_the_preview_of_its_time_series(raw):
    with h5py.File(raw, "r+") as file:
        file["recons/BP/0"] = picture()[:, :, None]
    titles = list_candidates(raw)
    assert titles[:2] == ["recons/BP/0", "preview reconstruction"]
    assert (
        open_cube(raw, candidate="preview reconstruction", reconstruction=COARSE).provenance["method"]
        == "delay and sum"
    )


@pytest.mark.parametrize("name", ["OverallCorrectionFactor", "POWER"])
def test_pulse_corrections_are_divided_out(raw, name):
    with h5py.File(raw, "r+") as file:
        file["OverallCorrectionFactor"] = np.full((2, 3), np.nan)
        if name in file:
            del file[name]
        file[name] = np.array([AMPLITUDES, 2 * AMPLITUDES])
    cubes = [open_cube(raw, frame=f, reconstruction=COARSE) for f in (0, 1)]
    assert cubes[0].provenance["divided_by_pulse_energy"] == name
    np.testing.assert_allclose(cubes[0].data.max(axis=(0, 1)), cubes[1].data.max(), rtol=1e-4)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.__delitem__("wavelengths"), "wavelengths"),
        (lambda f: f["raw_data"].attrs.__delitem__("fs"), "sampling rate"),
        (lambda f: f["raw_data"].attrs.__setitem__("fs", np.nan), "sampling rate"),
        (lambda f: f["GEOMETRY"].__setitem__((0, 0), np.inf), "not finite"),
        (lambda f: f["GEOMETRY"].__setitem__(Ellipsis, 0), "no usable positions"),
        (lambda f: f.move("GEOMETRY", "GEOMETRIE"), "expected three axes"),
        (lambda f: f.__delitem__("raw_data"), "no three-dimensional array"),
    ],
)
def test_bad_files_get_one_sentence(raw, damage, message):
    with h5py.File(raw, "r+") as file:
        damage(file)
    with pytest.raises(CubeError, match=message) as error:
        open_cube(raw, reconstruction=COARSE)
    assert raw.name in str(error.value)


def test_repeated_wavelengths_are_averaged(raw):
    before = open_cube(raw, reconstruction=COARSE)
    with h5py.File(raw, "r+") as file:
        file["wavelengths"][0] = 750.0
    cube = open_cube(raw, reconstruction=COARSE)
    assert "averaged: 750 nm" in cube.metadata["remarks"][0]
    np.testing.assert_array_equal(cube.wavelengths_nm, before.wavelengths_nm[1:])
    np.testing.assert_allclose(cube.data[..., 0], before.data[..., :2].mean(axis=-1), rtol=1e-5)


def test_pictures_that_are_no_numbers_are_passed_over(raw):
    with h5py.File(raw, "r+") as file:
        file["recons/BP/0"] = np.ones((1, 3, 1, 4, 5), "S2")
        file["recons/BP/1"] = np.ones((3, 4, 5))
        file["recons/empty"] = h5py.Empty("f4")
    assert list_candidates(raw)[0] == "preview reconstruction"


@pytest.mark.parametrize(
    "vertices",
    [
        np.ones((2, 2)),
        np.ones((4, 3)),
        np.full((4, 2), np.nan),
        np.full((4, 2), 1e300),
        np.array([[b"a", b"b"]] * 4),
    ],
)
def test_regions_that_cannot_be_drawn_do_not_close_the_file(tmp_path, vertices):
    path = write_patato(
        tmp_path / "x.hdf5",
        recons={("BP", "0"): picture()[:, :, None]},
        rois={("a_", "0"): (vertices, {"z": 1.0})},
    )
    cube = open_cube(path)
    assert cube.labels is None or not cube.labels.any()


def test_a_reconstruction_that_declares_terabytes(tmp_path):
    path = write_patato(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        file.create_dataset("recons/BP/0", (50, 3, 1, 10**5, 10**5), "f4", chunks=(1, 1, 1, 100, 100))
    cube = open_cube(path)
    assert cube.is_lazy
    assert cube.spectrum(99_999, 5).shape == (3,)


def test_a_reconstruction_that_states_fill_value_and_scale(tmp_path):
    counts = np.random.default_rng(0).integers(0, 900, (1, 3, 1, 40, 41))
    counts[0, 1, 0, 5, 6] = -1
    path = write_patato(tmp_path / "x.hdf5", recons={("BP", "0"): counts})
    with h5py.File(path, "r+") as file:
        file["recons/BP/0"].attrs.update({"_FillValue": -1.0, "scale_factor": 0.5})
    expected = np.where(counts == -1, np.nan, counts * 0.5)[0, :, 0, ::-1].transpose(1, 2, 0)
    np.testing.assert_allclose(open_cube(path).data, expected)
