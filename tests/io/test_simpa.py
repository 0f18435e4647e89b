import h5py
import numpy as np
import pytest
from pa_scenes import RATE_MHZ, SPEED, brightest_mm, recorded

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube, open_cubes
from napari_udt.reconstruction import ReconstructionOptions

WAVELENGTHS = range(700, 851, 10)


@pytest.fixture
def forearm(shared):
    path = shared / "fixtures" / "simpa_forearm.hdf5"
    if not path.is_file():
        pytest.skip("the SIMPA fixture is absent")
    return path


def write_simpa(
    path, image, wavelengths, *, field="reconstructed_data", wrapper="", properties=None, device=None
):
    """Write SIMPA's layout; ``image`` is (x, z, channels) or (x, y, z, channels)."""
    with h5py.File(path, "w") as file:
        file["simpa_version"] = "0.8.0"
        file["settings/voxel_spacing_mm"] = 0.5
        file["settings/volume_name"] = "None"
        root = file.create_group(f"simulations{wrapper}")
        for channel, wavelength in enumerate(wavelengths):
            root[f"{field}/{wavelength}"] = image[..., channel]
        for name, values in (properties or {}).items():
            root[f"simulation_properties/{name}"] = values
        for name, values in (device or {}).items():
            file[f"digital_device/Scanner/detection_geometry/Curved/{name}"] = values


def test_the_forearm_opens_upright_with_everything_known(forearm):
    cube = open_cube(forearm)
    assert is_readable(forearm)
    assert cube.shape == (128, 256, 16)
    np.testing.assert_array_equal(cube.wavelengths_nm, list(WAVELENGTHS))
    assert (cube.modality, cube.domain, cube.pixel_size_mm) == ("PAT", "simulated", (0.15625, 0.15625))
    assert cube.label_names[3] == "blood"
    assert cube.metadata["simpa_version"] == "1.0.0"
    with h5py.File(forearm) as file:
        stored = file["simulations/reconstructed_data/800"][()]
    np.testing.assert_array_equal(cube.image(800), stored.T)
    depth_of = {name: np.nonzero(cube.labels == n)[0].mean() for n, name in cube.present_labels.items()}
    assert (
        depth_of["heavy water"]
        < depth_of["epidermis"]
        < depth_of["dermis"]
        < depth_of["fat"]
        < depth_of["muscle"]
    )


def test_vessels_of_the_forearm_lie_on_bright_structures(forearm):
    cube = open_cube(forearm)
    picture = cube.image(800)
    below_skin = np.arange(128)[:, None] > np.nonzero(cube.labels == 4)[0].max() + 8
    blood, rest = (cube.labels == 3) & below_skin, (cube.labels != 3) & below_skin
    here = picture[blood].mean()
    assert here > 3 * picture[rest].mean()
    for shift in ((12, 0), (0, 12), (0, -12)):
        assert here > 1.5 * picture[np.roll(blood, shift, (0, 1))].mean()


def test_oxygenation_is_unknown_where_there_is_no_blood(forearm):
    cube = open_cube(forearm)
    assert np.isnan(cube.oxygenation[cube.labels == 9]).all()
    assert np.isfinite(cube.oxygenation[cube.labels == 3]).all()


@pytest.mark.parametrize("crop", [(112, 257), (0, 0)])
def test_maps_of_the_whole_volume_are_cut_to_the_field_of_view(forearm, tmp_path, crop):
    whole = open_cube(forearm)
    x, z = crop
    volume = np.full((480, 420), 1.0, np.float32)
    oxygenation = np.full((480, 420), np.nan, np.float32)
    volume[x : x + 256, z : z + 128] = whole.labels.T
    oxygenation[x : x + 256, z : z + 128] = whole.oxygenation.T
    path = tmp_path / "whole.hdf5"
    path.write_bytes(forearm.read_bytes())
    with h5py.File(path, "r+") as file:
        properties = file["simulations/simulation_properties"]
        for name in ("seg", "oxy", "bvf"):
            del properties[name]
        properties["seg"], properties["oxy"] = volume, oxygenation
        detector = file["digital_device/MSOTAcuityEcho/detection_geometry/CurvedArrayDetectionGeometry"]
        # The stored geometry looks at (112, 257): for the other case move the detector.
        detector["device_position_mm"][...] -= (np.array([112, 0, 257]) - [x, 0, z]) * 0.15625
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.labels, whole.labels)
    np.testing.assert_array_equal(cube.oxygenation, whole.oxygenation)
    assert cube.metadata["maps_aligned_by"] == "the device's field of view"


