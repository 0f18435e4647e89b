"""The other cubes of a file, and its faster copy."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_udt import open_cube
from napari_udt.io import layout
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.state.session import Session
from napari_udt.viewer.transfer.widgets.dock import TransferDock


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def dock(qtbot, session):
    window = QWidget()
    dock = TransferDock(session, models=lambda: [], devices=lambda: [], parent=window)
    window.resize(400, 700)
    qtbot.addWidget(window)
    window.show()
    dock.keep_alive = window
    return dock


@pytest.fixture
def several(tmp_path):
    path = tmp_path / "several.h5"
    with h5py.File(path, "w") as file:
        file["big"], file["small"] = np.ones((9, 8, 5)), np.full((3, 4, 5), 2.0)
        file["wavelengths"] = np.linspace(500, 900, 5)
    return path


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """A small file of pictures packed one by one, on a machine that unpacks slowly."""
    monkeypatch.setattr(layout, "UNPACKED_PER_S", 2e3)
    monkeypatch.setattr("napari_udt.io.access.SLOW_S", 3.0)
    monkeypatch.setenv("NAPARI_UDT_MEMORY_MB", "0")
    path = tmp_path / "slow.h5"
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(0).random((30, 40, 50), dtype=np.float32)
        file.create_dataset("cube", data=data, chunks=(30, 40, 1), compression="gzip")
        file["wavelengths"] = np.linspace(500, 1000, 50)
    return path


def choose(dock, title):
    """Choose an entry of the row's box as a user does, by keyboard."""
    box = dock.file_row.box
    index = box.findText(title)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_a_file_with_one_cube_that_is_fast_needs_no_row(dock, session, pat):
    session.add(pat())
    assert not dock.file_row.isVisible()
    assert not dock.file_row.title.isVisible()


def test_another_cube_of_the_file_opens_beside_it(qtbot, dock, session, several):
    open_files(session, [several])
    assert dock.file_row.isVisible()
    assert [dock.file_row.box.itemText(i) for i in range(2)] == ["/big", "/small"]
    choose(dock, "/small")
    qtbot.waitUntil(lambda: len(session) == 2, timeout=5000)
    assert dock.source.value == "several · small"
    assert dock.file_row.box.currentText() == "/small"
    choose(dock, "/big")  # open already: chosen, not opened twice
    assert dock.source.value == "several · big"
    assert len(session) == 2


def test_a_file_that_vanished_is_one_notification(qtbot, dock, session, several):
    open_files(session, [several])
    several.unlink()
    notification_manager.records.clear()
    choose(dock, "/small")
    qtbot.waitUntil(lambda: not dock.file_row.busy, timeout=5000)
    assert "no such file" in notification_manager.records[-1].message
    assert len(session) == 1
    notification_manager.records.clear()


def test_a_slow_file_is_converted_and_opened(qtbot, dock, session, slow, monkeypatch):
    notification_manager.records.clear()
    open_files(session, [slow])
    (reported,) = [r.message for r in notification_manager.records if "Convert for fast spectra" in r.message]
    assert "a spectrum about" in reported
    button = dock.file_row.button
    assert button.isVisible()
    target = slow.with_name("chosen.udt.h5")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(session) == 2, timeout=10000)
    assert not dock.file_row.progress.isVisible()
    np.testing.assert_array_equal(open_cube(target).data[:], open_cube(slow).data[:])
    dock.source.value = "chosen"  # chunks of both kinds: nothing to convert any more
    assert not button.isVisible()
    notification_manager.records.clear()


def test_what_a_file_lost_on_opening_is_said_once(dock, session, several):
    with h5py.File(several, "r+") as file:
        del file["small"]
        file["gt"] = np.full((9, 8), 0.5)
    notification_manager.records.clear()
    open_files(session, [several])
    open_files(session, [several])
    (said,) = [r.message for r in notification_manager.records if "left out" in r.message]
    assert said == "several: Labels left out: /gt holds fractions; expected whole class numbers."
    notification_manager.records.clear()


def test_a_conversion_can_be_cancelled(qtbot, dock, session, slow, monkeypatch):
    open_files(session, [slow])
    from napari_udt.io import convert as module

    def endless(*args, progress, **options):
        while True:
            progress(1, 2)

    monkeypatch.setattr(module, "convert", endless)
    dock.file_row.convert(slow.with_name("y.udt.h5"))
    assert dock.file_row.button.text() == "Cancel conversion"
    qtbot.waitUntil(lambda: dock.file_row.progress.value() == 500, timeout=5000)
    qtbot.mouseClick(dock.file_row.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.file_row.busy, timeout=5000)
    assert len(session) == 1
    assert sorted(p.name for p in slow.parent.iterdir()) == ["slow.h5"]
    notification_manager.records.clear()
