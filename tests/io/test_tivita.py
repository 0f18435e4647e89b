import json

import numpy as np
import pytest
from PIL import Image

from napari_udt.io import is_damaged, is_readable, open_cube

TIME = "2021_04_15_09_22_02"
WIDTH, HEIGHT, CHANNELS = 7, 5, 100


@pytest.fixture
def recording(tmp_path):
    """A recording as the camera writes it: stored (x, y from the bottom up, band), big-endian."""
    picture = np.random.default_rng(0).random((HEIGHT, WIDTH, CHANNELS), dtype=np.float32)
    stored = picture[::-1].transpose(1, 0, 2)
    folder = tmp_path / "data" / "subjects" / "P086" / TIME
    folder.mkdir(parents=True)
    path = folder / f"{TIME}_SpecCube.dat"
    path.write_bytes(np.array(stored.shape, ">i4").tobytes() + stored.astype(">f4").tobytes())
    return path, picture


@pytest.mark.parametrize("limit", [None, 0])
def test_the_picture_is_the_right_way_up(recording, limit):
    path, picture = recording
    for opened in (path, path.parent):
        assert is_readable(opened)
        cube = open_cube(opened, memory_limit_mb=limit)
        assert cube.is_lazy == (limit == 0)
        np.testing.assert_array_equal(cube.data[:], picture)
        np.testing.assert_array_equal(cube.spectrum(1, 6), picture[1, 6])
        np.testing.assert_array_equal(cube.image(500), picture[:, :, 0])
    assert (cube.name, cube.modality, cube.domain, cube.quantity) == (TIME, "HSI", "real", "reflectance")
    np.testing.assert_array_equal(cube.wavelengths_nm, np.linspace(500, 1000, 100))


def test_the_log_of_the_camera_is_kept(recording):
    path, _ = recording
    log = '[Camera]\nCamID = "0102-00085"\nBelichtungszeit = 7,500000\nFremdlicht erkannt? = nein\nGröße=%x\n'
    path.with_name(f"{TIME}_meta.log").write_bytes(log.encode("latin-1"))
    assert open_cube(path).metadata["camera_log"] == {
        "Camera": {
            "CamID": "0102-00085",
            "Belichtungszeit": 7.5,
            "Fremdlicht erkannt?": "nein",
            "Größe": "%x",
        }
    }
    path.with_name(f"{TIME}_meta.log").write_bytes(b"no section = 3\n\xff")
    assert "camera_log" not in open_cube(path).metadata


def draw(path, organ, mask, person="annotator1"):
    folder = path.parent / "annotations"
    folder.mkdir(exist_ok=True)
    Image.fromarray(mask).convert("1").save(folder / f"{TIME}#polygon#{person}#{organ}#binary.png")


def test_outlines_become_labels(recording):
    path, _ = recording
    liver, spleen = np.zeros((2, HEIGHT, WIDTH), bool)
    liver[0, :3], spleen[4, 5:] = True, True
    draw(path, "spleen", spleen)
    draw(path, "liver", liver)
    draw(path, "spleen", ~spleen, person="annotator2")
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.labels, liver + 2 * spleen)
    assert cube.label_names == {0: "unlabelled", 1: "liver", 2: "spleen"}
    (path.parents[3] / "dataset_settings.json").write_text(
        json.dumps({"label_mapping": {"liver": 17, "spleen": 29}})
    )
    np.testing.assert_array_equal(open_cube(path).labels, 17 * liver + 29 * spleen)


def test_another_number_of_channels_needs_wavelengths(tmp_path, refusal):
    path = tmp_path / "x_SpecCube.dat"
    path.write_bytes(np.array([2, 3, 4], ">i4").tobytes() + np.arange(24, dtype=">f4").tobytes())
    assert not is_readable(path)
    assert "no wavelengths" in refusal(path)
    assert open_cube(path, wavelengths_nm=[500, 600, 700, 800]).shape == (3, 2, 4)


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b + b"0", lambda b: b"\x7f" + b[1:], lambda b: b[:5]]
)
def test_a_file_of_another_size_than_declared_is_refused(recording, refusal, change):
    path, _ = recording
    path.write_bytes(change(path.read_bytes()))
    assert not is_readable(path)
    assert is_damaged(path)
    assert "expected 12 + 4 x width x height x channels" in refusal(path)
