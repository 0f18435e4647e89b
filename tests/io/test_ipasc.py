"""IPASC files written by pacfish open as previews."""

import h5py
import numpy as np
import pytest
from pa_scenes import AMPLITUDES, WAVELENGTHS, arc_mm, brightest_mm, line_mm, recorded, write_ipasc

from napari_udt.errors import CubeError, TransferCancelled
from napari_udt.io import describe, format_text, is_readable, list_candidates, open_cube, open_cubes
from napari_udt.reconstruction import ReconstructionOptions

PLACE = np.array([3.0, 0.0, 12.0])  # z is the depth below a straight array
COARSE = ReconstructionOptions(pixel_mm=0.25)


def series(frames=1, detectors=None):
    return recorded(line_mm() if detectors is None else detectors, [PLACE], frames).transpose(2, 3, 1, 0)


@pytest.fixture
def scan(tmp_path):
    return write_ipasc(tmp_path / "scan.hdf5", series(frames=3), line_mm(), bounds_mm=[-10, 10, 0, 0, 0, 20])


def test_the_preview_shows_the_source_where_it_was(scan):
    cube = open_cube(scan, reconstruction=COARSE)
    assert is_readable(scan)
    assert (cube.shape, cube.pixel_size_mm) == ((80, 80, 3), (0.25, 0.25))
    np.testing.assert_allclose(cube.wavelengths_nm, WAVELENGTHS)
    assert (cube.modality, cube.domain, cube.quantity) == ("PAT", "unknown", "preview reconstruction [a.u.]")
    np.testing.assert_allclose(brightest_mm(cube), (PLACE[0], PLACE[2] - 10), atol=0.25)


def test_spectra_follow_the_recordings(scan):
    cube = open_cube(scan, reconstruction=COARSE)
    peak = cube.data.max(axis=(0, 1))
    np.testing.assert_allclose(peak / peak[0], AMPLITUDES / AMPLITUDES[0], rtol=1e-4)


def test_the_provenance_holds_every_number(scan):
    facts = open_cube(scan, reconstruction=COARSE).provenance
    assert facts["reconstruction"] == "preview reconstruction"
    assert (facts["speed_of_sound_m_per_s"], facts["speed_of_sound_from"]) == (
        1500.0,
        "the file's speed_of_sound",
    )
    assert (facts["pixel_mm"], facts["field_of_view_mm"], facts["envelope"]) == (0.25, [20.0, 20.0], True)
    text = format_text(describe(open_cube(scan, reconstruction=COARSE)))
    assert "preview reconstruction" in text


def test_options_of_the_user_win(scan):
    wanted = ReconstructionOptions(speed_of_sound_m_per_s=1560, field_of_view_mm=(16, 10), pixel_mm=0.2)
    cube = open_cube(scan, reconstruction=wanted)
    assert cube.shape == (50, 80, 3)
    assert cube.provenance["speed_of_sound_from"] == "stated by the user"
    assert brightest_mm(cube)[1] == pytest.approx(PLACE[2] * 1.04 - 10, abs=0.3)


def test_frames_are_offered_and_chosen(scan):
    titles = list_candidates(scan)
    assert titles == ["preview reconstruction", "preview reconstruction, mean over frames"]
    assert len(open_cubes(scan)) == 1
    peaks = [open_cube(scan, reconstruction=COARSE, frame=f).data.max() for f in (None, 1, 2, "mean")]
    np.testing.assert_allclose(np.array(peaks) / peaks[0], [1, 2, 3, 2], rtol=1e-4)
    third = open_cube(scan, frame=2, reconstruction=COARSE)
    assert third.data.max() == pytest.approx(peaks[2])
    assert (third.metadata["frame"], third.metadata["frames"]) == (2, 3)
    with pytest.raises(CubeError, match=r"scan\.hdf5: there is no frame 3; the recording has 3: 0 to 2"):
        open_cube(scan, frame=3)


