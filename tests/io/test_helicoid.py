import numpy as np
import pytest
import spectral.io.envi as library

from napari_udt.io import is_readable, open_cube, recordings

SHAPE = (6, 5, 4)


@pytest.fixture
def patient(tmp_path, wavelengths):
    """A folder as HELICoiD's, written by the spectral library; returns it with the counts and the map."""
    rng = np.random.default_rng(0)
    raw = rng.integers(100, 900, SHAPE).astype(np.uint16)
    white = rng.integers(900, 1000, (2, *SHAPE[1:])).astype(np.uint16)
    dark = rng.integers(10, 50, (3, *SHAPE[1:])).astype(np.uint16)
    labels = rng.integers(0, 5, SHAPE[:2]).astype(np.uint8)
    facts = {"wavelength": [str(w) for w in wavelengths], "wavelength units": "nm"}
    folder = tmp_path / "004-02"
    folder.mkdir()
    for name, counts in (("raw", raw), ("whiteReference", white), ("darkReference", dark)):
        library.save_image(str(folder / f"{name}.hdr"), counts, ext="", interleave="bil", metadata=facts)
    library.save_image(str(folder / "gtMap.hdr"), labels, ext="")
    span = white.mean(axis=0) - dark.mean(axis=0)
    return folder, (raw - dark.mean(axis=0)) / span, labels


@pytest.mark.parametrize(
    "part", ["", "raw", "raw.hdr", "whiteReference", "darkReference.hdr", "gtMap", "gtMap.hdr"]
)
@pytest.mark.parametrize("limit", [None, 0])
def test_the_folder_and_each_of_its_files_open_the_calibrated_cube(patient, wavelengths, part, limit):
    folder, reflectance, labels = patient
    assert is_readable(folder / part)
    cube = open_cube(folder / part, memory_limit_mb=limit)
    assert cube.is_lazy == (limit == 0)
    np.testing.assert_allclose(cube.data[:], reflectance, rtol=1e-5)
    np.testing.assert_allclose(cube.data[3, 2], reflectance[3, 2], rtol=1e-5)
    np.testing.assert_array_equal(cube.labels, labels)
    np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)
    assert (cube.name, cube.domain, cube.quantity) == ("004-02", "real", "reflectance")
    assert cube.label_names[2] == "tumour tissue"


def test_all_files_of_a_folder_are_one_recording(patient, tmp_path):
    folder, _, _ = patient
    (tmp_path / "note.txt").write_text("a note")
    assert recordings([*sorted(folder.iterdir()), folder, tmp_path / "note.txt"]) == [
        folder / "darkReference",
        tmp_path / "note.txt",
    ]


def test_another_file_in_the_folder_is_not_the_recording(patient):
    folder, _, _ = patient
    (folder / "notes.txt").write_text("a note")
    assert not is_readable(folder / "notes.txt")


def test_a_folder_without_a_reference_is_none(patient, refusal):
    folder, _, _ = patient
    (folder / "darkReference.hdr").unlink()
    assert not is_readable(folder)
    assert open_cube(folder / "raw.hdr").metadata["file"]["format"] == "envi"  # the counts as they are


def test_pixels_where_white_equals_dark_have_no_value(patient):
    folder, _, _ = patient
    white, dark = (np.fromfile(folder / f"{name}Reference", np.uint16) for name in ("white", "dark"))
    white[:] = dark[0]
    dark[:] = dark[0]
    white.tofile(folder / "whiteReference")
    dark.tofile(folder / "darkReference")
    assert np.isnan(open_cube(folder).data).all()


def test_a_reference_of_another_camera_is_refused(patient, refusal):
    folder, _, _ = patient
    library.save_image(str(folder / "whiteReference.hdr"), np.ones((1, 9, 4), np.uint16), ext="", force=True)
    assert "whiteReference.hdr: the reference has 9 columns and 4 channels; expected 5 and 4" in refusal(
        folder
    )


def test_a_map_of_another_size_is_left_out(patient):
    folder, _, _ = patient
    library.save_image(str(folder / "gtMap.hdr"), np.ones((9, 5), np.uint8), ext="", force=True)
    cube = open_cube(folder)
    assert cube.labels is None
    assert "gtMap.hdr: the picture has 9 x 5 pixels" in cube.metadata["remarks"][0]
