import re

import numpy as np
import pytest
import spectral.io.envi as library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_udt.errors import CubeError
from napari_udt.io import is_readable, open_cube, recordings
from napari_udt.io.generic.envi_header import as_list, as_text, header, parse

FACTS = {"wavelength units": "Nanometers"}


def written(path, image, wavelengths, **more):
    facts = {**FACTS, "wavelength": [str(w) for w in wavelengths], **more.pop("metadata", {})}
    library.save_image(str(path), image, metadata=facts, **more)
    return path


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("limit", [None, 0])
def test_files_of_the_spectral_library_open_in_every_interleave(
    tmp_path, image, wavelengths, interleave, order, limit
):
    path = written(tmp_path / "x.hdr", image, wavelengths, interleave=interleave, byteorder=order)
    for opened in (path, tmp_path / "x.img"):
        assert is_readable(opened)
        cube = open_cube(opened, memory_limit_mb=limit)
        assert cube.is_lazy == (limit == 0)
        np.testing.assert_array_equal(cube.data[:], image)
        np.testing.assert_array_equal(cube.data[2, 3], np.asarray(library.open(str(path))[2, 3]).ravel())
        np.testing.assert_array_equal(cube.wavelengths_nm, wavelengths)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8", "u2", "u4", "i8", "u8"])
def test_every_data_type(tmp_path, image, wavelengths, kind):
    counts = (image * 100).astype(kind)
    cube = open_cube(written(tmp_path / "x.hdr", counts, wavelengths, dtype=kind))
    np.testing.assert_array_equal(cube.data, counts.astype(np.float32))


def test_complex_numbers_are_refused(tmp_path, image, wavelengths, refusal):
    path = written(tmp_path / "x.hdr", image.astype(np.complex64), wavelengths, dtype="complex64")
    assert "data type 6 is not supported" in refusal(path)


def by_hand(folder, image, text, ending=".dat", offset=0):
    (folder / f"x{ending}").write_bytes(bytes(offset) + image.astype("<f4").tobytes())
    rows, columns, channels = image.shape
    structure = f"Samples = {columns}\nLINES={rows}\nbands = {channels}\ndata type = 4\ninterleave = BIP\n"
    (folder / "x.hdr").write_text(f"ENVI\n{structure}{text}", "utf-8")
    return folder / "x.hdr"


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("Micrometers", 1e-3), ("um", 1e-3), ("Unknown", 1), ("", 1e-3), ("nm", 1), ("m", 1e-9)],
)
def test_units_of_wavelengths(tmp_path, image, wavelengths, unit, factor):
    listed = ",\n  ".join(str(w * factor) for w in wavelengths)
    path = by_hand(tmp_path, image, f"Wavelength Units = {unit}\n; remark\nWaveLength = {{\n {listed}}}\n")
    np.testing.assert_allclose(open_cube(path).wavelengths_nm, wavelengths)


def test_offset_scale_pixel_size_and_other_fields(tmp_path, image, wavelengths):
    text = (
        "header offset = 33\nreflectance scale factor = 50\nsensor type = AVIRIS\nbyte order = 0\n"
        "pixel size = {2.0e-4, 1.0e-4, units=Meters}\nfwhm = {1,\n2,\n3, 4}\n"
        f"wavelength = {{{', '.join(map(str, wavelengths))}}}\n"
    )
    for limit in (None, 0):
        cube = open_cube(by_hand(tmp_path, image, text, offset=33), memory_limit_mb=limit)
        np.testing.assert_allclose(cube.data[:], image / 50, rtol=1e-6)
        assert cube.quantity == "reflectance"
        assert cube.pixel_size_mm == pytest.approx((0.1, 0.2))
        assert cube.metadata["envi"]["sensor type"] == "AVIRIS"
        assert cube.metadata["fwhm_nm"] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("UTM, 1, 1, 5e5, 4e6, 2.0, 3.0, 32, North, WGS-84, units=Meters", (3000, 2000)),
        ("Arbitrary, 1, 1, 0, 0, 0.2, 0.1, units=mm", (0.1, 0.2)),
        ("Geographic Lat/Lon, 1, 1, 8.0, 49.0, 1e-5, 1e-5, WGS-84, units=Degrees", None),
        ("UTM, 1, 1", None),
    ],
)
def test_pixel_size_of_a_map(tmp_path, image, wavelengths, info, expected):
    text = f"map info = {{{info}}}\nwavelength = {{{', '.join(map(str, wavelengths))}}}\n"
    found = open_cube(by_hand(tmp_path, image, text)).pixel_size_mm
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("ending", ["", ".raw", ".IMG", ".bip", ".dat"])
def test_the_file_with_the_numbers_may_have_any_usual_ending(tmp_path, image, ending):
    by_hand(tmp_path, image, "wavelength = {500, 600, 700, 800}\n", ending)
    np.testing.assert_array_equal(open_cube(tmp_path / f"x{ending}").data, image)


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_gaps_around_major_frames_and_an_unusual_ending(tmp_path, image, interleave):
    axes = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}[interleave]
    stored = b"".join(b"abc" + frame.astype("<f4").tobytes() + b"z" for frame in image.transpose(axes))
    by_hand(tmp_path, image, "", ".hyspex")
    header = (tmp_path / "x.hdr").read_text().replace("BIP", interleave)
    (tmp_path / "x.hdr").write_text(f"{header}wavelength = {{5,6,7,8}}\nmajor frame offsets = {{3, 1}}\n")
    (tmp_path / "x.hyspex").write_bytes(stored)
    (tmp_path / "x.note").write_bytes(b"another file")
    for name, limit in (("x.hdr", None), ("x.hyspex", 0)):
        cube = open_cube(tmp_path / name, memory_limit_mb=limit)
        np.testing.assert_array_equal(cube.data[:], image)
        np.testing.assert_array_equal(cube.data[3, 2], image[3, 2])
    assert not is_readable(tmp_path / "x.note")


