"""Saving series whose pictures are still to be made: the window lives, the user may cancel, and errors are notifications."""

import threading
import time

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QProgressDialog, QPushButton, QWidget

from napari_udt.viewer import contributions
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.layers.layer_data import cube_layers
from napari_udt.viewer.series.reader import PictureReader
from napari_udt.viewer.session.widgets.actions import save_to
from napari_udt.viewer.spectra.widgets.dock import SpectraDock
from napari_udt.viewer.spectra.widgets.figure.dialog import FigureDialog
from napari_udt.viewer.state.session import PixelRef, Session


@pytest.fixture
def ticks():
    """Count how often the window's thread was free; cancels the bar at the first tick where it is asked to."""
    seen, timer = {"free": 0, "bars": 0, "cancel": False}, QTimer()

    def tick():
        seen["free"] += 1
        bars = [w for w in QApplication.topLevelWidgets() if isinstance(w, QProgressDialog) and w.isVisible()]
        seen["bars"] += len(bars)
        if bars and seen["cancel"]:
            bars[0].cancel()

    timer.timeout.connect(tick)
    timer.start(20)
    yield seen
    timer.stop()


@pytest.fixture
def slow(scan):
    """Make a result whose pictures take a tenth of a second each, in whichever thread they are asked for."""
    threads = set()

    def read(index):
        threads.add(threading.current_thread() is threading.main_thread())
        time.sleep(0.1 * (index > 0))

    return scan("result", domain="transferred", read=read)[0], threads


@pytest.mark.parametrize("cancel", [True, False])
def test_a_session_with_a_series_that_is_not_transferred_yet(qtbot, slow, ticks, tmp_path, cancel):
    session, parent = Session(), QWidget()
    qtbot.addWidget(parent)
    session.add(slow[0])
    slow[1].clear()
    ticks["cancel"] = cancel
    assert save_to(session, tmp_path / "s.udt-session.json", parent) is not cancel
    assert slow[1] == {False}
    assert ticks["free"] > 5
    assert ticks["bars"] > 0
    qtbot.waitUntil(lambda: not any(t.name == "opening" for t in threading.enumerate()), timeout=5000)
    names = [] if cancel else ["s.udt-session.json", "s.udt.h5"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    said = (
        "Saving was cancelled; s.udt-session.json was not written."
        if cancel
        else "Saved the session as s.udt"
    )
    assert notification_manager.records[-1].message.startswith(said)


def test_file_save_of_such_a_series(qtbot, slow, ticks, tmp_path, monkeypatch):
    monkeypatch.setattr(contributions, "_saving", lambda target: OpeningProgress(title="Saving ..."))
    slow[1].clear()
    (path,) = contributions.write(str(tmp_path / "r.udt.h5"), cube_layers(slow[0]))
    assert slow[1] == {False}
    assert ticks["bars"] > 0
    assert path == str(tmp_path / "r.udt.h5")


def test_curves_over_time_are_exported_and_what_fails_is_a_notification(qtbot, scan, tmp_path, monkeypatch):
    session = Session()
    session.reader = PictureReader(session)
    session.set_options(hover=False)
    session.set_wavelength(760.0)
    session.add(scan()[0])
    session.pin(PixelRef("scan", 3, 4))
    dock = SpectraDock(session)
    qtbot.addWidget(dock)
    session.set_options(over="value")
    dock.show()
    qtbot.waitUntil(lambda: len(dock._series.lines) == 1, timeout=10000)
    asked = []

    def answer(*given):
        asked.append(given)
        return str(tmp_path / names.pop(0)), "Table with provenance (*.csv)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    names = ["bare", "taken/k.csv", "k.json"]
    (tmp_path / "taken").write_text("a file, not a folder")
    for _ in range(3):
        dock.findChild(QPushButton, "Export...").click()
    assert '"time_s"' in (tmp_path / "bare.csv").read_text()
    assert asked[0][2] == "over_time.csv"
    assert "JSON" not in asked[0][3]
    failed = [record.message for record in notification_manager.records[-2:]]
    assert failed[0].startswith("k.csv was not saved: ")
    assert failed[1].startswith("k.json: curves over time or depth are saved as .csv")
    dock._footer.figure_button.click()
    (dialog,) = dock.findChildren(FigureDialog)
    assert "Time [s]" in dialog._svg
    assert "at 760 nm" in dialog._svg
    assert "Wavelength" not in dialog._svg
    session.set_options(over="wavelength")
    qtbot.waitUntil(lambda: "JSON" in dock._footer.file_filters(), timeout=5000)
