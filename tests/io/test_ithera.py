"""iThera scan folders open by folder, header or data; XML that is hostile does nothing."""

import json
import re
import tracemalloc

import numpy as np
import pytest
from pa_scenes import AMPLITUDES, SAMPLES, WAVELENGTHS, arc_mm, brightest_mm, recorded, write_ithera

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, list_candidates, open_cube, open_cubes
from napari_udt.io.photoacoustic.ithera_regions import read_regions
from napari_udt.reconstruction import ReconstructionOptions, water_speed_m_per_s

COARSE = ReconstructionOptions(pixel_mm=0.25, field_of_view_mm=25.0)
DETECTORS = arc_mm(-45, 225)
GUID = "02f29abb-1c3f-408e-b61c-ca349c768577"


@pytest.fixture
def scan(tmp_path):
    speed = water_speed_m_per_s(25) + 10
    return write_ithera(
        tmp_path / "Scan_3",
        detectors_mm=DETECTORS,
        raw=recorded(DETECTORS, [(4, 6, 0)], frames=2, speed=speed),
        frames=2,
        trim=10,
    )


def test_folder_header_and_data_open_alike(scan):
    cubes = [open_cube(p, reconstruction=COARSE) for p in (scan, scan / "Scan_3.msot", scan / "Scan_3.bin")]
    assert is_readable(scan)
    assert is_readable(scan / "Scan_3.bin")
    for cube in cubes:
        np.testing.assert_array_equal(cube.data, cubes[0].data)
    cube = cubes[0]
    assert (cube.shape, cube.name, cube.domain) == ((100, 100, 3), "Scan_3", "real")
    np.testing.assert_array_equal(cube.wavelengths_nm, WAVELENGTHS)
    np.testing.assert_allclose(brightest_mm(cube), (4, -6), atol=0.3)
    np.testing.assert_allclose(cube.data.max(axis=(0, 1)) / cube.data[:, :, 0].max(), AMPLITUDES, rtol=0.02)


def test_the_speed_of_sound_follows_from_the_water(scan, tmp_path):
    facts = open_cube(scan, reconstruction=COARSE).provenance
    assert facts["speed_of_sound_m_per_s"] == pytest.approx(water_speed_m_per_s(25) + 10)
    assert "25.0 degrees" in facts["speed_of_sound_from"]
    heavy = write_ithera(
        tmp_path / "D2O",
        detectors_mm=DETECTORS,
        raw=recorded(DETECTORS, []) + 1,
        base=-90,
        trim=43,
        temperature=34,
    )
    facts = open_cube(heavy, reconstruction=COARSE).provenance
    assert facts["speed_of_sound_m_per_s"] == pytest.approx(water_speed_m_per_s(34) - 47)


