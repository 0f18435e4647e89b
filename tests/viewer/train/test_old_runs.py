"""What trainings leave on the disk is counted and removed, and nothing that can be resumed unless it is chosen."""

import json
import os
import shutil
import subprocess
import sys

import psutil
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton

from napari_udt.models.store import SPEC, bundled_folder, user_folder
from napari_udt.viewer.qt.scroll_area import VerticalScrollArea
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.train.old_runs import old_runs, remove, summary
from napari_udt.viewer.train.plan import Plan, work_folder
from napari_udt.viewer.train.run import CHECKPOINT, RECORD, TrainingRun
from napari_udt.viewer.train.widgets.dock import TrainDock


@pytest.fixture(autouse=True)
def _own_models(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_UDT_MODELS", str(tmp_path / "models"))


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_folder(name):
    return work_folder(name).with_name(f"{name}.run")


@pytest.fixture
def runs():
    """A finished training, one that failed in the beginning, one that can be resumed, and one that runs."""
    shutil.copytree(bundled_folder() / "hsi_unit", user_folder() / "done")
    write(work_folder("done") / SPEC, "y" * 1000)
    write(run_folder("done") / CHECKPOINT, "y" * 1_000_000)
    write(run_folder("failed") / "output.txt", "y" * 500_000)
    write(run_folder("halted") / CHECKPOINT, "y" * 3_000_000)
    halted = {"pid": 0, "created": 0, "plan": Plan(name="halted").as_dict()}
    write(run_folder("halted") / RECORD, json.dumps(halted))
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(200)"])
    created = psutil.Process(process.pid).create_time()
    going = {"pid": process.pid, "created": created, "plan": Plan(name="going").as_dict()}
    write(run_folder("going") / CHECKPOINT)
    write(run_folder("going") / RECORD, json.dumps(going))
    yield
    process.kill()
    process.wait()


def test_trainings_are_counted_and_removed_but_for_those_that_run(runs):
    found = old_runs()
    assert [(run.name, run.resumable) for run in found] == [
        ("done", False),
        ("failed", False),
        ("halted", True),
    ]
    assert found[0].bytes == 1_001_000
    assert summary(found) == "On the disk: 2 finished: 1.5 MB, 1 training that can be resumed: 3.0 MB"
    assert summary([]) == ""
    assert remove(found[:2]) == "1.5 MB are free again; the models stay."
    assert [run.name for run in old_runs()] == ["halted"]
    assert (user_folder() / "done" / SPEC).exists()
    assert (run_folder("going") / CHECKPOINT).exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a folder that may not be changed")
def test_what_cannot_be_removed_is_named(runs):
    run_folder("done").chmod(0o500)
    try:
        assert "could not be removed (Permission denied); remove it by hand" in remove(old_runs()[:1])
    finally:
        run_folder("done").chmod(0o700)


def test_the_dock_asks_once_and_keeps_what_can_be_resumed_unless_it_is_chosen(runs, qtbot):
    run_folder("going").rename(run_folder("going").with_name("elsewhere"))  # the dock would follow it
    dock = TrainDock(Session(), TrainingRun())
    qtbot.addWidget(dock)
    dock.resize(500, 900)
    dock.show()
    assert dock.training.interrupted

    def answer(*, also, button):
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        if also:
            box.checkBox().click()
        next(b for b in box.findChildren(QPushButton) if b.text().replace("&", "") == button).click()

    def is_in_view():
        dock.findChild(VerticalScrollArea).ensureWidgetVisible(dock.old_runs.button)
        return not dock.old_runs.button.visibleRegion().isEmpty()

    def press(**how):
        qtbot.waitUntil(is_in_view)
        QTimer.singleShot(100, lambda: answer(**how))
        QTest.mouseClick(dock.old_runs.button, Qt.MouseButton.LeftButton)

    assert "2 finished: 1.5 MB" in dock.old_runs.label.text()
    press(also=True, button="Cancel")
    assert len(old_runs()) == 3
    press(also=False, button="Remove")
    assert [run.name for run in old_runs()] == ["halted"]
    assert dock.status.text() == "1.5 MB are free again; the models stay."
    assert dock.buttons.resume.isVisible()
    press(also=True, button="Remove")
    assert old_runs() == []
    assert not dock.old_runs.isVisible()
    assert not dock.buttons.resume.isVisible()
    assert dock.status.text() == "3.0 MB are free again; the models stay."
