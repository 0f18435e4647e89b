"""Sessions, pins and closing in a real napari window. Needs a display (xvfb-run will do)."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_mouse import move_mouse, settled_point
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton

from napari_udt import save_cube
from napari_udt.viewer import commands, contributions
from napari_udt.viewer.app import furnish
from napari_udt.viewer.context import context_of
from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.files.session_file import save_session
from napari_udt.viewer.session.widgets import unsaved
from napari_udt.viewer.state.preferences import Preferences, apply, preferences
from napari_udt.viewer.state.session import PixelRef, Session
from napari_udt.viewer.transfer.widgets.closing import CANCEL, KEEP

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def window(make_napari_viewer):
    return furnish(make_napari_viewer(show=True))


@pytest.fixture
def saved(tmp_path, pat):
    """A session file with one cube and two pins."""
    save_cube(pat(), tmp_path / "forearm.udt.h5")
    session = Session()
    open_files(session, [tmp_path / "forearm.udt.h5"])
    session.pin(PixelRef("forearm", 9, 15), "left vein")
    session.pin(PixelRef("forearm", 17, 33))
    session.set_options(window=3)
    return save_session(session, tmp_path / "mine")


@pytest.fixture
def answer():
    """Press a button of the next question, whenever it comes; gives a list that then holds the question's text."""
    timer, asked, wanted = QTimer(), [], []

    def choose():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and box.isVisible():
            asked.append(box.text())
            next(b for b in box.findChildren(QPushButton) if b.text().replace("&", "") == wanted[0]).click()

    def prepare(text):
        wanted[:] = [text]
        timer.start(50)
        return asked

    timer.timeout.connect(choose)
    yield prepare
    timer.stop()


def start_transfer(window, pat, make_spec, slow_transfer, qtbot):
    window.context.session.add(pat())
    window.transfer._runs._transfer, window.transfer._models = slow_transfer, lambda: [make_spec()]
    window.transfer._source_chosen()
    window.transfer.start()
    qtbot.waitUntil(lambda: slow_transfer.running == 1, timeout=5000)


def close_by_hand(window):
    """Close as Ctrl+W does, without napari's own question; whether the window went."""
    main = window.viewer.window._qt_window
    main.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the fixture deletes it
    went = main.close()
    QApplication.processEvents()
    return went


def layer_of_pins(viewer, qtbot):
    """The pins' layer, which comes a moment after the curves."""
    qtbot.waitUntil(lambda: "forearm · pins" in viewer.layers, timeout=5000)
    return viewer.layers["forearm · pins"]


def test_a_dropped_session_file_opens(window, saved, qtbot):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(saved))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    canvas = window.viewer.window._qt_viewer.canvas.native
    QApplication.sendEvent(canvas, QDragEnterEvent(QPoint(20, 20), *how))
    QApplication.sendEvent(canvas, QDropEvent(QPointF(20, 20), *how))
    assert [pin.title for pin in window.context.session.pins] == ["left vein", "2"]
    assert window.context.session.options.window == 3
    assert len(layer_of_pins(window.viewer, qtbot).data) == 2


def test_naparis_reader_opens_a_session_in_the_window(make_napari_viewer, saved):
    viewer = make_napari_viewer()
    reader = contributions.get_reader(str(saved))
    assert reader(str(saved)) == [(None,)]
    assert len(context_of(viewer).session.pins) == 2


def test_a_pin_is_dragged_and_deleted_with_mouse_and_keys(window, pat, qtbot):
    session = window.context.session
    session.add(pat())
    session.pin(PixelRef("forearm", 9, 15))
    session.pin(PixelRef("forearm", 20, 40))
    layer = layer_of_pins(window.viewer, qtbot)
    window.viewer.layers.selection.active = layer
    layer.mode = "select"
    canvas = window.viewer.window._qt_viewer.canvas.native
    start, end = (settled_point(window, PixelRef("forearm", *place)) for place in ((9, 15), (25, 50)))
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    move_mouse(window, start)
    QTest.mousePress(canvas, left, none, start)
    for share in (0.3, 0.6, 1.0):
        move_mouse(window, start + (end - start) * share)
    QTest.mouseRelease(canvas, left, none, end)
    QApplication.processEvents()
    assert [(p.pixel.row, p.pixel.column) for p in session.pins] == [(25, 50), (20, 40)]
    assert session.history.undo_title == "Move a pin"
    assert layer.selected_data == {0}
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    QApplication.processEvents()
    assert [p.number for p in session.pins] == [2]
    window.viewer.layers.selection.active = window.viewer.layers["forearm"]
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [p.number for p in session.pins] == [1, 2]
    QTest.keyClick(
        canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert [p.number for p in session.pins] == [2]


def test_closing_by_hand_asks_and_keeps_running(window, pat, make_spec, slow_transfer, qtbot, answer):
    start_transfer(window, pat, make_spec, slow_transfer, qtbot)
    asked = answer(KEEP)
    assert not close_by_hand(window)
    assert "forearm is still being transferred" in asked[0]
    assert window.viewer.window._qt_window.isVisible()
    assert window.transfer.running
    slow_transfer.gate.set()
    qtbot.waitUntil(lambda: len(window.context.session) == 2, timeout=5000)
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=5000)