def test_the_sequence_of_wavelengths_is_followed(tmp_path):
    order = [(0, 2), (0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (2, 0)]  # the last sweep is not complete
    path = write_ithera(
        tmp_path / "S", detectors_mm=DETECTORS, raw=recorded(DETECTORS, [(4, 6, 0)], frames=3), order=order
    )
    titles = list_candidates(path)
    assert titles == [
        "preview reconstruction",
        "preview reconstruction, mean over frames",
    ]
    peaks = np.array([open_cube(path, frame=f, reconstruction=COARSE).data.max(axis=(0, 1)) for f in (0, 1)])
    np.testing.assert_allclose(peaks / peaks[0, 0], np.outer([1, 2], AMPLITUDES), rtol=0.02)


def test_pulse_energies_are_divided_out(tmp_path):
    energy = np.array([AMPLITUDES, 2 * AMPLITUDES]) * 40
    raw = recorded(DETECTORS, [(4, 6, 0)], frames=2)
    path = write_ithera(tmp_path / "S", detectors_mm=DETECTORS, raw=raw, frames=2, energy=energy)
    peaks = np.array([open_cube(path, frame=f, reconstruction=COARSE).data.max(axis=(0, 1)) for f in (0, 1)])
    np.testing.assert_allclose(peaks / peaks[0, 0], 1, rtol=0.02)
    assert open_cube(path, reconstruction=COARSE).provenance["divided_by_pulse_energy"] == "POWER"


def test_pictures_of_the_scanner_come_first(tmp_path):
    stored = np.random.default_rng(0).random((2, 3, 7, 7))  # frames, wavelengths, x, y downwards
    node = {"Resolution": 7, "Roi": 0.014, "Method": "model_lin"}
    path = write_ithera(
        tmp_path / "S",
        detectors_mm=DETECTORS,
        raw=recorded(DETECTORS, [(4, 6, 0)]),
        pictures=[(GUID, stored, node)],
    )
    title = f"BP ({GUID[:8]})"
    assert list_candidates(path)[:3] == [title, "preview reconstruction", f"{title}, mean over frames"]
    for opened in (path, path / "RECONs" / f"{GUID}.bin"):
        cube = open_cube(opened)
        np.testing.assert_allclose(cube.data, stored[0].transpose(2, 1, 0), rtol=1e-6)
    assert cube.pixel_size_mm == pytest.approx((2, 2))
    assert (cube.metadata["frames"], cube.metadata["reconstruction_method"]) == (2, "model_lin")
    assert len(open_cubes(path)) == 1
    np.testing.assert_allclose(open_cube(path, frame=1).data, stored[1].transpose(2, 1, 0), rtol=1e-6)
    np.testing.assert_allclose(
        open_cube(path, frame="mean").data, stored.mean(0).transpose(2, 1, 0), rtol=1e-6
    )


def test_pictures_with_a_field_of_view_run_from_bottom_to_top(tmp_path):
    stored = np.random.default_rng(0).random((1, 3, 6, 8)).astype(np.float32)
    view = {f"FIELD-OF-VIEW/PixelCount/{a}": n for a, n in zip("XYZ", (6, 8, 1), strict=True)}
    view |= {f"FIELD-OF-VIEW/Extents/{a}": e for a, e in zip("XYZ", (0.012, 0.008, 0), strict=True)}
    path = write_ithera(tmp_path / "S", detectors_mm=DETECTORS, pictures=[(GUID, stored, view)])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.data, stored[0, :, ::-1].transpose(1, 2, 0))
    assert cube.pixel_size_mm == pytest.approx((2, 1))


def test_the_field_of_view_of_the_operator(tmp_path):
    path = write_ithera(tmp_path / "S", detectors_mm=DETECTORS, raw=recorded(DETECTORS, [(4, 6, 0)]))
    preset = (
        "<OAMPreset><ReconPresets><DataModelReconPreset><SystemReconPresets><ReconstructionPreset><RoiLow>0.0305</RoiLow>"
        "<RoiHigh>0.0505</RoiHigh></ReconstructionPreset></SystemReconPresets><SelectedPresetIndex>0</SelectedPresetIndex>"
        "</DataModelReconPreset></ReconPresets></OAMPreset></DataModelMsotProject>"
    )
    header = path / "S.msot"
    header.write_text(header.read_text().replace("</DataModelMsotProject>", preset))
    cube = open_cube(path, reconstruction=ReconstructionOptions(pixel_mm=0.5))
    assert cube.shape[:2] == (40, 40)


def test_an_arc_described_by_its_angles(scan):
    header = scan / "Scan_3.msot"
    text = header.read_text()
    step = np.deg2rad(270) / (len(DETECTORS) - 1)
    arc = f"<EQUAL><START>{np.deg2rad(-45)}</START><STEP>{step}</STEP><END>{np.deg2rad(225)}</END>"
    arc += '<CONSTANT axis-ref="2">0.04</CONSTANT></EQUAL>'
    first, last = text.index("<PROJECTION"), text.rindex("</PROJECTION>") + len("</PROJECTION>")
    before = open_cube(scan, reconstruction=COARSE)
    header.write_text(text[:first] + arc + text[last:])
    np.testing.assert_allclose(open_cube(scan, reconstruction=COARSE).data, before.data, atol=1e-3)


def refused(path) -> str:
    """Return the one sentence, which takes no memory."""
    tracemalloc.start()
    with pytest.raises(CubeError) as error:
        open_cube(path, reconstruction=COARSE)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert "\n" not in str(error.value)
    return str(error.value)


