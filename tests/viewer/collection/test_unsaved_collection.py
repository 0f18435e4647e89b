"""Closing the window with a collection that is in no file."""

import pytest
from own_cubes import write_envi
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QMainWindow, QMessageBox, QPushButton

from napari_udt.collection.inspecting import Rules, inspect
from napari_udt.viewer.collection.open_collection import OpenCollection
from napari_udt.viewer.collection.widgets import unsaved
from napari_udt.viewer.collection.widgets.unsaved import LOSE, SAVE, CollectionGuard
from napari_udt.viewer.session.widgets import close_guard


@pytest.mark.parametrize(
    ("button", "closed", "saved"), [(LOSE, True, False), (SAVE, True, True), ("Cancel", False, False)]
)
def test_closing_with_an_unsaved_collection_asks(qtbot, monkeypatch, tmp_path, button, closed, saved):
    monkeypatch.setattr(close_guard, "closed_by_user", lambda window: True)
    file = tmp_path / "c.udt-collection.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(unsaved, "show_info", lambda text: None)
    collection, window = OpenCollection(), QMainWindow()
    path = write_envi(tmp_path / "a.hdr", 0)
    collection.add(inspect([path], Rules()), [path])
    qtbot.addWidget(window)
    CollectionGuard(collection, window)
    window.show()

    def answer():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        assert "The collection of 1 cube has changes" in box.text()
        next(b for b in box.findChildren(QPushButton) if b.text().replace("&", "") == button).click()

    QTimer.singleShot(100, answer)
    window.close()
    assert window.isVisible() == (not closed)
    assert file.exists() == collection.saved == saved
    if saved:
        window.show()
        window.close()  # without a question
        assert not window.isVisible()
    monkeypatch.setattr(close_guard, "closed_by_user", lambda window: False)
