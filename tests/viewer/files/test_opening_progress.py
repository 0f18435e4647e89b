"""Opening that takes long shows how far it is and can be cancelled; the session keeps what it had."""

import threading
import time

import h5py
import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel

from napari_udt.errors import TransferCancelled
from napari_udt.reconstruction import beamforming
from napari_udt.viewer.files import opening
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.files.widgets.opening_progress import OpeningProgress
from napari_udt.viewer.napari_adapter import viewer_widget
from napari_udt.viewer.state.session import Session


@pytest.fixture
def raw(tmp_path, monkeypatch):
    monkeypatch.setattr(beamforming, "PIXELS_AT_ONCE", 10)
    angles = np.linspace(0.5, 2.5, 8)
    path = tmp_path / "raw.hdf5"
    with h5py.File(path, "w") as file:
        file["raw_data"] = np.zeros((1, 2, 8, 60))
        file["raw_data"].attrs.update({"fs": 4e7, "speedofsound": 1500.0})
        file["GEOMETRY"] = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * 1e-3
        file["wavelengths"] = [700.0, 800.0]
    return path


def test_the_bar_follows_and_goes(qtbot, raw):
    progress, session = OpeningProgress(), Session()
    seen = []

    def follow(done, total):
        progress(done, total)
        seen.append(progress._dialog is not None and progress._dialog.value())

    assert open_files(session, [raw], follow) == []
    assert len(session) == 1
    assert seen[:3] == [1, 2, 3]
    assert seen[-1] is False


def test_cancelling_opens_nothing_and_says_so(qtbot, raw):
    progress, session = OpeningProgress(), Session()

    def cancel_at_third(done, total):
        if done == 3:
            progress._dialog.cancel()
        progress(done, total)

    assert open_files(session, [raw], cancel_at_third) == ["Opening was cancelled; nothing was opened."]
    assert len(session) == 0
    assert progress._dialog is None
    with pytest.raises(TransferCancelled):
        cancel_at_third_again(progress)


def cancel_at_third_again(progress):
    progress(1, 5)
    progress._dialog.cancel()
    progress(2, 5)


def test_the_files_are_named_over_the_canvas_while_they_are_opened(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=True)
    canvas = viewer_widget(viewer)
    canvas.show_welcome_screen = True
    progress = OpeningProgress(parent=canvas)
    with progress.announced([tmp_path / f"{name}.h5" for name in "abcde"]) as files:
        label = canvas.window().findChild(QLabel, "opening")
        assert label.isVisible()
        assert label.text() == "Opening a.h5, b.h5, c.h5, 2 more …"
        place = canvas.mapTo(canvas.window(), canvas.rect().topLeft())
        assert canvas.rect().translated(place).contains(label.geometry())
        assert not canvas.show_welcome_screen
        assert len(files) == 5
    assert not label.isVisible()
    assert canvas.show_welcome_screen
    with pytest.raises(ValueError, match="no"), progress.announced(["a.h5"]):
        raise ValueError("no")
    assert canvas.show_welcome_screen


def test_the_window_lives_while_a_file_is_slow(qtbot, raw, monkeypatch):
    progress, session = OpeningProgress(), Session()
    real, seen, ticks = opening.sniff, [], []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(progress._dialog is not None))
    timer.start(10)

    def slow(path):
        seen.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.8)
        return real(path)

    monkeypatch.setattr(opening, "sniff", slow)
    assert open_files(session, [raw], progress, wait_for=progress.wait_for) == []
    assert seen == [False]
    assert len(session) == 1
    assert False in ticks
    assert True in ticks  # the bar came
    assert progress._dialog is None


def test_a_file_that_hangs_is_given_up(qtbot, raw, monkeypatch):
    progress, session, gate = OpeningProgress(), Session(), threading.Event()
    monkeypatch.setattr(opening, "sniff", lambda _path: gate.wait())
    timer = QTimer()
    timer.timeout.connect(lambda: progress._dialog and progress._dialog.cancel())
    timer.start(50)
    try:
        problems = open_files(session, [raw], progress, wait_for=progress.wait_for)
    finally:
        gate.set()
    assert problems == ["Opening was cancelled; nothing was opened."]
    assert len(session) == 0
    assert progress._dialog is None


def test_what_fails_in_the_thread_is_raised_here(qtbot):
    with pytest.raises(ZeroDivisionError):
        OpeningProgress().wait_for(lambda report: 1 / 0)
