"""The dialog for what files lack: typed and clicked as a user does, nothing held up."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QWidget

from napari_udt.viewer.files.opening import open_files
from napari_udt.viewer.files.widgets.metadata_dialog import MetadataDialog
from napari_udt.viewer.files.widgets.metadata_questions import MetadataQuestions
from napari_udt.viewer.state.session import Session


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def ask(qtbot, session):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    asker = MetadataQuestions(session, window)
    asker.keep_alive = window
    return asker


@pytest.fixture
def arrays(tmp_path):
    paths = [tmp_path / f"{name}.npy" for name in "abc"]
    for path, channels in zip(paths, (5, 5, 7), strict=True):
        np.save(path, np.random.default_rng(0).random((6, 8, channels)))
    return paths


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_typed_answer_opens_the_file(qtbot, session, ask, arrays):
    open_files(session, arrays[:1], ask=ask)
    dialog = ask.dialog
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert not dialog.ok.isEnabled()
    assert dialog.axis.currentData() == 2
    qtbot.keyClicks(dialog.wavelengths, "500-900")
    assert "6 × 8 pixels with 5 wavelengths" in dialog.preview.text()
    qtbot.keyClicks(dialog.domain, "simulated")
    click(qtbot, dialog.ok)
    (entry,) = session
    assert entry.cube.domain == "simulated"
    np.testing.assert_array_equal(entry.cube.wavelengths_nm, [500, 600, 700, 800, 900])
    assert ask.dialog is None


def test_cancel_leaves_everything_as_it_was(qtbot, session, ask, arrays):
    open_files(session, arrays[:1], ask=ask)
    qtbot.keyClicks(ask.dialog.wavelengths, "500-900")
    click(qtbot, ask.dialog.cancel)
    assert len(session) == 0
    assert ask.dialog is None
    assert not session.stated_metadata.by_path
    open_files(session, arrays[:1], ask=ask)
    assert ask.dialog is not None  # it is asked again


def test_several_files_are_asked_about_once(qtbot, session, ask, arrays):
    open_files(session, arrays, ask=ask)
    first = ask.dialog
    assert len(ask.parent().findChildren(QDialog)) == 1
    qtbot.keyClicks(first.wavelengths, "500, 600, 700, 800, 900")
    click(qtbot, first.ok)
    assert [entry.key for entry in session] == ["a", "b"]
    assert "c.npy" in ask.dialog.windowTitle() + ask.dialog._question.sentence  # 7 channels
    click(qtbot, ask.dialog.cancel)
    assert len(session) == 2


def test_an_answer_that_the_file_refuses_keeps_the_dialog(qtbot, session, ask, arrays):
    open_files(session, arrays[:1], ask=ask)
    dialog = ask.dialog
    qtbot.keyClicks(dialog.wavelengths, "500-900")
    arrays[0].unlink()
    click(qtbot, dialog.ok)
    assert dialog.isVisible()
    assert "no such file" in dialog.preview.text()
    assert len(session) == 0
    click(qtbot, dialog.cancel)


def test_closing_the_window_closes_the_dialog(qtbot, session, tmp_path, arrays):
    window = QWidget()
    asker = MetadataQuestions(session, window)
    open_files(session, arrays[:1], ask=asker)
    dialog = asker.dialog
    with qtbot.waitSignal(dialog.destroyed, timeout=2000):
        window.deleteLater()
    assert len(session) == 0


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_a_drop_on_the_window_asks_and_opens(qtbot, make_napari_viewer, arrays):
    from napari_udt.viewer.app import furnish

    window = furnish(make_napari_viewer(show=True))
    window.viewer.window._qt_viewer._qt_open([str(arrays[0])], stack=False)
    dialog = window.transfer.ask.dialog
    qtbot.keyClicks(dialog.wavelengths, "500-900")
    click(qtbot, dialog.ok)
    assert [layer.name for layer in window.viewer.layers] == ["a"]
    assert window.viewer.dims.range[0] == (500, 900, 100)


def test_naparis_own_way_asks_and_adds_layers(qtbot, make_napari_viewer, arrays):
    from napari_udt.viewer import contributions
    from napari_udt.viewer.context import context_of

    assert contributions.get_reader(str(arrays[0])) is None  # nobody could be asked
    viewer = make_napari_viewer(show=True)
    reader = contributions.get_reader(str(arrays[0]))
    assert reader(str(arrays[0])) == [(None,)]
    (dialog,) = viewer.window._qt_window.findChildren(MetadataDialog)
    qtbot.keyClicks(dialog.wavelengths, "500-900")
    click(qtbot, dialog.ok)
    assert [layer.name for layer in viewer.layers] == ["a"]
    assert len(context_of(viewer).session) == 1
