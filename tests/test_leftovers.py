"""Temporary files that killed programs left, and worker processes whose parent was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from napari_udt.files import leftovers
from napari_udt.files.leftovers import remove_leftovers, temporary_prefix
from napari_udt.files.writing import whole_or_nothing, whole_set_or_nothing

NO_PROCESS = 4194305  # more than Linux gives to a process


def owned(name, pid):
    return temporary_prefix(name).replace(f"-{os.getpid()}.", f"-{pid}.") + "abcd_123.part"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(
    sys.platform == "win32", reason="nobody can ask there whether a process runs without ending it"
)
def test_the_next_run_removes_what_a_killed_one_left(tmp_path):
    (tmp_path / owned("a.udt.h5", NO_PROCESS)).write_bytes(b"half")
    (tmp_path / owned("writing", NO_PROCESS) / "new").mkdir(parents=True)
    running = owned("b.udt.h5", os.getpid())
    (tmp_path / running).write_bytes(b"under way")
    for foreign in (".film.part", "x.part", ".notes.abcd_123.part.txt"):
        (tmp_path / foreign).write_bytes(b"of another program")
    with whole_or_nothing(tmp_path / "c.txt") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == sorted([running, ".film.part", "x.part", ".notes.abcd_123.part.txt", "c.txt"])


def test_old_files_of_other_machines_and_versions_go_after_a_week(tmp_path):
    elsewhere, earlier = ".a.txt.00000000-77.abcd_123.part", ".a.txt.abcd_123.part"
    for name in (elsewhere, earlier):
        (tmp_path / name).write_bytes(b"half")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted([elsewhere, earlier])
    for name in (elsewhere, earlier):
        os.utime(tmp_path / name, (time.time() - leftovers.OLD_S - 10,) * 2)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == []


def test_older_files_that_a_killed_run_had_set_aside_are_kept(tmp_path):
    aside = tmp_path / owned("writing", NO_PROCESS) / leftovers.FORMER
    aside.mkdir(parents=True)
    (aside / "a.hdr").write_text("the only copy")
    remove_leftovers(tmp_path)
    assert (aside / "a.hdr").read_text() == "the only copy"


def test_names_as_long_as_a_disk_takes_have_temporary_files(tmp_path):
    for name in ("x" * 251 + ".txt", "ä" * 120 + ".txt"):
        with whole_or_nothing(tmp_path / name) as temporary:
            temporary.write_text("whole")
        with whole_set_or_nothing(tmp_path, overwrite=True) as folder:
            (folder / name).write_text("again")
        assert (tmp_path / name).read_text() == "again"


PARENT = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from napari_udt.parent_process import end_with_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks whether a process runs as POSIX systems answer")
def test_a_worker_ends_with_its_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert leftovers._runs(worker)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        for _ in range(600):
            if not _is_alive(worker):
                return
            time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")


def _is_alive(pid):
    """Whether a process runs; one that nobody has collected yet does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return os.path.isdir("/proc/self") is False and leftovers._runs(pid)
