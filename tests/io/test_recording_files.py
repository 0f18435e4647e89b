"""All files of a recording, and what of them a fingerprint notices."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from napari_udt.collection import load_collection, save_collection
from napari_udt.collection.gather import collection_of
from napari_udt.collection.inspecting import inspect
from napari_udt.io import open_cube, save_cube
from napari_udt.io import recording_files as files
from napari_udt.io.recording_files import fingerprint, recording_fingerprint
from napari_udt.viewer.files.session_file import read_session, save_session
from napari_udt.viewer.state.session import Session

RECORDINGS = {
    "ENVI": ("a.hdr", ["a.img", "a_labels.hdr", "a_labels.img", "a_oxygenation.img"], ["ab.img", "a.udt.h5"]),
    "ENVI, opened by its numbers": ("a.img", ["a.hdr"], ["b.hdr"]),
    "ENVI, endings in capitals": ("a.IMG", ["a.HDR"], ["b.HDR"]),
    "iThera": ("s.msot", ["s.bin", "RECONs/one.bin", "s.iannotation"], ["notes.txt"]),
    "iThera, a picture": ("RECONs/one.bin", ["s.msot", "s.bin"], ["notes.txt"]),
    "Tivita": ("t_SpecCube.dat", ["t_meta.log", "annotations/t#polygon#x#liver#binary.png"], ["u_meta.log"]),
    "HELICoiD": ("raw", ["raw.hdr", "whiteReference", "darkReference.hdr", "gtMap"], ["other"]),
    "HELICoiD, numbers with an ending": ("raw.hdr", ["raw.img", "darkReference.dat"], ["other.img"]),
    "HELICoiD folder": (".", ["raw", "whiteReference"], ["result.udt.h5"]),
    "Zarr folder": (".", ["zarr.json", "0/zarr.json", "0/c/0/0/0"], ["result.json"]),
    "htc": ("p/L1/x.blosc", ["segmentations/x.blosc"], ["segmentations/y.blosc"]),
    "spectra of the paper": ("x_KNN_0.npy", ["x_seg.npy", "x_ind.npy", "x.npy"], ["y_seg.npy"]),
    "images of the paper": ("x.npz", ["data_config.yaml"], ["y.npz"]),
    "TIFF": ("x.tif", ["x.tif.hdr"], ["y.tif"]),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_file_of_a_recording_counts_and_no_other(folder, name):
    main, parts, others = RECORDINGS[name]
    for file in (*parts, *others, *([main] if main != "." else [])):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"before " + file.encode())
    before = recording_fingerprint(folder / main)
    assert before.compared == "content"
    for file in (*parts, *([main] if main != "." else [])):
        path = folder / file
        content, times = path.read_bytes(), path.stat().st_mtime_ns
        path.write_bytes(content.replace(b"before", b"behind"))
        os.utime(path, ns=(times, times))
        assert recording_fingerprint(folder / main).differs_from(before.to_dict()), file
        path.write_bytes(content)
        assert not recording_fingerprint(folder / main).differs_from(before.to_dict())
    for file in others:
        (folder / file).write_bytes(b"another")
    assert not recording_fingerprint(folder / main).differs_from(before.to_dict())


HEADER = "ENVI\nsamples = 2\nlines = 2\nbands = {}\ndata type = 1\ninterleave = bsq\n{}"
OWN = 'napari-udt = [{"labels": "drawn.hdr", "oxygenation": "so2.hdr"}]\n'
NRRD = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: numbers.bin\n\n"


@pytest.mark.parametrize(
    ("texts", "main", "parts", "others"),
    [
        (
            {"a.hdr": HEADER.format(2, ""), "a_gt.hdr": HEADER.format(1, "file type = ENVI Classification\n")},
            "a.hdr",
            ["a.dat", "a_gt.hdr", "a_gt.img"],
            ["a_b.hdr"],
        ),
        ({"a.hdr": HEADER.format(2, ""), "a-2.hdr": HEADER.format(2, "")}, "a.hdr", ["a"], ["a-2", "a-2.hdr"]),
        (
            {n: HEADER.format(1 + (n == "a.hdr"), OWN * (n == "a.hdr")) for n in ("a.hdr", "drawn.hdr", "so2.hdr")},
            "a.dat",
            ["a.hdr", "drawn.hdr", "drawn.img", "so2.hdr", "so2.raw"],
            ["other.hdr"],
        ),
        ({"a.nhdr": NRRD}, "a.nhdr", ["numbers.bin"], ["numbers.raw"]),
        ({"damaged.hdr": HEADER.format("two", ""), "damaged_b.hdr": "ENVI"}, "damaged.hdr", ["damaged.img"], ["b"]),
    ],
)  # fmt: skip
def test_files_that_a_header_leads_to_count(folder, texts, main, parts, others):
    for name, text in texts.items():
        (folder / name).write_text(text)
    for name in {main, *parts, *others} - set(texts):
        (folder / name).write_bytes(bytes(8))
    before = recording_fingerprint(folder / main).to_dict()
    for name in (main, *parts, *others):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1] + b" ")
        assert recording_fingerprint(folder / main).differs_from(before) == (name not in others), name
        (folder / name).write_bytes(content)


def test_a_recording_of_the_tivita_camera_by_any_name(folder):
    (folder / "annotations").mkdir()
    (folder / "animal 3.dat").write_bytes(np.array([1, 2, 3], ">i4").tobytes() + bytes(24))
    before = recording_fingerprint(folder / "animal 3.dat").to_dict()
    (folder / "annotations" / "t#polygon#x#liver#binary.png").write_bytes(b"drawn")
    assert recording_fingerprint(folder / "animal 3.dat").differs_from(before)


def test_large_files_are_compared_by_size_time_and_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(files, "_SAMPLE_BYTES", 10)
    path = tmp_path / "x.npy"
    content = bytearray(os.urandom(100_000))
    path.write_bytes(content)
    os.utime(path, (5, 5))
    before = fingerprint([path])
    assert before.compared == "size, time and samples"
    os.utime(path, (6, 6))
    assert fingerprint([path]).differs_from(before.to_dict())
    for at in (0, 50_000, 99_999):  # sampled at the ends; between them, the time tells
        changed = content.copy()
        changed[at] ^= 255
        path.write_bytes(changed)
        assert fingerprint([path]).differs_from(before.to_dict())
    path.write_bytes(content)
    os.utime(path, (5, 5))
    assert not fingerprint([path]).differs_from(before.to_dict())


def test_of_very_many_files_the_last_count_by_size_and_time(folder, monkeypatch):
    monkeypatch.setattr(files, "_READ_FILES", 5)
    for number in range(9):
        (folder / f"{number}").write_bytes(b"chunk")
    before = recording_fingerprint(folder)
    assert (before.files, before.compared) == (9, "size, time and samples")
    for number in range(9):
        times = (folder / f"{number}").stat().st_mtime_ns
        (folder / f"{number}").write_bytes(b"other")
        os.utime(folder / f"{number}", ns=(times, times + (number > 4)))
        assert recording_fingerprint(folder).differs_from(before.to_dict())
        (folder / f"{number}").write_bytes(b"chunk")
        os.utime(folder / f"{number}", ns=(times, times))
    assert not recording_fingerprint(folder).differs_from(before.to_dict())


def test_pipes_are_left_out(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "a.img")
    (tmp_path / "a.hdr").write_text("ENVI")
    assert recording_fingerprint(tmp_path / "a.hdr").files == 1


def test_the_longest_name_that_a_disk_takes_has_a_fingerprint(tmp_path):
    for ending in (".npy", ".tif", ".img"):
        path = tmp_path / ("x" * (255 - len(ending)) + ending)
        path.write_bytes(b"numbers")
        assert recording_fingerprint(path).files == 1


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode on this system")
def test_files_whose_names_are_not_utf8_are_left_out_of_collections(tmp_path, full_cube):
    save_cube(full_cube, tmp_path / "good.udt.h5")
    odd = tmp_path / os.fsdecode(b"caf\xe9.udt.h5")
    odd.write_bytes((tmp_path / "good.udt.h5").read_bytes())
    problems = [cube.problem for cube in inspect([tmp_path]).cubes]
    assert sorted(problems) == ["", f"{odd}: the name is not UTF-8; rename the file."]


def test_links_keep_their_names_in_sessions_and_collections(tmp_path, full_cube):
    """Files of git-annex are links to files of other names, in folders of their own."""
    kept, shown = tmp_path / "objects", tmp_path / "shown"
    save_cube(full_cube, kept / "scan.hdr")
    shown.mkdir()
    for number, file in enumerate(sorted(kept.iterdir())):
        (shown / file.name).symlink_to(file.rename(kept / f"SHA256E-{number}"))
    session = Session()
    session.add(open_cube(shown / "scan.hdr"), key="a")
    found = read_session(save_session(session, shown / "a"))
    assert (len(found.cubes), found.problems) == (1, ())
    path = shown / "a.udt-collection.toml"
    save_collection(collection_of(inspect([shown / "scan.hdr"]).cubes, {}), path)
    (member,) = load_collection(path).members
    assert (member.path, member.problem()) == (shown.resolve() / "scan.hdr", "")


def test_classes_beside_a_cube_are_no_cubes_of_a_collection(folder):
    texts = {
        "a.hdr": HEADER.format(2, "wavelength = {500, 600}\n"),
        "a_gt.hdr": HEADER.format(1, "file type = ENVI Classification\n"),
        "alone.hdr": HEADER.format(1, "file type = ENVI Classification\n"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).with_suffix(".img").write_bytes(bytes(8))
    found = {cube.member.path.stem: cube.problem for cube in inspect([folder]).cubes}
    assert set(found) == {"a", "alone"}
    assert found["a"] == ""
    assert "class numbers" in found["alone"]
