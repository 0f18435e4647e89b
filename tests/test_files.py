"""Files come whole or not at all; on Windows too, whose rules are played here on any system."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from napari_udt import SpectralCube, open_cube, save_cube
from napari_udt.files import writing
from napari_udt.files.write_errors import WriteError
from napari_udt.files.writing import whole_folder_or_nothing, whole_or_nothing, whole_set_or_nothing


@pytest.fixture
def windows_fsync(monkeypatch):
    """Windows brings only files that are open for writing to the disk; the files that were brought there."""
    fcntl = pytest.importorskip("fcntl", reason="Windows plays by these rules itself")
    real, settled = os.fsync, []

    def fsync(descriptor):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        settled.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return settled


@pytest.fixture
def held_open(monkeypatch):
    """Windows replaces no open file: paths, and how many more times moving them will fail."""
    holds = {}
    real = Path.replace

    def replace(source, target):
        for path in (source, Path(target)):
            if holds.get(path, 0) > 0:
                holds[path] -= 1
                raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(writing, "_WAITS_S", (0.0, 0.0, 0.0))
    return holds


def test_a_file_is_on_the_disk_before_it_is_moved(tmp_path, windows_fsync):
    with whole_or_nothing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert windows_fsync == [(tmp_path / "a.txt").stat().st_ino]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_the_files_of_sets_and_folders_are_on_the_disk_before_they_are_moved(tmp_path, windows_fsync):
    with whole_set_or_nothing(tmp_path, overwrite=False) as folder:
        (folder / "a.img").write_text("a")
        (folder / "a.hdr").write_text("b")
    with whole_folder_or_nothing(tmp_path / "model") as folder:
        (folder / "weights").write_text("c")
    written = [tmp_path / "a.img", tmp_path / "a.hdr", tmp_path / "model" / "weights"]
    assert sorted(windows_fsync) == sorted(path.stat().st_ino for path in written)


@pytest.mark.parametrize("ending", ["udt.h5", "npz", "hdr", "csv"])
def test_a_cube_is_saved_by_windows_rules(tmp_path, windows_fsync, ending):
    cube = SpectralCube(
        np.ones((3, 4, 5), np.float32), np.linspace(700, 800, 5), "PAT", "simulated", name="arm"
    )
    save_cube(cube, tmp_path / f"arm.{ending}")
    assert windows_fsync
    if ending != "csv":
        assert open_cube(tmp_path / f"arm.{ending}", domain="simulated", modality="PAT").shape == (3, 4, 5)


@pytest.mark.usefixtures("held_open")
def test_nothing_is_waited_for_when_nobody_has_the_file_open(tmp_path):
    _write(tmp_path / "a.txt", "old")
    _write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_virus_scanner_that_soon_lets_go_is_waited_for(tmp_path, held_open):
    _write(tmp_path / "a.txt", "old")
    held_open[tmp_path / "a.txt"] = 2
    _write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_an_open_file_is_kept_and_named(tmp_path, held_open):
    _write(tmp_path / "a.txt", "old")
    held_open[tmp_path / "a.txt"] = 100
    with pytest.raises(
        WriteError, match=r"a\.txt: the file cannot be written: it is open in this program or another"
    ):
        _write(tmp_path / "a.txt", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_an_open_folder_is_kept_and_named(tmp_path, held_open):
    def save(word):
        with whole_folder_or_nothing(tmp_path / "model") as folder:
            (folder / "weights").write_text(word)

    save("old")
    held_open[tmp_path / "model"] = 100
    with pytest.raises(WriteError, match=r"model: the file cannot be written: it is open in this program"):
        save("new")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_of_a_set_with_an_open_file_all_former_files_stay(tmp_path, held_open):
    def save(word):
        with whole_set_or_nothing(tmp_path, overwrite=True) as folder:
            for name in ("a", "b"):
                (folder / name).write_text(word)

    save("old")
    held_open[tmp_path / "b"] = 100
    with pytest.raises(WriteError, match=r"b: the file cannot be written: it is open in this program"):
        save("new")
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir()) == [
        ("a", "old"),
        ("b", "old"),
    ]


def test_a_refusal_that_waiting_does_not_mend_is_passed_on(tmp_path, held_open, monkeypatch):
    monkeypatch.setattr(writing, "_WAITS_S", ())  # as on Linux and macOS
    _write(tmp_path / "a.txt", "old")
    held_open[tmp_path / "a.txt"] = 100
    with pytest.raises(WriteError, match="Access is denied"):
        _write(tmp_path / "a.txt", "new")


def test_a_writer_that_fails_with_its_file_open_tells_its_own_error(tmp_path, monkeypatch):
    def unlink(path, missing_ok=False):
        raise PermissionError(errno.EACCES, "in use", str(path))

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(ValueError, match="no such channel"), whole_or_nothing(tmp_path / "a.txt"):
        raise ValueError("no such channel")


def test_the_main_file_of_a_set_is_moved_last_whatever_the_clock_says(tmp_path, monkeypatch):
    moved, real = [], Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda source, target: (moved.append(source.name), real(source, target))
    )
    with whole_set_or_nothing(tmp_path, overwrite=False, main="a.hdr") as folder:
        for name in ("a.hdr", "a.img", "a_labels.img"):  # Windows' clock may give them all the same time
            (folder / name).write_text(name)
            os.utime(folder / name, (1e9, 1e9))
    assert moved[-1] == "a.hdr"
    assert sorted(moved) == ["a.hdr", "a.img", "a_labels.img"]


def _write(path, text):
    with whole_or_nothing(path) as temporary:
        temporary.write_text(text)
