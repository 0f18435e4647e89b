"""Every writer on a disk that fails: the old file is whole, nothing is left over, the error is one sentence."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from transfer_samples import make_cube, make_model
from write_faults import ERRORS, faults, file_size_limit, tree

from napari_udt import open_cube, save_cube
from napari_udt.dataset import Dataset, save_dataset
from napari_udt.errors import CubeError, UdtError
from napari_udt.files.write_errors import WriteError
from napari_udt.files.writing import new_hdf5, whole_or_nothing
from napari_udt.io.convert import convert
from napari_udt.models.store import save_model
from napari_udt.training.checkpoint import save_checkpoint
from napari_udt.training.progress import append_row
from napari_udt.viewer.files.session_file import save_session
from napari_udt.viewer.state.session import Session

Write = Callable[[Path], None]
CUBE = make_cube(40, 70, 24, oxygenation=np.full((40, 70), 0.5, np.float32), name="x")


def _cube(name: str, **options: bool) -> Write:
    return lambda folder: save_cube(CUBE, folder / name, overwrite=True, **options)


def _dataset(folder: Path) -> None:
    rng = np.random.default_rng(0)
    spectra = rng.random((4000, 20), dtype=np.float32)
    labels, drawn = np.zeros(4000, np.int16), {"blood": rng.random(4000)}
    known = Dataset(spectra, labels, np.arange(20.0), ("a",), "HSI", "simulated", "t", 1, parameters=drawn)
    save_dataset(known, folder / "set.h5")


def _converted(folder: Path) -> None:
    source = folder.parent / "source.hdr"
    if not source.exists():
        save_cube(CUBE, source)
    convert(source, folder / "converted.udt.h5", overwrite=True)


def _session(folder: Path) -> None:
    session = Session()
    session.add(CUBE.with_(name="unsaved"))
    save_session(session, folder / "work.udt-session.json")


def _text(folder: Path) -> None:
    with whole_or_nothing(folder / "report.html") as temporary:
        temporary.write_text("a figure " * 20_000, "utf-8")


WRITERS: dict[str, Write] = {
    "own": _cube("a.udt.h5"),
    "own, packed": _cube("b.udt.h5", compress=True),
    "ENVI": _cube("c.hdr"),
    "CSV": _cube("d.csv"),
    "npz": _cube("e.npz"),
    "npz, packed": _cube("f.npz", compress=True),
    "data set": _dataset,
    "convert": _converted,
    "session": _session,
    "text": _text,
    "model": lambda folder: save_model(MODEL, folder / "model", overwrite=True) and None,
    "checkpoint": lambda folder: save_checkpoint({"weights": MODEL.network.state_dict()}, folder / "c.pt"),
    "log": lambda folder: append_row(folder / "log.csv", {"step": 1.0, "loss": 2.0}),
}
MODEL = make_model("HSI", 12, name="m")


def _is_one_sentence(error: BaseException) -> bool:
    text = str(error)
    return bool(text) and "\n" not in text and "Errno" not in text


def _restore(folder: Path, before: dict[str, bytes]) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in before.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def _start(write: Write, folder: Path, existing: bool) -> tuple[dict[str, bytes], int, int]:
    """Return the folder's files before a write, the calls of the write, and the size of its largest file."""
    folder.mkdir()
    write(folder)
    before = tree(folder) if existing else {}
    _restore(folder, before)
    with faults(folder) as state:
        write(folder)
    largest = max(map(len, tree(folder).values()))
    _restore(folder, before)
    assert state.calls > 1
    return before, state.calls, largest


def _fails(write: Write, folder: Path, before: dict[str, bytes]) -> None:
    """Write on a failing disk: an error of one sentence, and the folder as it was."""
    with pytest.raises((UdtError, OSError)) as caught:
        write(folder)
    assert _is_one_sentence(caught.value), str(caught.value)
    for path in folder.glob(
        "work*.udt.h5"
    ):  # results that a session wrote before it failed are whole, and stay
        if path.name not in before:
            assert open_cube(path).shape == CUBE.shape
            path.unlink()
    assert tree(folder) == before
    assert not [p.name for p in folder.rglob("*") if p.name.endswith(".part")]


@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_on_a_failing_disk_leaves_what_was(tmp_path, name, existing):
    folder = tmp_path / "out"
    before, calls, _ = _start(WRITERS[name], folder, existing)
    some = {*range(1, min(calls, 8)), calls // 2, *range(max(1, calls - 6), calls + 1)}
    for turn, at in enumerate(sorted(some)):
        for once in (True, False):  # the errors take turns: no writer asks which one it was
            with faults(folder, ERRORS[(turn + once) % len(ERRORS)], at, once) as state:
                _fails(WRITERS[name], folder, before)
            assert state.raised


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX systems can")
@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_is_cut_off_at_any_byte_leaves_what_was(tmp_path, name, existing):
    folder = tmp_path / "out"
    before, _, largest = _start(WRITERS[name], folder, existing)
    for share in (0.0, 0.01, 0.5, 0.9):
        with file_size_limit(int(share * largest)):
            _fails(WRITERS[name], folder, before)


def test_a_full_disk_is_said_with_what_is_needed_and_free(tmp_path):
    with (
        faults(tmp_path, at=3),
        pytest.raises(CubeError, match=r"a\.udt\.h5.*the disk is full: .* needed, .* free"),
    ):
        save_cube(CUBE, tmp_path / "a.udt.h5")
    with (
        pytest.raises(WriteError, match=r"b\.h5.*(\d GB needed, .* free|takes no file of that size)"),
        whole_or_nothing(tmp_path / "b.h5") as temporary,
        new_hdf5(temporary, 10**18),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_whose_writes_fail_is_closed_without_a_crash(tmp_path):
    rng = np.random.default_rng(0)
    failed = 0
    for at in range(1, 40):
        with faults(tmp_path, errno.EIO, at) as state:
            try:
                with new_hdf5(tmp_path / "x.h5") as file:
                    made = file.create_dataset(
                        "a/data", (400, 400), np.float32, chunks=(40, 40), compression=1
                    )
                    for row in range(0, 400, 40):
                        file.checked(made)[row : row + 40] = rng.random((40, 400))
                    file["more"] = "text"
            except OSError:
                failed += 1
            else:
                assert not state.raised
    assert failed > 20


def test_a_vanished_folder_is_said(tmp_path):
    folder = tmp_path / "gone"
    with pytest.raises(WriteError, match=r"x\.txt.*the folder is gone"), whole_or_nothing(folder / "x.txt"):
        shutil.rmtree(folder)
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(WriteError, match="is a file, not a folder"),
        whole_or_nothing(tmp_path / "file" / "x.txt"),
    ):
        pass


def test_an_error_of_another_file_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="other"), whole_or_nothing(tmp_path / "x.txt"):
        (tmp_path / "other").read_text()