def test_absent_trailing_axes(tmp_path):
    path = write_ipasc(tmp_path / "x.hdf5", series()[:, :, 0, 0], line_mm(), wavelengths_m=np.array([7e-7]))
    cube = open_cube(path, reconstruction=COARSE)
    assert cube.shape[2] == 1
    assert cube.wavelengths_nm.tolist() == pytest.approx([700])
    assert "frames" not in cube.metadata


def test_pulse_energies_are_divided_out(tmp_path):
    path = write_ipasc(tmp_path / "x.hdf5", series(), line_mm(), pulse_energy=AMPLITUDES * 0.01)
    cube = open_cube(path, reconstruction=COARSE)
    peak = cube.data.max(axis=(0, 1))
    np.testing.assert_allclose(peak / peak[0], 1, rtol=1e-4)
    assert cube.provenance["divided_by_pulse_energy"] == "pulse_energy"


def test_progress_reaches_the_caller_and_may_cancel(scan):
    def cancel(done, total):
        raise TransferCancelled(f"stopped at {done} of {total}")

    with pytest.raises(TransferCancelled, match="stopped at 1 of"):
        open_cube(scan, progress=cancel)


def test_missing_wavelengths_are_asked_for(tmp_path):
    path = write_ipasc(tmp_path / "x.hdf5", series(), line_mm(), wavelengths_m=None)
    assert not is_readable(path)
    with pytest.raises(CubeError, match=r"x\.hdf5.*wavelengths"):
        open_cube(path)
    assert open_cube(path, wavelengths_nm=WAVELENGTHS, reconstruction=COARSE).shape[2] == 3


def test_an_arc_stands_on_top_of_the_picture(tmp_path):
    detectors = arc_mm(210, 330, axes=(0, 2))  # negative z is up in this format
    path = write_ipasc(tmp_path / "x.hdf5", recorded(detectors, [(4, 0, 5)]).transpose(2, 3, 1, 0), detectors)
    cube = open_cube(path, reconstruction=COARSE)
    np.testing.assert_allclose(brightest_mm(cube), (4, 5), atol=0.3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.__delitem__("meta_data/ad_sampling_rate"), "sampling rate is missing"),
        (lambda f: f.__delitem__("meta_data_device/detectors/0000000003"), "39 detectors"),
        (
            lambda f: f.__delitem__("meta_data_device/detectors/0000000003/detector_position"),
            "lacks its detector_position",
        ),
        (
            lambda f: f["meta_data_device/detectors/0000000003/detector_position"].__setitem__(0, np.nan),
            "not finite",
        ),
        (lambda f: f["meta_data/ad_sampling_rate"].__setitem__((), 1e-30), "sampling rate"),
    ],
)
def test_bad_files_get_one_sentence(scan, damage, message):
    with h5py.File(scan, "r+") as file:
        damage(file)
    with pytest.raises(CubeError, match=message) as error:
        open_cube(scan)
    assert scan.name in str(error.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((40,), "an array with 1 axes"),
        ((40, 1800, 3, 1, 1), "an array with 5 axes"),
        ((0, 1800, 3), "empty"),
        ((40, 1, 3), "none empty"),
        ((40, 10**7, 10**4), "2 GB"),
        ((40, 10**6, 3, 50), "declares"),
    ],
)
def test_wrong_and_huge_declared_shapes(scan, shape, message):
    with h5py.File(scan, "r+") as file:
        del file["binary_time_series_data"]
        chunks = tuple(min(n, 100) for n in shape) if 0 not in shape else None
        file.create_dataset("binary_time_series_data", shape, "f4", chunks=chunks)
    with pytest.raises(CubeError, match=message):
        open_cube(scan)


def test_a_file_cut_short(scan):
    scan.write_bytes(scan.read_bytes()[:-5000])
    with pytest.raises(CubeError, match=r"scan\.hdf5.*cut short"):
        open_cube(scan)