def test_closing_by_hand_may_cancel(window, pat, make_spec, slow_transfer, qtbot, answer):
    start_transfer(window, pat, make_spec, slow_transfer, qtbot)
    asked = answer(CANCEL)
    assert close_by_hand(window)
    assert asked
    qtbot.waitUntil(lambda: not slow_transfer.running, timeout=5000)


def test_choices_of_the_transfer_dock_come_back(window, pat, make_spec, tmp_path):
    save_cube(pat(), tmp_path / "forearm.udt.h5")
    specs = [make_spec("pat-small"), make_spec("pat-other")]
    window.transfer._models = lambda: specs
    open_files(window.context.session, [tmp_path / "forearm.udt.h5"])
    dock = window.transfer
    dock.model.value, dock.direction.value, dock.condition.value = specs[1], "real2sim", "vein"
    path = save_session(window.context.session, tmp_path / "mine")
    dock.model.value, dock.direction.value = specs[0], "sim2real"
    window.context.session.remove("forearm")
    contributions.read_sessions(str(path))
    assert (dock.source.value, dock.model.value, dock.direction.value, dock.condition.value) == (
        "forearm",
        specs[1],
        "real2sim",
        "vein",
    )


def test_a_script_is_asked_of_the_selected_cube_and_closing_without_a_run_asks_nothing(window, pat, answer):
    window.context.session.add(pat())
    asked = answer(KEEP)
    notification_manager.records.clear()
    commands.copy_script(window.viewer)
    assert "not the result of a transfer" in notification_manager.records[-1].message
    notification_manager.records.clear()
    assert close_by_hand(window)
    assert not asked


def test_preferences_hold_for_new_sessions(monkeypatch):
    session = Session()
    monkeypatch.setattr("napari_udt.io.contract._preferred_limit_mb", 512.0)
    apply(Preferences(device="cpu", memory_limit_mb=7, window=5, spread="quantiles", hover=False), session)
    from napari_udt.io.contract import ReadOptions

    assert (session.options.window, session.options.spread, session.options.hover) == (5, "quantiles", False)
    assert session.settings["transfer"] == {"device": "cpu"}
    assert ReadOptions().memory_limit_bytes == 7_000_000
    monkeypatch.setenv("NAPARI_UDT_MEMORY_MB", "9")
    assert ReadOptions().memory_limit_bytes == 9_000_000


def test_preferences_come_from_the_manifest(npe2pm, monkeypatch, tmp_path):
    from pathlib import Path

    import napari.settings
    from npe2 import PluginManifest

    import napari_udt

    npe2pm.register(PluginManifest.from_file(Path(napari_udt.__file__).with_name("napari.yaml")))
    monkeypatch.setattr(napari.settings, "_PLUGIN_SETTINGS", {})
    # napari keeps them in a file beside its own settings; the path holds for the first call
    stored = napari.settings.get_plugin_settings("napari-udt", path_dir=tmp_path)
    assert preferences() == Preferences()
    stored.viewer.window = 5
    stored.viewer.device = "cpu"
    assert preferences() == Preferences(window=5, device="cpu")
    with pytest.raises(ValueError, match="enum"):
        stored.viewer.window = 4


def test_pins_do_not_outlive_their_window(make_napari_viewer, saved, qtbot):
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    context = furnish(viewer).context
    open_files(context.session, [saved])
    context.session.remove("forearm")
    context.session.history.undo()
    np.testing.assert_array_equal(layer_of_pins(viewer, qtbot).data, [[9, 15], [17, 33]])
    qtbot.wait(100)
    del context
    viewer.close()


def test_closing_by_hand_asks_about_results_that_are_in_no_file(
    window, pat, transferred, monkeypatch, answer, tmp_path
):
    monkeypatch.setattr(unsaved, "ask_and_save", lambda *a: False)  # the user cancels the dialog for the name
    session = window.context.session
    session.add(pat())
    session.add(transferred(pat(), name="moved"))
    for word in ("Cancel", unsaved.SAVE):
        asked = answer(word)
        assert not close_by_hand(window)
    assert asked == ["1 result is in no file yet: moved."] * 2
    save_session(session, tmp_path / "s")
    session.add(transferred(pat(), name="another"))
    answer(unsaved.LOSE)
    assert close_by_hand(window)
    assert asked[2:] == ["1 result is in no file yet: another."]