def test_without_a_device_larger_maps_are_centred_and_that_is_said(tmp_path):
    seg = np.zeros((20, 14))
    seg[6:14, 4:10] = np.arange(48).reshape(8, 6) % 7
    write_simpa(tmp_path / "x.hdf5", np.ones((8, 6, 2)), (700, 800), properties={"seg": seg})
    cube = open_cube(tmp_path / "x.hdf5")
    np.testing.assert_array_equal(cube.labels, seg[6:14, 4:10].T)
    assert cube.metadata["maps_aligned_by"].startswith("centring")


def test_maps_follow_pixels_of_another_size_and_end_with_the_volume(tmp_path):
    seg = np.arange(6)[:, None] + np.zeros((6, 6))  # the class number is the voxel's x
    device = {"device_position_mm": [1.0, 0, 0], "field_of_view_extent_mm": [0.0, 4, 0, 0, 0, 3]}
    write_simpa(tmp_path / "x.hdf5", np.ones((16, 12, 1)), [700], properties={"seg": seg}, device=device)
    with h5py.File(tmp_path / "x.hdf5", "r+") as file:
        file["settings/reconstruction_model_settings/voxel_spacing_mm"] = 0.25
    cube = open_cube(tmp_path / "x.hdf5")
    assert cube.pixel_size_mm == (0.25, 0.25)
    np.testing.assert_array_equal(cube.labels[0], [2, 2, 3, 3, 4, 4, 5, 5] + [-1] * 8)


def test_wavelengths_are_sorted_as_numbers(tmp_path):
    image = np.arange(3)[None, None, :] + np.zeros((4, 5, 3))
    write_simpa(tmp_path / "x.hdf5", image, ("1000.0", "700", "850.5"))
    cube = open_cube(tmp_path / "x.hdf5")
    np.testing.assert_array_equal(cube.wavelengths_nm, [700, 850.5, 1000])
    np.testing.assert_array_equal(cube.data[0, 0], [1, 2, 0])


def test_one_wavelength_under_two_names_is_refused(tmp_path):
    write_simpa(tmp_path / "x.hdf5", np.ones((4, 5, 2)), ("700", "700.5"))
    with h5py.File(tmp_path / "x.hdf5", "r+") as file:
        file["simulations/reconstructed_data/700.0"] = np.zeros((4, 5))
    with pytest.raises(CubeError, match=r"x\.hdf5.*700 nm.*more than once"):
        open_cube(tmp_path / "x.hdf5")


def test_older_files_with_a_wrapper_open_alike(tmp_path):
    image = np.random.default_rng(0).random((4, 5, 2), dtype=np.float32)
    write_simpa(
        tmp_path / "x.hdf5",
        image,
        (700, 800),
        wrapper="/original_data",
        properties={"seg": np.full((4, 5), 6)},
    )
    cube = open_cube(tmp_path / "x.hdf5")
    np.testing.assert_array_equal(cube.data, image.transpose(1, 0, 2))
    assert cube.present_labels == {6: "fat"}