def test_header_and_numbers_dropped_together_are_one_recording(tmp_path, image):
    header = by_hand(tmp_path, image, "wavelength = {500, 600, 700, 800}\n")
    assert recordings([tmp_path / "x.dat", header]) == [tmp_path / "x.dat"]


def test_another_file_beside_a_header_is_not_its_data(tmp_path, image):
    by_hand(tmp_path, image, "wavelength = {500, 600, 700, 800}\n")
    (tmp_path / "x.png").write_bytes(b"picture")
    assert not is_readable(tmp_path / "x.png")


def test_a_classification_file_beside_gives_the_labels(tmp_path, image, wavelengths):
    labels = np.random.default_rng(2).integers(0, 3, image.shape[:2]).astype(np.uint8)
    path = written(tmp_path / "scan.hdr", image, wavelengths)
    written(tmp_path / "scan2.hdr", image, wavelengths)
    library.save_classification(str(tmp_path / "scan_gt.hdr"), labels, class_names=["none", "liver", "skin"])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.labels, labels)
    assert cube.label_names == {0: "none", 1: "liver", 2: "skin"}
    assert open_cube(tmp_path / "scan2.hdr").labels is None


def test_without_wavelengths_they_are_asked_for(tmp_path, image, wavelengths, refusal):
    path = by_hand(tmp_path, image, "wavelength units = Index\nwavelength = {1e4, 2e4, 3e4, 4e4}\n")
    assert not is_readable(path)
    assert "found cube (6, 5, 4), but no wavelengths" in refusal(path)
    np.testing.assert_array_equal(open_cube(path, wavelengths_nm=wavelengths).data, image)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("lines = 600000000000", "needs .* bytes but the file holds"),
        ("lines = 0", "declares 0 lines"),
        ("bands = many", "bands = 'many'.*expected a whole number"),
        ("header offset = -4", "at byte -4"),
        ("data type = 99", "data type 99"),
        ("interleave = spiral", "'spiral' is unknown"),
        ("wavelength = {500, 600", "is not closed"),
        ("reflectance scale factor = nan", "reflectance scale factor"),
        ("file compression = 1", "file compression = '1'.*save the numbers unpacked"),
        ("minor frame offsets = {0, 2}", "minor frame offsets are not supported"),
        ("major frame offsets = {-1, 2}", "major frame offsets are"),
    ],
)
def test_a_wrong_header_is_one_sentence(tmp_path, image, refusal, change, sentence):
    path = by_hand(tmp_path, image, f"wavelength = {{500, 600, 700, 800}}\n{change}\n")
    assert re.search(sentence, refusal(path))


def test_a_cut_file_and_a_missing_one(tmp_path, image, refusal):
    path = by_hand(tmp_path, image, "wavelength = {500, 600, 700, 800}\n")
    data = tmp_path / "x.dat"
    data.write_bytes(data.read_bytes()[:-1])
    assert "x.dat: an array of shape (6, 5, 4)" in refusal(path)
    data.unlink()
    assert "the file with the numbers is missing" in refusal(path)


words = st.text(
    st.characters(codec="ascii", exclude_characters="\n\r{}=,;\x0b\x0c\x1c\x1d\x1e"), min_size=1, max_size=12
)
bare = words.map(str.strip).filter(bool)
keys = bare.map(lambda word: " ".join(word.lower().split())).filter(lambda k: k and not k.startswith(";"))


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.dictionaries(keys, bare | st.lists(bare, min_size=1, max_size=5), max_size=8))
def test_a_written_header_is_read_back_equal(fields):
    found = parse(as_text(fields), "x.hdr")
    assert set(found) == set(fields)
    for key, value in fields.items():
        assert (as_list(found[key]) if isinstance(value, list) else found[key]) == value


numbers = st.sampled_from(["1", "4", "-3", "0", "99", "1e3", "9" * 30, "", "bil", "{", "}"])


@settings(max_examples=300)
@given(
    st.text(max_size=200)
    | st.dictionaries(st.sampled_from(["lines", "samples", "bands", "data type", "interleave"]), numbers).map(
        as_text
    )
)
def test_whatever_the_text_only_a_cube_error_comes_out(text):
    for start in ("", "ENVI\n"):
        try:
            found = header(parse(start + text, "x.hdr"), "x.hdr")
        except CubeError:
            continue
        assert min(found.shape) > 0
        assert found.wavelengths_nm is None or len(found.wavelengths_nm) == found.bands