BOMB = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(b + 1)} "{f"&{chr(b)};" * 10}">' for b in range(ord("a"), ord("m"))
)


@pytest.mark.parametrize(
    "extra",
    [
        BOMB + "]>",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_never_expanded(tmp_path, extra):
    path = write_ithera(
        tmp_path / "S", detectors_mm=DETECTORS, raw=recorded(DETECTORS, [(4, 6, 0)]), extra=extra
    )
    header = path / "S.msot"
    header.write_text(header.read_text().replace("<Name>mouse", "<Name>&m;"))
    assert "S.msot: the XML declares entities or a document type" in refused(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<RECORDED-LENGTH>1800<", "<RECORDED-LENGTH>9999999<", "cut short"),
        ("<RECORDED-LENGTH>1800<", "<RECORDED-LENGTH>0<", "none empty"),
        ("<RECORDED-LENGTH>1800<", "<RECORDED-LENGTH>-3<", "cut short|none empty|damaged"),
        ("<RECORDED-LENGTH>1800<", "<RECORDED-LENGTH>many<", "'many'; expected a number"),
        ("<SAMPLING-FREQUENCY>40.0<", "<SAMPLING-FREQUENCY>nan<", "'nan'; expected a number"),
        ("<SAMPLING-FREQUENCY>40.0<", "<SAMPLING-FREQUENCY>0<", "sampling rate"),
        ("WAVELENGTHS", "WAVES", "no wavelengths"),
        ("PROJECTION", "PROJECTOR", "lack positions"),
        ("HARDWARE-DESC", "HARD", "HARDWARE-DESC is missing"),
        ("<WAVELENGTH>750", "<WAVELENGTH>7", "none empty"),
        ("</ScanNode>", "", "damaged or cut short"),
        ("DataModelMsotProject", "DataModelMsotProjects", "expected DataModelMsotProject"),
    ],
)
def test_bad_headers_get_one_sentence(scan, old, new, message):
    header = scan / "Scan_3.msot"
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))
    sentence = refused(scan)
    assert re.search(message, sentence)
    assert "Scan_3" in sentence


def test_data_cut_short(scan):
    data = scan / "Scan_3.bin"
    data.write_bytes(data.read_bytes()[:-1])
    whole = 2 * 6 * len(DETECTORS) * SAMPLES
    assert f"Scan_3.bin: the file holds {whole - 1:,} bytes" in refused(scan)


def test_parts_that_are_missing(scan, tmp_path):
    (scan / "Scan_3.bin").unlink()
    assert "neither time series (Scan_3.bin) nor pictures" in refused(scan)
    lonely = tmp_path / "lonely.bin"
    lonely.write_bytes(b"12345678")
    assert not is_readable(lonely)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "this is a folder" in refused(empty)


@pytest.mark.parametrize("guid", ["../../secret", "a/b", "..", "x" * 5000])
def test_a_picture_never_lies_elsewhere(tmp_path, guid):
    (tmp_path / "secret.bin").write_bytes(np.ones((1, 3, 7, 7)).tobytes())
    path = write_ithera(tmp_path / "S", detectors_mm=DETECTORS)
    node = f"<ReconNodes><R><GUID>{guid}</GUID><Resolution>7</Resolution></R></ReconNodes>"
    header = path / "S.msot"
    header.write_text(header.read_text().replace("<ReconNodes />", node))
    assert "S" in refused(path)


def test_a_picture_cut_short(tmp_path):
    stored = np.ones((1, 3, 7, 7))[:, :2]
    path = write_ithera(tmp_path / "S", detectors_mm=DETECTORS, pictures=[(GUID, stored, {"Resolution": 7})])
    assert "frames of 3 wavelengths and 7 x 7 pixels" in refused(path)


def annotate(folder, *annotations):
    path = folder / f"{folder.name}.iannotation"
    path.write_text(json.dumps({"ScanHash": "x", "Annotations": list(annotations)}))


def shape(**fields):
    return {"__classname": "iROI", **fields}