def test_the_oldest_files_swap_field_and_wavelength(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        root = file.create_group("simulations/original_data")
        for wavelength in (700, 800):
            root[f"optical_forward_model_output/{wavelength}/initial_pressure"] = np.full((4, 5), wavelength)
            root[f"simulation_properties/{wavelength}/seg"] = np.full((4, 5), 3)
    cube = open_cube(tmp_path / "x.hdf5")
    np.testing.assert_array_equal(cube.data[0, 0], [700, 800])
    assert (cube.quantity, cube.present_labels) == ("initial pressure [a.u.]", {3: "blood"})


def test_the_reconstruction_is_preferred_and_others_can_be_chosen(tmp_path):
    path = tmp_path / "x.hdf5"
    write_simpa(path, np.zeros((4, 5, 2)), (700, 800), field="optical_forward_model_output/initial_pressure")
    with h5py.File(path, "r+") as file:
        for wavelength in (700, 800):
            file[f"simulations/reconstructed_data/{wavelength}"] = np.ones((4, 5))
            file[f"simulations/simulation_properties/mua/{wavelength}"] = np.full((4, 5), 2.0)
    assert list_candidates(path) == ["reconstructed_data", "initial_pressure", "mua"]
    assert open_cube(path).data.max() == 1
    assert open_cube(path, candidate="mua").quantity == "absorption coefficient [1/cm]"
    assert open_cube(path, candidate=1).data.max() == 0
    assert len(open_cubes(path)) == 1
    with pytest.raises(CubeError, match=r"'nothing'.*reconstructed_data, initial_pressure, mua"):
        open_cube(path, candidate="nothing")


def test_of_a_volume_the_middle_plane_comes_first_and_maps_follow(tmp_path):
    image = np.random.default_rng(0).random((6, 5, 4, 2), dtype=np.float32)
    seg = np.arange(5)[None, :, None] + np.zeros((6, 5, 4))
    write_simpa(tmp_path / "x.hdf5", image, (700, 800), properties={"seg": seg})
    cube = open_cube(tmp_path / "x.hdf5")
    np.testing.assert_array_equal(cube.data, image[:, 2].transpose(1, 0, 2))
    assert (cube.metadata["plane_y"], list(cube.present_labels)) == (2, [2])
    other = open_cube(tmp_path / "x.hdf5", candidate="reconstructed_data, plane y = 4", memory_limit_mb=0)
    assert other.is_lazy
    np.testing.assert_array_equal(other.data[:], image[:, 4].transpose(1, 0, 2))
    assert list(other.present_labels) == [4]


@pytest.fixture
def raw_forearm(forearm, tmp_path):
    """The fixture with its reconstruction taken out and, from its vessels, time series put in."""
    path = tmp_path / "raw.hdf5"
    path.write_bytes(forearm.read_bytes())
    cube = open_cube(forearm)
    below_skin = np.arange(128)[:, None] > np.nonzero(cube.labels == 4)[0].max() + 8
    rows, columns = np.nonzero((cube.labels == 3) & below_skin)
    with h5py.File(path, "r+") as file:
        detector = file["digital_device/MSOTAcuityEcho/detection_geometry/CurvedArrayDetectionGeometry"]
        focus = detector["device_position_mm"][()]
        angles = (np.arange(256) - 127.5) * 0.34 / 40 - np.pi
        x = focus[0] + 40 * np.sin(angles)
        z = focus[2] + 40 * np.cos(angles)
        step = np.hypot(  # the picture begins 20 mm left of the focus and 11 mm above it
            x[:, None] - (focus[0] - 20 + (columns + 0.5) * 0.15625),
            z[:, None] - (focus[2] - 11 + (rows + 0.5) * 0.15625),
        )
        signals = np.zeros((256, 2030))
        for element, distances in enumerate(step):
            samples = np.round(distances / 1.54 * 40).astype(int)
            signals[element] = np.gradient(np.bincount(samples, minlength=2030)[:2030].astype(float))
        del file["simulations/reconstructed_data"]
        for wavelength in WAVELENGTHS:
            file[f"simulations/time_series_data/{wavelength}"] = signals * wavelength
    return path


def test_raw_time_series_open_as_a_preview_that_fits_the_maps(raw_forearm, forearm):
    speed = ReconstructionOptions(speed_of_sound_m_per_s=1540)
    cube, whole = open_cube(raw_forearm, reconstruction=speed), open_cube(forearm)
    assert is_readable(raw_forearm)
    assert list_candidates(raw_forearm) == ["preview reconstruction"]
    assert (cube.shape, cube.pixel_size_mm) == (whole.shape, whole.pixel_size_mm)
    assert (cube.quantity, cube.domain) == ("preview reconstruction [a.u.]", "simulated")
    np.testing.assert_array_equal(cube.labels, whole.labels)
    np.testing.assert_array_equal(cube.oxygenation, whole.oxygenation)
    below_skin = np.arange(128)[:, None] > np.nonzero(cube.labels == 4)[0].max() + 8
    vessels, picture = (cube.labels == 3) & below_skin, cube.image(800)
    assert picture[vessels].mean() > 4 * picture[~vessels].mean()
    assert cube.provenance["speed_of_sound_m_per_s"] == 1540
    np.testing.assert_allclose(cube.data[..., 15] / cube.data[..., 0], 850 / 700, rtol=1e-3)


def test_a_planar_array_is_previewed_through_its_field_of_view(tmp_path):
    across, along = (np.arange(8) - 3.5) * 3.0, (np.arange(5) - 2.0) * 3.0
    place = np.array([20.0, 15.0, 2.0])
    detectors = place + np.array([(x, y, 0.0) for y in along for x in across])  # x changes fastest
    signals = recorded(detectors, [(24.0, 17.0, 14.0)])[0]  # (wavelengths, detectors, samples)
    path = tmp_path / "x.hdf5"
    write_simpa(path, signals.transpose(1, 2, 0), (700, 750, 800), field="time_series_data")
    device = {
        "number_detector_elements_x": 8,
        "number_detector_elements_y": 5,
        "pitch_mm": 3.0,
        "sampling_frequency_MHz": RATE_MHZ,
        "device_position_mm": place,
        "field_of_view_extent_mm": [-8.0, 8, 1, 3, 4, 20],
    }
    with h5py.File(path, "r+") as file:
        for name, value in device.items():
            file[f"digital_device/RSOM/detection_geometry/PlanarArrayDetectionGeometry/{name}"] = value
    cube = open_cube(path, reconstruction=ReconstructionOptions(speed_of_sound_m_per_s=SPEED, pixel_mm=0.25))
    assert cube.shape == (64, 64, 3)
    np.testing.assert_allclose(cube.provenance["centre_mm"], [20, 17, 14])
    np.testing.assert_allclose(brightest_mm(cube), [4, 0], atol=0.3)


def test_a_preview_stands_between_reconstruction_and_initial_pressure(tmp_path):
    path = tmp_path / "x.hdf5"
    write_simpa(path, np.zeros((4, 5, 2)), (700, 800), field="optical_forward_model_output/initial_pressure")
    with h5py.File(path, "r+") as file:
        file["simulations/time_series_data/700"] = np.zeros((4, 9))
    assert list_candidates(path) == ["preview reconstruction", "initial_pressure"]
    with h5py.File(path, "r+") as file:
        file["simulations/reconstructed_data/700"] = np.ones((4, 5))
    assert list_candidates(path) == ["reconstructed_data", "preview reconstruction", "initial_pressure"]
    assert len(open_cubes(path)) == 1


def test_time_series_without_a_device_get_one_sentence(tmp_path):
    write_simpa(tmp_path / "x.hdf5", np.zeros((4, 9, 2)), (700, 800), field="time_series_data")
    assert is_readable(tmp_path / "x.hdf5")
    with pytest.raises(CubeError, match=r"x\.hdf5.*lack settings or digital_device"):
        open_cube(tmp_path / "x.hdf5")
    device = {"device_position_mm": [1.0, 0, 0], "field_of_view_extent_mm": [0.0, 4, 0, 0, 0, 3]}
    write_simpa(tmp_path / "y.hdf5", np.zeros((4, 9, 2)), (700, 800), field="time_series_data", device=device)
    with pytest.raises(CubeError, match=r"y\.hdf5.*pitch_mm is missing"):
        open_cube(tmp_path / "y.hdf5")


def test_images_that_differ_in_shape_are_refused(tmp_path):
    write_simpa(tmp_path / "x.hdf5", np.zeros((4, 5, 2)), (700, 800))
    with h5py.File(tmp_path / "x.hdf5", "r+") as file:
        file["simulations/reconstructed_data/900"] = np.zeros((4, 6))
    with pytest.raises(CubeError, match="differ in shape"):
        open_cube(tmp_path / "x.hdf5")
