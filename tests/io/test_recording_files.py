"""All files of a recording, and what of them a fingerprint notices."""

from __future__ import annotations

import os

import pytest

from napari_udt.io import recording_files as files
from napari_udt.io.recording_files import fingerprint, recording_fingerprint

RECORDINGS = {
    "ENVI": ("a.hdr", ["a.img", "a_labels.hdr", "a_labels.img", "a_oxygenation.img"], ["ab.img", "a.udt.h5"]),
    "ENVI, opened by its numbers": ("a.img", ["a.hdr"], ["b.hdr"]),
    "iThera": ("s.msot", ["s.bin", "RECONs/one.bin"], ["notes.txt"]),
    "iThera, a picture": ("RECONs/one.bin", ["s.msot", "s.bin"], ["notes.txt"]),
    "Tivita": ("t_SpecCube.dat", ["t_meta.log", "annotations/t#polygon#x#liver#binary.png"], ["u_meta.log"]),
    "HELICoiD": ("raw", ["raw.hdr", "whiteReference", "darkReference.hdr", "gtMap"], ["other"]),
    "HELICoiD folder": (".", ["raw", "whiteReference"], ["result.udt.h5"]),
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


def test_pipes_are_left_out(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "a.img")
    (tmp_path / "a.hdr").write_text("ENVI")
    assert recording_fingerprint(tmp_path / "a.hdr").files == 1