@pytest.mark.parametrize("x_first", [True, False])
def test_regions_of_ilabs_become_labels(tmp_path, x_first):
    """A picture of 20 mm with pixels of 0.5 mm: 40 rows and columns around the middle."""
    if x_first:
        picture = np.zeros((2, 3, 40, 40))
        elements = {"Resolution": 40, "Roi": 0.02}
    else:
        picture = np.zeros((2, 3, 40, 40), np.float32)
        elements = {f"FIELD-OF-VIEW/PixelCount/{a}": n for a, n in zip("XYZ", (40, 1, 40), strict=True)}
        elements |= {f"FIELD-OF-VIEW/Extents/{a}": n for a, n in zip("XYZ", (0.02, 0, 0.02), strict=True)}
    folder = write_ithera(
        tmp_path / "Scan_1", detectors_mm=arc_mm(), pictures=[("ab-cd", picture, elements)], frames=2
    )
    annotate(
        folder,
        {
            "__classname": "muscle",
            "Sweeps": [1],
            "ROIList": [shape(pos="(0.002, -0.008)", size="(0.004, 0.003)")],
        },
        {
            "__classname": "vein",
            "ROIList": [shape(type="Ellipse", pos="(-0.008, 0.002)", size="(0.006, 0.004)")],
        },
        {"ROIList": [shape(type="Segment", points=["(0, 0)", "(0.001, 0)"])]},
    )
    cube = open_cube(folder)
    assert cube.label_names == {0: "unlabelled", 1: "muscle_0", 2: "vein_1"}
    rows, columns = (
        (np.arange(40) - 19.5) * 0.5,
        (np.arange(40) - 19.5) * 0.5,
    )  # mm, downwards and to the right
    box = ((rows > -8) & (rows < -5))[:, None] & ((columns > 2) & (columns < 6))[None]
    oval = ((rows - 4) / 2)[:, None] ** 2 + ((columns + 5) / 3)[None] ** 2 < 1
    np.testing.assert_array_equal(cube.labels == 1, box)
    assert np.mean((cube.labels == 2) == oval) > 0.995
    assert open_cube(folder, frame=1).label_names == {0: "unlabelled", 2: "vein_1"}


def test_a_turned_ellipse_keeps_its_corner(tmp_path):
    whole = shape(type="Ellipse", pos="(0.001, 0.002)", size="(0.006, 0.002)", angle=90.0)
    annotate(tmp_path, {"ROIList": [whole]})
    (region,) = read_regions(tmp_path / f"{tmp_path.name}.iannotation")
    corners = region.corners_mm * (1, -1)
    # turned about its corner at the top left, by which x becomes y and y becomes -x
    np.testing.assert_allclose(corners.mean(axis=0), [1 - 1, 2 + 3], atol=1e-9)
    np.testing.assert_allclose(np.ptp(corners, axis=0), [2, 6], rtol=1e-3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{broken", "damaged or cut short"),
        ("[1]", "no list of Annotations"),
        ('{"Annotations": [{"ROIList": [{"pos": "here"}]}]}', "expected a place"),
        ('{"Annotations": [{"ROIList": [{"type": "Star"}]}]}', "'Star' is not known"),
        ('{"Annotations": [3]}', "damaged"),
    ],
)
def test_regions_that_cannot_be_read_are_left_out(scan, text, words):
    path = scan
    (path / f"{path.name}.iannotation").write_text(text)
    cube = open_cube(path)
    assert cube.labels is None
    assert cube.metadata["remarks"][0].startswith(f"Regions left out: {path.name}.iannotation: ")
    assert words in cube.metadata["remarks"][0]


def test_regions_lie_over_a_preview_too(scan):
    annotate(scan, {"__classname": "left", "ROIList": [shape(pos="(-0.008, -0.001)", size="(0.002, 0.002)")]})
    cube = open_cube(scan, reconstruction=COARSE)
    places = (np.argwhere(cube.labels) - (np.array(cube.shape[:2]) - 1) / 2) * cube.pixel_size_mm
    np.testing.assert_allclose(places.mean(axis=0), (0, -7), atol=0.3)  # down, right
    assert cube.label_names == {0: "unlabelled", 1: "left_0"}
